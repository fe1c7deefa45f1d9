"""The ledger of the claims of the paper: evidence and verdicts."""
