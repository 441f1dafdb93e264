"""Forms as values: what a page shows and sends back, to and from what the project file would say. No Django in here."""
