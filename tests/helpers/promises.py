"""What ganaug promises, and how often each promise was tried: the pytest plugin behind ``make soak``.

A test that stands for a promise wears ``@pytest.mark.promise("name")`` with a name of `PROMISES`. It counts as one
attempt, unless it counts its own with the fixture `attempt`. The ordinary suite tries a little, ``--soak`` tries
everything: tests ask `full_length` how often. A soak takes hours, so what is done is kept in ``build/soak.json`` and
skipped when it is started again; what depends on a file that changed since is done again. At the end the table goes to
``docs/soak.md``.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "build" / "soak.json"
TABLE = ROOT / "docs" / "soak.md"
SOAKING = "GANAUG_SOAK"

PROMISES = {
    "mutated": "Model files: bits flipped, cut, spliced, headers edited: only ModelFileError, no other content",
    "crafted": "Model files: crafted to be costly, or of another kind: rejected clearly, in under 1 s and 200 MB",
    "forged": "Model files: forged with a sound checksum: refused, or what they give is samples or a sentence",
    "no code": "Model files: reading one runs nothing (audit hook)",
    "golden": "Model files: those of every format load, and newer ones are refused with 'upgrade'",
    "killed saving": "Crashes: killed (-9) while a model is saved: the file is old or new, never torn",
    "killed training": "Crashes: killed (-9) while training: resumed to the same bytes; other data, options refused",
    "full disk": "Crashes: full disk, read-only folder, no permission: the old file, one sentence, no leftovers",
    "signals": "Crashes: Ctrl-C and SIGTERM end training with 130 and 143, and a checkpoint",
    "nan": "Numbers: NaN or an explosion in training: rolled back, or a TrainingError; weights stay finite",
    "hostile numbers": "Numbers: hostile columns: samples are finite and in range, or the table is rejected clearly",
    "collapse": "Numbers: a collapsed generator is reported, a sound one is not",
    "csv": "Silent change: CSV pitfalls: read as written, or refused with line or column",
    "hard tables": "Silent change: hard tables: trained, or rejected clearly",
    "possible rows": "Silent change: every sampled cell is a value, range and dtype of training",
    "round trip": "Silent change: what is encoded comes back",
    "read back": "Silent change: what is written reads back equal",
    "spreadsheets": "Silent change: --spreadsheet-safe leaves no formula",
    "image files": "Images: allowed formats only; bombs are refused in under 1 s and 100 MB",
    "class names": "Images: no class name chooses a path, and each comes back as it was",
    "same bytes": "Determinism: the same seed gives the same bytes, in any process",
    "global state": "Determinism: global random state is neither read nor written",
    "prefix": "Determinism: fewer samples are the start of more",
    "threads": "Determinism: threads do not disturb each other",
    "memory": "Resources: memory of fit and sample is bounded",
    "growth": "Resources: fit after fit, memory, threads and open files do not grow",
    "endurance": "Resources: an hour of fits, samples, saves and loads of random tables: nothing unforeseen",
    "copies": "Privacy: near-copies are no more frequent than among held-out rows",
    "membership": "Privacy: membership inference stays near chance at defaults, and finds a memoriser",
    "canaries": "Privacy: rows planted in the training data are not reproduced",
    "no training row": "Privacy: the model file holds no training row",
    "gain": "Gain: on noise its interval covers zero, copies gain nothing, no test row gets into a fit",
    "loaders": "Loaders: the synthetic share is exact, and workers share no sample",
    "mistakes": "Command line: mistakes get one sentence and the right exit code, and nothing is overwritten",
    "conduct": "Conduct: samplers broken on purpose are all found, and ganaug's are sound",
}


def full_length(soak: int, suite: int) -> int:
    """Return how often to try something: `soak` times in a soak, `suite` times in the ordinary suite."""
    return soak if SOAKING in os.environ else suite


def examples(soak: int, suite: int) -> settings:
    """Return hypothesis settings for so many examples; drawing a table takes its time."""
    unhurried = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    return settings(max_examples=full_length(soak, suite), deadline=None, suppress_health_check=unhurried)


@pytest.fixture
def attempt(record_property: Callable[[str, object], None]) -> Callable[[int], None]:
    """A function that counts attempts: ``attempt()`` for one, ``attempt(n)`` for several."""
    record_property("counts", True)
    return lambda n=1: record_property("attempts", n)


@pytest.fixture
def finding(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """A function that adds a figure to the line of the promise: ``finding("slowest 0.2 s")``."""
    return lambda text: record_property("finding", text)


def pytest_addoption(parser):
    parser.getgroup("ganaug").addoption("--soak", action="store_true", help="try every promise at full length: hours")


def pytest_configure(config):
    config.addinivalue_line("markers", "promise(name): an attempt at a promise of tests/helpers/promises.py")
    # The suite draws the same examples each time, so that it passes or fails by the code alone; a soak draws new ones.
    settings.register_profile("suite", derandomize=True)
    if not config.getoption("--soak"):
        settings.load_profile("suite")
        return
    os.environ[SOAKING] = "1"
    config.option.markexpr = "promise"
    if not hasattr(config, "workerinput"):  # workers are told, so that all of them collect the same tests
        config.option.done_before = sorted(_read_ledger())
        config.pluginmanager.register(Ledger(), "soak ledger")


def pytest_collection_modifyitems(config, items):
    done = set(getattr(config.option, "done_before", ()))
    for item in items:
        for mark in item.iter_markers("promise"):
            assert mark.args[0] in PROMISES, f"{item.nodeid} stands for {mark.args[0]!r}, which nobody promised"
            item.user_properties.append(("promise", mark.args[0]))
    if done:
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid in done])
        items[:] = [item for item in items if item.nodeid not in done]
    if config.getoption("--soak"):  # what takes an hour starts first, and the other processes do the rest beside it
        items.sort(key=lambda item: ("promise", "endurance") not in item.user_properties)


class Ledger:
    """What became of each test, kept on disk after each."""

    def __init__(self):
        self.outcomes = _read_ledger()

    def pytest_runtest_logreport(self, report):
        facts = dict(report.user_properties)
        if "promise" not in facts or report.skipped or (report.passed and report.when != "call"):
            return
        attempts = sum(value for name, value in report.user_properties if name == "attempts")
        self.outcomes[report.nodeid] = {
            "promise": facts["promise"],
            "source": _source(report.nodeid),
            "attempts": attempts if "counts" in facts else 1,
            "failed": int(report.failed),
            "seconds": round(report.duration, 1),
            "findings": [value for name, value in report.user_properties if name == "finding"],
        }
        _write_ledger(self.outcomes)

    def pytest_terminal_summary(self, terminalreporter):
        table = "\n".join(rows_of(self.outcomes.values()))
        terminalreporter.section("promises")
        terminalreporter.write_line(table)
        if {outcome["promise"] for outcome in self.outcomes.values()} == set(PROMISES):
            TABLE.write_text(f"{HEAD}\n{table}\n", encoding="utf-8")


HEAD = """# The promises, tried

`make soak` wrote this table. *Tried* counts attempts: files, kills, tables, rows or commands, as the promise goes.
*Failed* counts tests that found one broken.
"""


def rows_of(outcomes):
    """Yield the lines of the table."""
    yield "| promise | tried | failed | minutes | found |"
    yield "|---|---:|---:|---:|---|"
    outcomes = list(outcomes)
    for name, sentence in PROMISES.items():
        own = [outcome for outcome in outcomes if outcome["promise"] == name]
        if own:
            tried, failed, seconds = (sum(o[key] for o in own) for key in ("attempts", "failed", "seconds"))
            findings = "; ".join(dict.fromkeys(text for o in own for text in o["findings"]))
            yield f"| {sentence} | {tried:,} | {failed} | {seconds / 60:.1f} | {findings} |"


def _digest(paths):
    """SHA-256 over the files, in the order of their names."""
    sha = hashlib.sha256()
    for path in sorted(paths):
        sha.update(path.read_bytes())
    return sha.hexdigest()


@functools.cache
def _product():
    """SHA-256 of what every outcome depends on: the library and the command."""
    return _digest(path for room in ("ganaug", "cli") for path in (ROOT / room).rglob("*.py"))


def _source(nodeid):
    """SHA-256 of all that the outcome of this test depends on in this repository."""
    path = ROOT / nodeid.partition("::")[0]
    return _product() + _digest(_helpers(path) | {path} if path.exists() else ())


NAMED = re.compile(r'(?:^\s*(?:from|import) |run_module\("|GOLDEN / ")(\w+)', re.MULTILINE)


@functools.cache
def _helpers(path):
    """Modules of tests/ that a test imports or runs, and those that they do."""
    tests = ROOT / "tests"
    found = {folder / "conftest.py" for folder in path.parents if folder.is_relative_to(tests)}
    found = {conftest for conftest in found if conftest.is_file()}
    unread = [path, *found]
    while unread:
        names = NAMED.findall(unread.pop().read_text(encoding="utf-8"))
        new = {other for other in tests.rglob("*.py") if other.stem in names} - found
        found |= new
        unread += new
    return frozenset(found)


def _read_ledger():
    """Return the outcomes of earlier runs that passed, of tests and sources that are the same still."""
    try:
        outcomes = json.loads(LEDGER.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {
        name: outcome
        for name, outcome in outcomes.items()
        if not outcome["failed"] and outcome["source"] == _source(name)
    }


def _write_ledger(outcomes):
    LEDGER.parent.mkdir(exist_ok=True)
    half = LEDGER.with_suffix(".half")
    half.write_text(json.dumps(outcomes, indent=1), encoding="utf-8")
    half.replace(LEDGER)
