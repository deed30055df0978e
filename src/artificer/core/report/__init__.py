"""The report: one HTML file that needs nothing else, made from records and arrays; no statistics and no frames here."""
