"""What leaves a study: answers, their codebook, screening and counts."""
