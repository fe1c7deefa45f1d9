"""Where photographs and masks come from."""
