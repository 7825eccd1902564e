"""``python -m benchmarks.trials``."""

from .command import main

if __name__ == "__main__":
    main()
