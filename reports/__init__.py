"""From scores to what people read: statistics, tables, figures and the HTML report."""
