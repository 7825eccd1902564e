"""Run the command ``ganaug``.

Heavy packages are imported inside the commands, so that ``--help`` and wrong options are answered at once.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click

from .augment import augment
from .demo import demo
from .front import CommandGroup, debug_option
from .inspect_model import inspect_model
from .launched import check_not_launched
from .report import report
from .sample import sample
from .train import train

EXAMPLES = """\b
Examples:
  ganaug demo
  ganaug train loans.csv --target status
  ganaug sample loans.safetensors -n 1000
  ganaug augment loans.csv --target status
  ganaug report loans.csv --target status
  ganaug train digits/
  ganaug sample digits.safetensors -n 1000 -o new_digits/"""

_TERMINATED = 128 + 15


@click.group("ganaug", cls=CommandGroup, epilog=EXAMPLES, invoke_without_command=True)
@click.version_option(package_name="ganaug", prog_name="ganaug", message="%(prog)s %(version)s")
@debug_option
@click.pass_context
def cli(context: click.Context) -> None:
    """Generate synthetic rows for labelled tables, or images for folders with one sub-folder per class.

    The generator is a conditional GAN, which is trained on your data.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    elif context.invoked_subcommand != train.name:
        check_not_launched(f"ganaug {context.invoked_subcommand}")


for command in (train, sample, augment, report, inspect_model, demo):
    cli.add_command(command)


def main() -> None:
    """Run the command line of this process."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        sys.exit(_TERMINATED)  # unlike death by the signal, this cleans up

    signal.signal(signal.SIGTERM, stop)
    cli.main(prog_name="ganaug")
