"""Measure whether synthetic rows help: every method on every case, judged by every learner on unseen rows.

python -m benchmarks.gain low-data --data FOLDER --jobs 2 --output low-data.json
python -m benchmarks.gain --summary low-data.json
python -m benchmarks.gain --compare old.json low-data.json
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..shared.command import add_output, add_summary, finish, run_jobs, use_one_thread
from ..shared.data import load_table
from ..shared.ledger import Ledger, describe_environment, read_results
from .cases import SUITES, Case
from .compare import compare_results
from .judge import Job, judge_case
from .learners import LEARNERS, METRICS
from .methods import METHODS
from .summary import render_report

# ---- the command line ----------------------------------------------------------------------------


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line, with the defaults of the suite."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gain", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("suite", nargs="?", choices=SUITES)
    _add_cases(parser)
    _add_reports(parser)
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    wanted = [options.suite, options.summary, options.compare]
    if sum(value is not None for value in wanted) != 1:
        parser.error(f"name a suite (of {', '.join(SUITES)}), --summary or --compare")
    if options.suite is not None:
        _fill_defaults(parser, options)
    return options


def _add_cases(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--data", type=Path, help="folder with NAME.csv for every table that scikit-learn does not have")
    add("--tables", nargs="+", help="names of tables")
    add("--cuts", nargs="+", help="cuts of the tables, such as 100 or 5pct")
    add("--seeds", nargs="+", type=int, help="seeds (folds, in the suite 'tuned')")
    add("--methods", nargs="+", choices=METHODS, metavar="METHOD", help=f"of {', '.join(METHODS)}")
    add("--learners", nargs="+", choices=LEARNERS, metavar="LEARNER", help=f"of {', '.join(LEARNERS)}")
    add("--jobs", type=int, default=1, help="cases at a time, one core each (default: 1)")
    add_output(parser, "results.json")
    add("--peer-python", default=sys.executable, help="Python of the environment that CTGAN, TVAE and ARF are in")
    add("--mixed", action="store_true", help="go on with a file that another version or machine began")


def _add_reports(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_summary(parser)
    shown = ("roc_auc", "neg_log_loss", "balanced_accuracy")
    add("--metrics", nargs="+", choices=METRICS, default=shown, help="of the summary")
    ours = [name for name in METHODS if name.startswith("ganaug")]
    add("--losers", nargs="+", choices=METHODS, default=ours, metavar="METHOD", help="list the losing cells of these")
    add("--compare", type=Path, nargs=2, metavar=("OLD", "NEW"), help="exit code 1 if anything is worse or missing")
    add("--absolute", type=float, default=0.005, help="tolerated fall of a mean score (default: 0.005)")
    add("--relative", type=float, default=0.01, help="tolerated share of a mean score (default: 0.01)")


def _fill_defaults(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Set the options that were not given to the defaults of the suite."""
    suite = SUITES[options.suite]
    for name in ("tables", "cuts", "seeds", "methods", "learners"):
        setattr(options, name, tuple(getattr(options, name) or getattr(suite, name)))
    unknown = [cut for cut in options.cuts if not suite.accepts_cut(cut)]
    if unknown:
        parser.error(f"--cuts: {unknown[0]!r} is no cut of {options.suite}; its own are {', '.join(suite.cuts)}")


# ---- the run -------------------------------------------------------------------------------------


def list_cases(options: argparse.Namespace) -> list[Case]:
    """Return the selected cases, seed by seed, so that a part of a run has all tables and cuts."""
    product = itertools.product(options.seeds, options.cuts, options.tables)
    return [Case(options.suite, table, cut, seed) for seed, cut, table in product]


def plan_jobs(options: argparse.Namespace, ledger: Ledger) -> Iterator[Job]:
    """Yield one job for each unfinished case."""
    for case in list_cases(options):
        methods = {name: ledger.list_missing_learners(case, name, options.learners) for name in options.methods}
        todo = {name: learners for name, learners in methods.items() if learners}
        if todo and not ledger.is_excluded(case):
            yield Job(case, todo, options.data, options.peer_python)


def run(options: argparse.Namespace) -> list[str]:
    """Run the unfinished cases, write each as soon as it is finished, and return the errors of this run's cases."""
    use_one_thread()
    for table in options.tables:  # an absent or foreign file fails here, before any work
        load_table(table, options.data)
    ledger = Ledger(options.output, options.suite, describe_environment(options), mixed=options.mixed)
    todo = list(plan_jobs(options, ledger))
    for done, (_, result) in enumerate(run_jobs(judge_case, todo, options.jobs), start=1):
        ledger.add(result)
        print(f"[{done}/{len(todo)}] {result.id}: {result.format_summary()}", file=sys.stderr, flush=True)
    return ledger.list_errors(list_cases(options), options.methods)


# ---- the command ---------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a suite, or show or compare results; exit code 1 if anything failed or is worse."""
    options = parse(arguments)
    if options.summary is not None:
        finish(lambda: (_summarize_files(options), []))
    elif options.compare is not None:
        finish(lambda: _compare_files(options))
    else:
        finish(lambda: ("", run(options)))


def _summarize_files(options: argparse.Namespace) -> str:
    return "\n".join(render_report(read_results(path), options.metrics, options.losers) for path in options.summary)


def _compare_files(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Return the comparison as text, and a failure if the new results are worse."""
    old, new = map(read_results, options.compare)
    lines, accepted = compare_results(old, new, options.absolute, options.relative)
    text = "\n".join(lines or ["nothing is worse"])
    return (text, []) if accepted else (text, ["the new results are worse"])
