"""All that needs a GPU, packed into one command for a machine that is there for a quarter of an hour."""
