"""Benchmarks against the tools of the field, and against the wire (see docs/benchmarks.md)."""
