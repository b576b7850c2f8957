"""Targets that are discovered, from real files, servers and name servers."""
