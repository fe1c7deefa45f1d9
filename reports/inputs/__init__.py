"""What the other stages left for the report, read and checked."""
