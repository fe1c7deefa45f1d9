"""Scores of finished pictures in folders: matched, measured, summarised, and shown."""
