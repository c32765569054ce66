"""WSGI middleware around the application of the record store."""
