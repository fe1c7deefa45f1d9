"""Methods, which turn grey photographs into colour photographs: networks, references, folders and programs."""
