"""Measures of a colorization against its original, each a pure function with a named convention."""
