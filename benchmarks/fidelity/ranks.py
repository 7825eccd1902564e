"""Rank models over all tables, and find the peer with the best AUC on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .figures import AUC, C2ST, PAIR, SHAPE, Board, Line, Measure
from .models import PEERS

RANKED = (AUC, C2ST, SHAPE, PAIR)


@dataclass(frozen=True)
class Ranking:
    """Mean ranks of one line of ganaug and of its peers.

    Attributes
    ----------
    tables : list of str
        The tables that all models finished.
    missing : dict of str to list of str
        The models that each of the other tables lacks.
    means : dict of str to list of float
        For each model, one mean for each of `RANKED`; 1 is best.
    """

    tables: list[str]
    missing: dict[str, list[str]]
    means: dict[str, list[float]]


def rank_models(boards: Sequence[Board]) -> list[Ranking]:
    """Return a ranking for each line of ganaug that has peers, over whole tables; controls are not ranked.

    Compared are means over the seeds. Models that are equally good share the mean of their ranks, as do all with a C2ST
    below 0.5.
    """
    boards = [board for board in boards if not board.is_rare]
    lines = list(dict.fromkeys(own for board in boards for own in board.own if _has_figures(board, own)))
    peers = [peer for peer in PEERS if any(_has_figures(board, peer) for board in boards)]
    return [_rank_beside_peers(boards, [own, *peers]) for own in lines] if peers else []


def _rank_beside_peers(boards: Sequence[Board], models: list[str]) -> Ranking:
    missing = {board.name: [model for model in models if not _has_figures(board, model)] for board in boards}
    complete = [board for board in boards if not missing[board.name]]
    found = np.array([[_rank_on_board(board, models, measure) for measure in RANKED] for board in complete])
    means = {model: [float(mean) for mean in found[:, :, i].mean(axis=0)] for i, model in enumerate(models) if complete}
    lacking = {name: absent for name, absent in missing.items() if absent}
    return Ranking([board.name for board in complete], lacking, means or {model: [] for model in models})


def _rank_on_board(board: Board, models: Sequence[str], measure: Measure) -> list[float]:
    values = [float(np.mean(board.lines[model].list_values(measure))) for model in models]
    return list(pd.Series([measure.compute_distance(value) for value in values]).rank())


def _has_figures(board: Board, model: str) -> bool:
    line = board.lines.get(model, Line())
    return all(line.list_values(measure) for measure in RANKED)


def find_best_peers(boards: Sequence[Board]) -> list[tuple[Board, str, str, float]]:
    """Return whole table, line of ganaug, the peer with the best mean AUC, and how much better ganaug's AUC is."""
    found = []
    for board in boards:
        means = {model: float(np.mean(values)) for model, values in _list_aucs(board).items()}
        peers = [model for model in PEERS if model in means]
        for own in board.own if peers and not board.is_rare else []:
            if own in means:
                best = max(peers, key=lambda model: means[model])
                found.append((board, own, best, means[own] - means[best]))
    return found


def _list_aucs(board: Board) -> dict[str, list[float]]:
    aucs = {model: line.list_values(AUC) for model, line in board.lines.items()}
    return {model: values for model, values in aucs.items() if values}
