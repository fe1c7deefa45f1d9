"""How long every method takes on this machine."""
