"""Connections, models, syncs and runs under their numbers, page by page: what programs ask for."""
