"""Run the benchmark: ``python -m benchmarks.gpu``."""

from .command import main

main()
