"""Measures of a colorization against its original, each with a named convention."""
