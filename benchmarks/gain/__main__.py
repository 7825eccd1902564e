"""Run the benchmark: ``python -m benchmarks.gain``."""

from .command import main

main()
