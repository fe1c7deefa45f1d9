"""Simulated raters with known opinions, and the number of raters that a study needs."""
