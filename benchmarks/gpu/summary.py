"""Markdown of finished cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Entry = dict[str, Any]

STEPS = """Milliseconds of one step of both networks, the median of chunks of steps; in brackets how many times faster
the graph is. "eager" is the step as `fit` takes it, "graph" the prototype of `benchmarks/gpu/graphs.py`, which replays
the whole step as one CUDA graph. Tables have 20 columns, images 28 x 28 pixels."""
EQUALITY = """Largest difference of a loss over the first steps and over all, and of a weight at the end, between two
trainings that should be the same. CPU and device get the same random numbers, in float32 without TF32. Beside a graph
stand eager steps with the same optimizer."""
FITS = """Whole fits on the device, in seconds. Scores, the look for collapse, filters and diversity sample on the
device; their classifiers run on the CPU. AUC: XGBoost trained on as many
synthetic rows, tested on real ones, one setting; in brackets that of real rows."""
SAMPLING = """One call of `sample` of a fitted table."""


def markdown(entries: Iterable[Entry]) -> str:
    """Return the figures of finished cases; of several results of a case, those that were measured last."""
    newest = {(entry["key"]["device"], entry["key"]["case"]): entry for entry in entries}
    if not newest:
        return "Nothing is finished yet.\n"
    found = list(newest.values())
    good = [e for e in found if not {"error", "skipped"} & set(e["result"])]
    parts = [_describe_machines(good), _equality(good), _steps(good), _fits(good), _sampling(good), _missing(found)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _describe_machines(entries: Sequence[Entry]) -> str:
    """Return a sentence for each machine."""
    lines = dict.fromkeys(_describe_machine(entry["result"]["machine"]) for entry in entries)
    return "\n".join(lines)


def _describe_machine(machine: dict[str, Any]) -> str:
    host = f"torch {machine['torch']}, Python {machine['python']}, {machine['processors']} processors"
    if "gpu" not in machine:
        return f"On a CPU alone: {host}."
    gpu = f"{machine['gpu']} ({machine['gpu_gib']:g} GiB), driver {machine['driver']}, CUDA {machine['cuda']}"
    return f"{gpu}, cuDNN {machine['cudnn']}; {host}."


# ---- equality ------------------------------------------------------------------------------------


def _equality(entries: Sequence[Entry]) -> str:
    rows = [row for entry in entries if "losses" in entry["result"] for row in _equality_rows(entry)]
    head = ("compared", "steps", "losses, first steps", "losses, all", "largest loss", "weights", "same bits")
    return _section("Equality", EQUALITY, head, rows)


def _equality_rows(entry: Entry) -> list[tuple[str, ...]]:
    result, name = entry["result"], entry["key"]["case"]
    rows = [_equality_row(name, result)]
    if "rate_in_a_tensor" in result:
        rows.append(_equality_row(f"{name.split(': ')[-1]}: eager, rate as a number and in a tensor",
                                  result["rate_in_a_tensor"]))  # fmt: skip
    return rows


def _equality_row(name: str, result: dict[str, Any]) -> tuple[str, ...]:
    losses = result["losses"]
    first = next((mark for mark in ("10", *losses) if mark in losses), "")
    weights = [value for value in result["weights"].values() if value is not None]
    same = result["equal_losses"] and all(result["equal_weights"].values())
    only = [network for network, equal in result["equal_weights"].items() if not equal]
    bits = "yes" if same else f"not {', '.join(only) or 'losses'}"
    figures = (losses[first], losses[str(result["steps"])], result["largest_loss"], max(weights, default=None))
    shown = [_format(value, ".2g") for value in figures]
    return (name, str(result["steps"]), f"{shown[0]} ({first})", *shown[1:], bits)


# ---- steps ---------------------------------------------------------------------------------------


def _steps(entries: Sequence[Entry]) -> str:
    found: dict[tuple[str, ...], dict[tuple[str, int], float]] = {}
    batches = set()
    for entry in entries:
        key, result = entry["key"], entry["result"]
        if "ms" in result:
            line = found.setdefault((f"{key['network']}, width {key['width']}", key["precision"]), {})
            line[key["mode"], key["batch"]] = result["ms"]
            batches.add(key["batch"])
    sizes = sorted(batches)
    head = ("networks", "precision", *(f"{mode}, batch {n}" for n in sizes for mode in ("eager", "graph")))
    rows = [(*names, *(cell for n in sizes for cell in _step_cells(line, n))) for names, line in found.items()]
    return _section("Steps", STEPS, head, rows)


def _step_cells(line: dict[tuple[str, int], float], batch: int) -> tuple[str, str]:
    eager, graph = line.get(("eager", batch)), line.get(("graph", batch))
    faster = f" ({eager / graph:.1f} x)" if eager and graph else ""
    return _format(eager, ".2f"), _format(graph, ".2f") + faster


# ---- fits and samples ----------------------------------------------------------------------------


def _fits(entries: Sequence[Entry]) -> str:
    rows = [_fit_row(entry["key"]["case"], entry["result"]) for entry in entries if "phases" in entry["result"]]
    times = ("fit", "encoding", "steps", "scores", "collapse", "filters", "diversity")
    quality = ("best score", "diversity", "AUC", "C2ST", "shape error %", "pair error %")
    return _section("Fits", FITS, ("what", "rows", "number of steps", *times, *quality), rows)


def _fit_row(name: str, result: dict[str, Any]) -> tuple[str, ...]:
    phases = result["phases"]
    names = ("encoding", "steps", "scores", "collapse", "filters", "diversity")
    seconds = [_format(value, ".1f") for value in (result["fit_seconds"], *(phases[name] for name in names))]
    percent = [
        _format(None if result.get(k) is None else 100 * result[k], ".1f") for k in ("shape_error", "pair_error")
    ]
    real = f" ({result['real_auc']:.3f})" if "real_auc" in result else ""
    quality = [_format(result.get(key), ".3f") for key in ("best_score", "diversity", "auc", "c2st_auc")]
    quality[2] += real
    return (name, f"{result['rows']:,}", f"{result['steps']:,}", *seconds, *quality, *percent)


def _sampling(entries: Sequence[Entry]) -> str:
    rows = [
        (e["key"]["case"], f"{e['key']['n']:,}", _format(e["result"]["seconds"], ".1f"),
         f"{e['result']['rows_per_second']:,.0f}", ", ".join(e["result"]["filters"]) or "none")
        for e in entries if "rows_per_second" in e["result"]
    ]  # fmt: skip
    return _section("Samples", SAMPLING, ("what", "rows", "seconds", "rows/s", "filters"), rows)


# ---- the rest ------------------------------------------------------------------------------------


def _missing(entries: Sequence[Entry]) -> str:
    """Return what was skipped, left out, or failed, and why; cases of one reason are named together."""
    reasons: dict[str, list[str]] = {}
    for entry in entries:
        result = entry["result"]
        for kind, word in (("skipped", "Skipped"), ("left_out", "Left out"), ("error", "Failed")):
            if kind in result:
                reasons.setdefault(f"{word}, {result[kind]}", []).append(entry["key"]["case"])
    lines = [f"* {reason}: {'; '.join(names)}." for reason, names in reasons.items()]
    return "\n".join(["### Not measured", "", *lines]) if lines else ""


def _section(title: str, text: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    table = [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows)]
    return "\n".join([f"### {title}", "", " ".join(text.split()), "", *table])


def _format(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
