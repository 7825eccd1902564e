"""How close a training step is to what the machine can do: arithmetic, bytes, times, and where they go."""
