"""Command line of ganaug; installed as ``ganaug_cli``."""

if __name__ == "cli":
    raise ImportError("import 'ganaug_cli' (pip install -e .), not 'cli'")
