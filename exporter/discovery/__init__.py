"""Targets that are discovered: places are looked at again and again, and the last good list of each holds."""
