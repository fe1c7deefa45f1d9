"""Joint bilateral upsampling (equations 4 and 5 of the paper), on processors and GPUs."""
