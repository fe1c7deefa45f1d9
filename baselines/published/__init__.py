"""Readers of the weights that the authors of the baselines published: PyTorch, HDF5 and Torch7 files."""
