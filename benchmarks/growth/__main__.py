"""Run the benchmark: ``python -m benchmarks.growth``."""

from .command import main

main()
