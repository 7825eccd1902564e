"""Measure the quality of synthetic images against the seconds of training."""
