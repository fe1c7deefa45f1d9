"""Stands for PyTorch in the environment of CT2."""
