"""Stands for its distributed part."""
