"""From photographs to colorizations and scores: the data, the paper's network, and the stages."""
