"""What is fixed before any result is seen: measures, comparisons, order, claims and published values."""
