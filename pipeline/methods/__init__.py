"""What turns a grey photograph into a colour photograph: networks, references, folders and programs."""
