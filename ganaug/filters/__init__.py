"""Weigh candidates by density ratio, by agreement with the label, and by raking of single columns."""

from .judges import FILTERS, Candidates, Filter, Judge, Samples, draw_candidates, set_strengths, sum_log_weights

__all__ = ["FILTERS", "Candidates", "Filter", "Judge", "Samples", "draw_candidates", "set_strengths", "sum_log_weights"]
