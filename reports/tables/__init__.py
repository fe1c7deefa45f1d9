"""The tables of the report: numbers, words and formats."""
