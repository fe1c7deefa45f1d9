"""Simulated raters: what they think, how they click, and how many of them a study needs."""
