"""How many volunteers find which difference, by simulated studies, and how many a stopping rule needs."""
