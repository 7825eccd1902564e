"""Benchmark of how faithful synthetic tables are; the command is `benchmarks.fidelity_tables`."""
