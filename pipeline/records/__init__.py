"""What crosses stages: rows, manifests, ratings and archives of pictures."""
