"""Measure whether synthetic rows help a classifier."""
