"""Measure what image classifiers gain from synthetic images."""
