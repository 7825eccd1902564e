"""Benchmark of what image classifiers gain; the command is `benchmarks.gain_images`."""
