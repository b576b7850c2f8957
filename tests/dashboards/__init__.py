"""What the dashboards show: a story that is scraped, and every query of theirs asked of it."""
