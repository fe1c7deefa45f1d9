"""How good the statistics of preferences are, on studies whose truth is known."""
