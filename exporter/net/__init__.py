"""Sockets: waiting under a deadline, resolving, dialling, TLS, and what the kernel knows of a connection."""
