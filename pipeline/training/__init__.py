"""How a network is trained: what decides its weights, the loop, and what is written of it."""
