"""What was seen of one target, reduced to facts: one file for each side it is looked at from."""
