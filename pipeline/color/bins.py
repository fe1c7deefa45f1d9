"""The 313 colour bins of Zhang et al. (ECCV 2016), as their published file has them."""

import torch

# The bins stand on the grid points, 10 apart, at the corners of every 10 x 10 cell that holds an 8-bit sRGB colour, and
# on four more: (40, 90), (100, -90), (100, -10) and (100, 0). Each row is a, and the first and the last b of its bins.
STEP = 10
_ROWS = (
    (-90, 50, 90), (-80, 20, 90), (-70, 0, 90), (-60, -20, 90), (-50, -30, 100), (-40, -40, 100), (-30, -50, 100),
    (-20, -50, 100), (-10, -60, 100), (0, -70, 100), (10, -80, 90), (20, -80, 90), (30, -90, 90), (40, -100, 90),
    (50, -100, 80), (60, -110, 80), (70, -110, 80), (80, -110, 70), (90, -110, 70), (100, -90, 0),
)  # fmt: skip
BINS = torch.tensor([(a, b) for a, first, last in _ROWS for b in range(first, last + 1, STEP)], dtype=torch.float32)
Q = len(BINS)
SIGMA = 5.0  # of the Gaussian in soft-encoding and smoothing, in units of ab (Zhang et al., sections 2.1 and 2.2)
REACH = 128.0  # encode's ab are clamped to this square, which holds all of sRGB and all of 8-bit Lab
RADIUS = 13  # grid points on either side of 0 that are nearest to some colour of the square
