"""The path to one host: where to, the rounds, what they add up to, and what is said of it."""
