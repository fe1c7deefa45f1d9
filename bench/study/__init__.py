"""The human study under load, under kill -9, and how fast it serves pictures."""
