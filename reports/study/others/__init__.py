"""Somebody else's ratings: any long table of raters, pictures, criteria and values, read and analysed as a study."""
