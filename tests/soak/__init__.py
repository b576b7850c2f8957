"""Long looks at what must stay so for hours."""
