"""Run the benchmark: ``python -m benchmarks.loaders``."""

from .command import main

if __name__ == "__main__":  # spawned workers import it, too
    main()
