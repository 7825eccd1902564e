"""What users bring, whatever its kind: dtypes, rows, labels, checks, and the items of data sets."""
