"""How work is done: devices, processes, threads, checkpoints and resuming."""
