"""The network of "Pixel-level Semantics Guided Image Colorization" (BMVC 2018), its losses, segmenters, and weights."""
