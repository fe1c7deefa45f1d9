"""Packs: photographs decoded and resized once, and the training examples made of them."""
