"""The configuration: what it says about mistakes, and what it means."""
