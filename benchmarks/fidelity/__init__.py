"""Measure the fidelity of synthetic tables."""
