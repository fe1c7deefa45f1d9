"""Colour science: CIE Lab, the gamut of sRGB, and the bins of colour classification."""
