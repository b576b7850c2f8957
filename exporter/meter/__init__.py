"""The meter: a process of its own for what must be timed to the microsecond.

Nothing else runs there, so nothing can hold it up: no rendering, no logins, no garbage of others, no lock
of an interpreter. The daemon sends it orders and gets readings back.
"""
