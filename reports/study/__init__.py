"""The human study: from ratings to tables and figures."""
