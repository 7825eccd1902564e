"""Benchmark of what image classifiers gain."""
