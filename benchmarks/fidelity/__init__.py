"""Benchmark of how faithful synthetic tables are."""
