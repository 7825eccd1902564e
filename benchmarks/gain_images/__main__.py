"""Run the benchmark: ``python -m benchmarks.gain_images``."""

from .command import main

main()
