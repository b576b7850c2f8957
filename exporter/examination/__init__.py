"""One target, looked at from all sides for a few minutes: why do its connections drop, and what to set."""
