"""The study over HTTP, and what keeps it safe."""
