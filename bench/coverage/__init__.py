"""How often intervals of the human study's other protocols hold the truth."""
