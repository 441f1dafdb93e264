"""Pages, API and worker as one program: the addresses, the application, the server."""
