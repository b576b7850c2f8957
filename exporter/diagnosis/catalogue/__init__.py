"""The causes, one entry each: what they are, how they look, what tells them apart, what to do."""
