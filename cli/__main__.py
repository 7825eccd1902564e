"""Run the command as ``python -m ganaug_cli``, which is how torchrun starts it."""

from .main import main

if __name__ == "__main__":
    main()
