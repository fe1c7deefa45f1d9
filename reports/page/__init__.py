"""The report as one page, and what a paper takes over from it."""
