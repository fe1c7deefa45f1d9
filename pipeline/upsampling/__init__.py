"""Joint bilateral upsampling (equations 4 and 5 of the paper) on CPUs and GPUs."""
