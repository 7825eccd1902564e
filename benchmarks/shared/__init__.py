"""Define what several benchmarks share."""
