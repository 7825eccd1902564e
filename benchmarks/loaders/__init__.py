"""Measure the synthetic share of the batches of loaders of every kind."""
