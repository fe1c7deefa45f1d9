"""Colour science: CIE Lab, the gamut of sRGB, the bins of colour classification, and 8-bit composition."""
