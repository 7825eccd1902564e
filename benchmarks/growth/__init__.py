"""Measure how fit time, memory and sampling speed grow with rows and columns."""
