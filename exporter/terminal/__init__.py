"""What people see at a terminal: progress while something is looked at, and what came of it."""
