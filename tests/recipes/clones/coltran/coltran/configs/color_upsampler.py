"""Stands for a configuration of ColTran's: which network it is of."""

NAME = "color_upsampler"
