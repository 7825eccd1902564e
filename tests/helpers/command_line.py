"""What tests of the command line share: a table file, quick options, and a call of the command."""

from __future__ import annotations

from click.testing import CliRunner
from toy_table import make_toy_table

from ganaug import read_table
from ganaug_cli.main import cli

QUICK = ["--max-steps", "5", "--filters", "none"]


def make_file(path, n=80):
    """A table with an identifier, the label in the middle and a column worth excluding; as text, and as read."""
    X, y = make_toy_table(n)
    table = X.assign(plan=X["plan"].astype(str), comment=[f"call {i % 7}" for i in range(n)])
    table.insert(0, "id", [f"C{i:05d}" for i in range(n)])
    table.insert(3, "churn", y)
    table.to_csv(path, index=False)
    return read_table(path)


def run(*args, code=0, stdin=None):
    result = CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin)
    assert result.exit_code == code, result.output
    return result
