"""The methods that the paper is compared with."""
