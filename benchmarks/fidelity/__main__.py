"""Run the benchmark: ``python -m benchmarks.fidelity``."""

from .command import main

main()
