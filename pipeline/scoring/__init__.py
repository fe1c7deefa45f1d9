"""What is measured of every picture of a method."""
