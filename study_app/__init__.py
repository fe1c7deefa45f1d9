"""The human study: its design, storage, pages, export and simulated raters."""
