"""Run the benchmark: ``python -m benchmarks.image_quality``."""

from .command import main

main()
