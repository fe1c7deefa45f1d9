"""Datasets: photographs, masks and splits, from downloads, folders or a painter."""
