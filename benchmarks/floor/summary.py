"""Render finished floor analyses as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..growth.cases import Result

DISTURBED = 0.1  # processors that other programs may use before the times are called into question
TEXT = """Arithmetic is counted by the formulas of `torch.utils.flop_counter`, a multiplication and an addition being
two, and is the mean of {counted} steps; every fourth step has a gradient penalty. Reachable is the best rate of any of
the step's own shapes on one core in the same run, and the floor is arithmetic over that rate. Measured is the
difference of two fits without filters, of {short} and {long} steps, over the difference of steps; of {repeats} such
fits each, the best."""


def compute_floor(result: Result) -> float:
    """Return the milliseconds that the arithmetic of a step takes at the reachable rates."""
    return sum(1000 * gflop / result["gflop_per_second"][dtype] for dtype, gflop in result["gflop"].items())


def render_markdown(entries: Iterable[dict[str, Any]]) -> str:
    """Return a section for each table, of the version that was measured last."""
    newest = {(e["key"]["table"], str(e["key"]["options"])): e for e in entries}
    if not newest:
        return "Nothing is finished yet.\n"
    return "\n\n".join(render_section(entry["key"], entry["result"]) for entry in newest.values()) + "\n"


def render_section(key: dict[str, Any], result: Result) -> str:
    """Return the section on the training step on one table."""
    heading = f"### A training step on {key['table']}: {result['rows']:,} rows, {result['columns']} columns"
    parts = [
        heading,
        _render_floor(result),
        _render_explanation(key, result),
        _render_bytes(result),
        _render_split(result),
        *_list_notes(result["step"]),
    ]
    return "\n\n".join(parts)


def _list_notes(step: dict[str, float]) -> list[str]:
    """Return a note if other programs used the processor while fits were timed."""
    others, seconds = step["others_cpu_seconds"], step["wall_seconds"]
    if others < max(DISTURBED * seconds, 1):
        return []
    return [f"Other programs used {others:.0f} processor seconds in the {seconds:.0f} s of timing: times are too long."]


def _render_floor(result: Result) -> str:
    lines = ["| one step | GFLOP | reachable GFLOP/s | ms |", "|---|---|---|---|"]
    for dtype, gflop in result["gflop"].items():
        rate = result["gflop_per_second"][dtype]
        lines.append(f"| products in {dtype} | {gflop:.3f} | {rate:,.0f} | {1000 * gflop / rate:.2f} |")
    step, floor = result["step"], compute_floor(result)
    lines += [
        f"| floor of the arithmetic | {sum(result['gflop'].values()):.3f} |  | {floor:.2f} |",
        f"| its {result['products']:.0f} products alone, each at its best |  |  | {result['products_alone_ms']:.2f} |",
        f"| measured, processor time |  |  | {step['cpu_ms']:.2f} |",
        f"| measured, wall time |  |  | {step['wall_ms']:.2f} |",
        f"| **measured processor time / floor** |  |  | **{step['cpu_ms'] / floor:.1f}** |",
    ]
    return "\n".join(lines)


def _render_explanation(key: dict[str, Any], result: Result) -> str:
    numbers = {"short": key["steps"], "long": 3 * key["steps"], "repeats": key["repeats"]}
    text = TEXT.format(counted=key["counted"][1] - key["counted"][0], **numbers).replace("\n", " ")
    rates = result["gflop_per_second"]
    unused = [f" {dtype}, which it does not use, would reach {rates[dtype]:,.0f} GFLOP/s." for dtype in rates]
    return text + "".join(s for s, dtype in zip(unused, rates, strict=True) if not result["gflop"].get(dtype))


def _render_bytes(result: Result) -> str:
    moved, rate = result["moved_mib"], result["copy_mib_per_second"]
    return (
        f"**Bytes, an estimate:** a step calls {result['operators']:.0f} operators that are no views. Those "
        f"other than products read and write {moved['others']:.0f} MiB and products {moved['products']:.0f} MiB, each "
        "counted as element count x bytes of what goes in and of what comes out, wherever it lies. At "
        f"{rate / 1024:.1f} GiB/s, the rate of copying {result['copied_mib']:.2g} MiB, which caches hold, the former "
        f"take {1000 * moved['others'] / rate:.2f} ms; fused operators would move less."
    )


def _render_split(result: Result) -> str:
    split = result["split"]
    total = sum(split.values())
    lines = ["| where the time goes | ms | share |", "|---|---|---|"]
    lines += [f"| {kind} | {ms:.2f} | {ms / total:.0%} |" for kind, ms in split.items()]
    lines.append(f"| a step under the profiler, wall time | {total:.2f} | 100% |")
    return "\n".join(lines)
