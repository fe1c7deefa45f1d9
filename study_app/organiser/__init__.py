"""An organiser's first hour: a new study's file, and what is to be known of a study before it begins."""
