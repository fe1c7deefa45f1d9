"""Measures on trial: how far each agrees with people's ratings of the same pictures."""
