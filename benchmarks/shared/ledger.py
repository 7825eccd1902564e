"""Keep the results of a run in one JSON file: versions, machine and every finished case, but no times."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from .cases import CaseResult, Identified
from .protocol import BenchmarkError, digest_source, write_atomically
from .tables import run_peer

FORMAT = 1
PROTOCOL = 2  # raise it when a measure, a cut or a control changes: no old number is then taken for a new one
PACKAGES = ("ganaug", "torch", "scikit-learn", "imbalanced-learn", "numpy", "pandas", "scipy")
PEERS = ("ctgan", "tvae", "arf", "tabular_argn", "nrgboost")


def describe_environment(options: argparse.Namespace) -> dict[str, Any]:
    """Return the versions and the machine that results depend on."""
    versions = {name: metadata.version(name) for name in PACKAGES}
    found: dict[str, Any] = {
        "protocol": PROTOCOL,
        "versions": versions | {"python": platform.python_version()},
        "source": digest_source(),
        "machine": {"system": platform.system(), "architecture": platform.machine(), "processors": os.cpu_count()},
        "threads": 1,
    }
    if set(options.methods) & set(PEERS):
        found["peers"] = json.loads(run_peer(options.peer_python, "--versions", "gain.peer", "the peer"))
    return found


class Ledger:
    """Finished cases, written as a whole after each; what failed is tried again by the next run.

    Parameters
    ----------
    path : Path
        Read if it exists.
    suite : str
    environment : dict
        From `describe_environment`.
    mixed : bool
        Whether a file may hold results of several environments; each record then says which of them it is from.

    Raises
    ------
    BenchmarkError
        The file is foreign, of another suite or of another environment.
    """

    def __init__(self, path: Path, suite: str, environment: dict[str, Any], *, mixed: bool = False):
        if not path.parent.is_dir():
            raise BenchmarkError(f"{path.parent} is not a folder: make it first, or name another --output.")
        self._path = path
        self._content: dict[str, Any] = {"format": FORMAT, "suite": suite, "environments": [], "cases": {}}
        if path.exists():
            self._content = read_results(path)
        if self._content["suite"] != suite:
            raise BenchmarkError(f"{path} holds the suite {self._content['suite']!r}: name another --output.")
        self._environment = self._place_environment(environment, mixed)

    def _place_environment(self, environment: dict[str, Any], mixed: bool) -> int:
        known: list[dict[str, Any]] = self._content["environments"]
        if environment in known:
            return known.index(environment)
        if known and not mixed:
            odd = sorted(key for key in environment | known[-1] if environment.get(key) != known[-1].get(key))
            raise BenchmarkError(
                f"{self._path} was measured with another {' and '.join(odd)}: name another --output, or go on all the "
                "same with --mixed."
            )
        known.append(environment)
        return len(known) - 1

    def list_missing_learners(self, case: Identified, method: str, learners: Sequence[str]) -> list[str]:
        """Return the learners with which the method has no result, or only an error."""
        entry = self._content["cases"].get(case.id, {})
        done = {r["learner"] for r in entry.get("records", []) if r["method"] == method and "error" not in r}
        return [name for name in learners if name not in done]

    def list_records(self, case: Identified) -> list[dict[str, Any]]:
        """Return the records of a case."""
        return list(self._content["cases"].get(case.id, {}).get("records", []))

    def is_excluded(self, case: Identified) -> bool:
        """Return whether the table does not allow the case."""
        return "excluded" in self._content["cases"].get(case.id, {})

    def add(self, judged: CaseResult) -> None:
        """Keep the result of a case, in place of old records of the same methods and learners."""
        cases = self._content["cases"]
        if judged.excluded:
            cases[judged.id] = {**judged.facts, "excluded": judged.excluded}
        else:
            new = {(r["method"], r["learner"]): {**r, "environment": self._environment} for r in judged.records}
            old = {(r["method"], r["learner"]): r for r in cases.get(judged.id, {}).get("records", [])}
            cases[judged.id] = {**judged.facts, "records": [r for _, r in sorted((old | new).items())]}
        self._content["cases"] = dict(sorted(cases.items()))
        write_atomically(self._path, format_results(self._content))

    def list_errors(self, cases: Sequence[Identified], methods: Sequence[str]) -> list[str]:
        """Return one line for each failure of `methods` in `cases`."""
        wanted = {case.id for case in cases}
        return [line for case, method, line in list_failures(self._content) if case in wanted and method in methods]


def read_results(path: Path) -> dict[str, Any]:
    """Return the content of a results file.

    Raises
    ------
    BenchmarkError
        It cannot be read, or is not such a file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchmarkError(f"{path} cannot be read ({error.strerror}).") from None
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("cases"), dict):
        raise BenchmarkError(f"{path} is not a results file of benchmarks.gain (format {FORMAT}): name another file.")
    return content


def list_failures(content: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return case, method and a line for every failure; learners with the same error share a line."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for case, entry in content["cases"].items():
        for record in entry.get("records", []):
            if "error" in record:
                alike.setdefault((case, record["method"], record["error"]), []).append(record["learner"])
    return [
        (case, method, f"{case}, {method}, {' '.join(learners)}: {error}")
        for (case, method, error), learners in alike.items()
    ]


def format_results(content: dict[str, Any]) -> str:
    """Return JSON with one line for each record, so that two runs can be compared by eye."""
    head = {key: value for key, value in content.items() if key != "cases"}
    head_lines = json.dumps(head, indent=1, allow_nan=False)[:-2] + ',\n "cases": {\n'
    entries = [f"  {json.dumps(case)}: {_format_entry(entry)}" for case, entry in content["cases"].items()]
    return head_lines + ",\n".join(entries) + "\n }\n}\n"


def _format_entry(entry: dict[str, Any]) -> str:
    facts = json.dumps({key: value for key, value in entry.items() if key != "records"}, allow_nan=False)
    records = ["   " + json.dumps(_round_scores(record), allow_nan=False) for record in entry.get("records", [])]
    return facts[:-1] + (', "records": [\n' + ",\n".join(records) + "\n  ]" if records else "") + "}"


def _round_scores(record: dict[str, Any]) -> dict[str, Any]:
    if "scores" not in record:
        return record
    return {**record, "scores": {metric: round(score, 6) for metric, score in record["scores"].items()}}
