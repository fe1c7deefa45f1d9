"""The database of a study: its tables, its transactions, and the places that it gives out."""
