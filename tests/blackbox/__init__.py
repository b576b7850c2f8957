"""Looks on request."""
