"""The study as a design: its file, its trials, their order and their places."""
