"""Where photographs come from, and the packed arrays that everything else reads."""
