"""The pictures that volunteers see."""
