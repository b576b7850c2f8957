"""Sessions against real servers, and against what real servers never do."""
