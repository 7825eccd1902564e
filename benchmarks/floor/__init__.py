"""Measure how close a training step is to the limits of the machine."""
