"""Results of a study: the answers with their codebook, the screening, and the counts while it runs."""
