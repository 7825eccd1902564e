"""Group finished cases: for each table and model the newest results, one for each seed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .models import MODELS, PEERS

Entry = dict[str, Any]  # with its key and result, as they are in a file


@dataclass(frozen=True)
class Measure:
    """One figure of a result.

    Attributes
    ----------
    heading, field, form : str
        Its heading, its name in results, and its format.
    factor : float
        Factor by which it is multiplied in tables.
    best : float, optional
        The best value; None for costs, which are not judged. Below 0.5, a C2ST does not count as better or worse,
        since it indicates copies.
    """

    heading: str
    field: str
    form: str
    factor: float = 1
    best: float | None = None

    def compute_distance(self, value: float) -> float:
        """Return how far a value is from the best."""
        assert self.best is not None  # noqa: S101 - costs have no distance
        return max(value - self.best, 0.0) if self.best == 0.5 else abs(value - self.best)


AUC = Measure("AUC", "auc", ".3f", best=1)
MACRO_F1 = Measure("macro-F1", "macro_f1", ".3f", best=1)
MINORITY_F1 = Measure("minority F1", "minority_f1", ".3f", best=1)
SHAPE = Measure("Shape error %", "shape_error", ".2f", 100, best=0)
PAIR = Measure("pair error %", "pair_error", ".2f", 100, best=0)
C2ST = Measure("C2ST", "c2st_auc", ".3f", best=0.5)
COPIES = Measure("copies %", "copied_share", ".1f", 100)
PROCESSOR = Measure("fit, CPU s", "fit_cpu_seconds", ".0f")
QUALITY = (
    AUC,
    MACRO_F1,
    MINORITY_F1,
    SHAPE,
    PAIR,
    C2ST,
    Measure("alpha-precision %", "alpha_precision", ".1f", 100, best=1),
    Measure("beta-recall %", "beta_recall", ".1f", 100, best=1),
    Measure("nearer to training %", "nearer_share", ".1f", 100, best=0.5),
    COPIES,
)
PRECISION = Measure("average precision", "average_precision", ".3f", best=1)
RARE = (
    MINORITY_F1,
    PRECISION,
    AUC,
    Measure("rare rows", "made_rare_rows", ".0f"),
    Measure("copies among them %", "rare_copied", ".1f", 100),
)
COSTS = (
    Measure("fit s", "fit_seconds", ".1f"),
    Measure("fit CPU s", "fit_cpu_seconds", ".1f"),
    Measure("sample s", "sample_seconds", ".1f"),
    Measure("rows/s", "rows_per_second", ",.0f"),
    Measure("peak MiB", "peak_memory_mib", ".0f"),
)


@dataclass
class Line:
    """Results of one model on one table.

    Attributes
    ----------
    quality, costs : list of dict
        Results with such figures, one for each seed, all of the newest version.
    """

    quality: list[Entry] = field(default_factory=list)
    costs: list[Entry] = field(default_factory=list)

    def list_values(self, measure: Measure) -> list[float]:
        """Return the figure of every seed that has it."""
        side = self.costs if measure in COSTS else self.quality
        found = [entry["result"].get(measure.field) for entry in side]
        return [value for value in found if value is not None]

    @property
    def notes(self) -> list[str]:
        """Notes on the results, each once."""
        texts = [note for entry in [*self.quality, *self.costs] for note in entry["result"].get("notes", [])]
        return list(dict.fromkeys(texts))


@dataclass
class Board:
    """The models on one table, or on one of its cuts.

    Attributes
    ----------
    name : str
    rows : int
        Training rows.
    is_rare : bool
    lines : dict of str to Line
    excluded : str
        Why nothing was measured.
    ratios : dict of (str, str) to list of float
        Ratios of the processor seconds of a fit of CTGAN and of TabularARGN to those of each line of ganaug, by peer
        and line: one for each seed that one run measured both with, and each pair that it measured together.
    """

    name: str
    rows: int = 0
    is_rare: bool = False
    lines: dict[str, Line] = field(default_factory=dict)
    excluded: str = ""
    ratios: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures of quality."""
        return RARE if self.is_rare else QUALITY

    @property
    def own(self) -> list[str]:
        """The lines of ganaug: with its defaults, and with other settings."""
        return [model for model in self.lines if model.split()[0] == "ganaug"]


def make_boards(entries: Iterable[Entry]) -> list[Board]:
    """Return one board for each table and cut, in the order of their names."""
    of_board: dict[str, list[Entry]] = {}
    for entry in entries:
        of_board.setdefault(_format_heading(entry["key"]), []).append(entry)
    return [_make_board(name, found) for name, found in sorted(of_board.items())]


def _format_heading(key: dict[str, Any]) -> str:
    rare = f" at {100 * key['share']:g} %" if key.get("share") else ""
    small = ", a trial run" if key["small"] else ""
    rows = f", cut to {key['rows']:,} rows" if key.get("rows") else ""
    return f"{key['table']}{rare}{rows}{small}"


def _make_board(name: str, entries: list[Entry]) -> Board:
    board = Board(name, is_rare=bool(entries[0]["key"].get("share")))
    reasons = [entry["result"]["excluded"] for entry in entries if "excluded" in entry["result"]]
    board.excluded = reasons[-1] if reasons else ""
    of_model: dict[str, list[Entry]] = {}
    for entry in entries:
        if "excluded" not in entry["result"]:
            of_model.setdefault(format_label(entry["key"]), []).append(entry)
    for model in sorted(of_model, key=lambda m: (MODELS.index(m.split()[0]), m)):
        found = of_model[model]
        board.lines[model] = Line(
            _select_newest([e for e in found if "auc" in e["result"] or "shape_error" in e["result"]]),
            _select_newest([e for e in found if "fit_seconds" in e["result"] and not e["key"]["one_core"]]),
        )
        board.rows = board.rows or found[-1]["result"]["train_rows"]
    board.ratios = {
        (peer, own): values
        for peer, token in (("ctgan", "pair"), ("tabular_argn", "run"))
        for own in board.own
        if (values := _compute_ratios(of_model.get(peer, []), of_model[own], token))
    }
    return board


def format_label(key: dict[str, Any]) -> str:
    """Return the name of a model with the options that differ from the defaults."""
    return f"{key['model']} {json.dumps(key['options'])}" if key["options"] else str(key["model"])


def _select_newest(entries: Sequence[Entry]) -> list[Entry]:
    """Return the last result of each seed, of the version that was measured last."""
    if not entries:
        return []

    def drop_seed(entry: Entry) -> Entry:
        return {name: value for name, value in entry["key"].items() if name != "seed"}

    of_seed = {entry["key"]["seed"]: entry for entry in entries if drop_seed(entry) == drop_seed(entries[-1])}
    return [of_seed[seed] for seed in sorted(of_seed)]


def _compute_ratios(theirs: Sequence[Entry], ours: Sequence[Entry], token: str) -> list[float]:
    """Return ratios of the processor seconds of a peer to those of ganaug, seed by seed, where `token` is the same."""
    known = _collect_seconds(theirs, token)
    return [known[key] / seconds for key, seconds in _collect_seconds(ours, token).items() if key in known]


def _collect_seconds(entries: Iterable[Entry], token: str) -> dict[tuple[int, int], float]:
    """Return the processor seconds of every result that has `token`, by token and seed, of cases that ran alone."""
    found = [(entry["key"]["seed"], entry["result"]) for entry in entries if not entry["key"]["one_core"]]
    return {(result[token], seed): result["fit_cpu_seconds"] for seed, result in found if token in result}


def format_mean(values: Sequence[float], measure: Measure) -> str:
    """Return the mean over seeds, ± the standard deviation (n - 1) where there are several."""
    if not values:
        return ""
    shown = np.asarray(values) * measure.factor
    spread = f" ± {shown.std(ddof=1):{measure.form}}" if len(shown) > 1 else ""
    return f"{shown.mean():{measure.form}}{spread}"


def find_losses(board: Board) -> tuple[list[tuple[Measure, str, str]], int]:
    """Return measure, line of ganaug and peer wherever the peer has the better mean, and the number of comparisons."""
    lost, compared = [], 0
    for measure, own, peer in itertools.product(board.measures, board.own, PEERS):
        both = [board.lines[model].list_values(measure) for model in (own, peer) if model in board.lines]
        if measure.best is None or len(both) < 2 or not all(both):
            continue
        compared += 1
        ours, theirs = (measure.compute_distance(float(np.mean(values))) for values in both)
        if ours > theirs:
            lost.append((measure, own, peer))
    return lost, compared
