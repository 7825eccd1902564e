"""Measure what synthetic rows give away: near-copies, membership inference, and planted rows.

``python -m benchmarks.privacy --data FOLDER --output privacy.json``

Each table is cut into thirds. ganaug learns one, with 20 canaries among its rows: new rows, put together from cells of
different rows. Then as many rows are sampled as were learned, and attacked with the second third as non-members. There
are two controls: a memoriser, whose samples are the training rows, and the last third, which was never learned from.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from .shared.command import add_augmenter_options, add_output, finish
from .shared.folder import list_tables, load_named_task
from .shared.machine import describe_machine, read_versions
from .shared.protocol import BenchmarkError, Results, digest_source, read_cases
from .shared.tables import SPLIT_SEED, Task

PROTOCOL = 1  # part of each case's key: raise it when a measure changes
CANARIES = 20
NEAR = 0.01  # of a column's range: numbers that differ by less count as equal
SEEDS = (0, 1, 2)
MODELS = ("ganaug", "memoriser", "other real rows")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.privacy", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder of tables")
    add("--tables", nargs="+", metavar="NAME", help="of --data (default: all)")
    add("--seeds", type=int, nargs="+", default=SEEDS, help="of training and sampling (default: 0 1 2)")
    add("--rows", type=int, default=20_000, help="to learn from, at most (default: 20000)")
    add_augmenter_options(parser)
    add_output(parser, "privacy.json")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Measure the missing cases, and return the summary."""
    store = Results(options.output)
    for name in options.tables or list_tables(options.data):
        task = split_thirds(load_named_task(name, options.data), options.rows)
        for seed in options.seeds:
            key = {"benchmark": "privacy", "protocol": PROTOCOL, "table": name, **task.origin, "seed": seed}
            key |= {"options": options.options, "versions": read_versions(), "source": digest_source()}
            if store.find(key) is None:
                store.put((key, measure_privacy(task, seed, options.options)))
    return render_markdown(read_cases(options.output)), []


def split_thirds(task: Task, rows: int) -> Task:
    """Return the task with a third of its rows, at most `rows`, to learn from, and twice as many to test with."""
    table = pd.concat([task.train, task.test], ignore_index=True).astype(task.train.dtypes)
    n = min(rows, len(table) // 3)
    stratify = table[task.columns.target]
    train, test = train_test_split(table, train_size=n, test_size=2 * n, stratify=stratify, random_state=SPLIT_SEED)
    origin = {**task.origin, "thirds": n}
    return replace(task, train=train.reset_index(drop=True), test=test.reset_index(drop=True), origin=origin)


def measure_privacy(task: Task, seed: int, options: dict[str, Any]) -> dict[str, Any]:
    """Fit once, and attack the samples and the controls."""
    from ganaug import GANAugmenter

    target, rng = task.columns.target, np.random.default_rng(seed)
    planted = make_canaries(task.train, rng)
    members = pd.concat([task.train, planted], ignore_index=True).astype(task.train.dtypes)
    augmenter = GANAugmenter(random_state=seed, **options).fit(members.drop(columns=target), members[target])
    X, y = augmenter.sample(len(members))
    made = X.assign(**{target: y})[list(members.columns)]
    half = rng.permutation(len(task.test))
    others, held_out = task.test.iloc[half[::2]], task.test.iloc[half[1::2]]
    found = {
        "ganaug": attack_rows(members, held_out, made, seed) | {"canaries": count_reproduced(planted, made, task)},
        "memoriser": attack_rows(members, held_out, members, seed)
        | {"canaries": count_reproduced(planted, members, task)},
        "other real rows": attack_rows(members, held_out, others, seed)
        | {"canaries": count_reproduced(planted, others, task)},
    }
    return {"rows": len(members), "held_out": len(held_out), "models": found, "machine": describe_machine()}


def make_canaries(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return new rows, with cells from different rows of the table."""
    n = 100 * CANARIES
    drawn = {name: table[name].iloc[rng.integers(0, len(table), n)].array for name in table.columns}
    made: pd.DataFrame = pd.DataFrame(drawn)
    known = pd.concat([table, made], ignore_index=True).duplicated().iloc[len(table) :].to_numpy()
    if n - known.sum() < CANARIES:
        raise BenchmarkError("The table holds nearly every row that its cells can make: no canary differs from all.")
    return made[~known].head(CANARIES).reset_index(drop=True)


def attack_rows(members: pd.DataFrame, held_out: pd.DataFrame, made: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Return the share of near-copies beside that of held-out rows, and the best membership inference attack."""
    from ganaug.metrics import membership_inference, near_copy_share

    copies = near_copy_share(members, made, held_out, seed)
    membership = membership_inference(members, made, held_out, seed)
    best = membership.maximum
    return {
        "near_copies": copies.synthetic,
        "near_copies_held_out": copies.holdout,
        "attacks": {attack.name: attack.auc for attack in membership.attacks},
        "best": {"name": best.name, "auc": best.auc, "ci": [best.ci_low, best.ci_high], "rows": membership.members},
    }


def count_reproduced(planted: pd.DataFrame, made: pd.DataFrame, task: Task) -> int:
    """Count the canaries among the rows: all text equal, all numbers within `NEAR` of the column's range."""
    tidy, rows = task.columns.tidy(planted), task.columns.tidy(made)
    known = task.columns.tidy(task.train)
    numbers = list(task.columns.numeric)
    span = (known[numbers].max() - known[numbers].min()).to_numpy()
    found = 0
    for _, canary in tidy.iterrows():
        alike = rows[(rows[task.columns.text] == canary[task.columns.text]).all(axis=1)]
        cells, wanted = alike[numbers].to_numpy(), canary[numbers].to_numpy(dtype=float)
        near = (np.abs(cells - wanted) <= NEAR * span) | (np.isnan(cells) & np.isnan(wanted))
        found += bool(near.all(axis=1).any())
    return found


def render_markdown(entries: Iterable[dict[str, Any]]) -> str:
    """Return a line for each table: means over seeds, and the widest interval."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        tables.setdefault(entry["key"]["table"], []).append(entry["result"])
    head = ["table", "rows", "seeds", "near-copies", "of others", "best attack", "memoriser", "other real rows"]
    head += ["canaries", "by chance"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, results in tables.items():
        own = [result["models"]["ganaug"] for result in results]
        copies, mark = (np.mean([r[key] for r in own]) for key in ("near_copies", "near_copies_held_out"))
        areas = {model: np.mean([r["models"][model]["best"]["auc"] for r in results]) for model in MODELS}
        low, high = min(r["best"]["ci"][0] for r in own), max(r["best"]["ci"][1] for r in own)
        by_chance = sum(result["models"]["other real rows"]["canaries"] for result in results)
        planted = f"{sum(r['canaries'] for r in own)} of {CANARIES * len(own)} | {by_chance}"
        attack = f"{areas['ganaug']:.3f} [{low:.3f}, {high:.3f}] | {areas['memoriser']:.3f}"
        line = f"{name} | {results[0]['rows']:,} | {len(results)} | {copies:.1%} | {mark:.1%} | {attack}"
        lines.append(f"| {line} | {areas['other real rows']:.3f} | {planted} |")
    return "\n".join(lines) + "\n"


TEXT = """What samples of ganaug gave away, at its defaults, mean of the seeds (`python -m benchmarks.privacy`): a third
of each table was learned from, and as many rows were sampled. *Near-copies*: samples as close to a training row as one
training row in a hundred is to another, beside the share among rows that were never learned from. *Best attack*: the
area under the ROC curve of the best of four membership inference attacks, with the widest interval of the seeds; 0.5
is chance. Two controls: a memoriser, whose samples are the training rows, and as many real rows that were never learned
from. *Canaries*: rows put together from cells of different rows and planted in the training data. The column counts
those that were sampled, with all text equal and all numbers within 1 % of their column's range; *by chance* counts
those among the other real rows, which have never met them.
"""


def render_privacy_table(folder: Path) -> str:
    """Return the Markdown for all results in a folder."""
    entries = [entry for path in sorted(folder.glob("*.json")) for entry in read_cases(path)]
    return f"{TEXT}\n{render_markdown(entries)}" if entries else "Nothing has been measured yet."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    finish(lambda: run(options))


if __name__ == "__main__":
    main()
