"""Whether the documentation is true: its links lead somewhere, its commands run, its snippets are taken."""
