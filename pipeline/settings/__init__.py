"""Params, paths, files, errors and provenance: nothing here decides a result."""
