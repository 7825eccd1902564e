"""Run the benchmark: ``python -m benchmarks.floor``."""

from .command import main

main()
