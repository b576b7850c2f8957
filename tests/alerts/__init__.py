"""Alert rules: what fires, what stays silent, and what they name."""
