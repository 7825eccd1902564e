"""Measure what single parts of the generator for tables, and of its training, are worth."""
