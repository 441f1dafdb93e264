"""One file for each resource. Every route says what it takes: ``auth=allowed(Deed.…)``."""
