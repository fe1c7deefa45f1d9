"""Photographs decoded and resized once, and the training examples that come from them."""
