"""Readers of the weights that the authors of the baselines published."""
