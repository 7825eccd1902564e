"""Training on a GPU: equality with a CPU, times of a step, whole fits, and a step as one CUDA graph."""
