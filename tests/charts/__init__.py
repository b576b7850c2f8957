"""Pictures read as XML: their geometry, their words, their manners."""
