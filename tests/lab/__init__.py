"""Networks of one's own, with faults on demand, and the truth about what passed through them."""
