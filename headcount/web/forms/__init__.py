"""Forms, made from what the service declares. They keep what was typed; the service judges it."""
