"""What is stored of a study, and how."""
