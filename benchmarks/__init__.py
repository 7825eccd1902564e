"""Benchmarks of ganaug beside its peers; run from the root of the repository, never installed."""
