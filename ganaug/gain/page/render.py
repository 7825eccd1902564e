"""Render a gain report as one self-contained HTML page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ...errors import DataError
from ...files.places import open_output
from ...plots.axes import check_matplotlib
from ...plots.text import make_printable, shorten

FORMAT = 1


def render(report: Mapping[str, Any]) -> str:
    """Render a report as a self-contained HTML page, without network requests or scripts.

    With the same versions of matplotlib and Jinja2, the same dict gives the same page, byte for byte.

    Parameters
    ----------
    report : mapping
        Output of `GainReport.to_dict`. Texts in it are escaped.

    Returns
    -------
    str
        HTML of a few hundred kilobytes. Long lists are cut, and the page says where.

    Raises
    ------
    DataError
        The dict is not a gain report, or has another format.
    ParameterError
        matplotlib is not installed.
    """
    _check(report)
    check_matplotlib()
    # Jinja2 and matplotlib are slow to import; only a page needs them.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from . import choices, closeness, decisions, distributions, generator, method, probabilities, scores, top

    report = make_printable(report)
    builders = (
        top.build_meaning,
        scores.build_differences,
        decisions.build_decisions,
        probabilities.build_probabilities,
        scores.build_metrics,
        choices.build_choice,
        choices.build_filters,
        closeness.build_fidelity,
        distributions.build_columns,
        distributions.build_pairs,
        generator.build_training,
        closeness.build_privacy,
        method.build_failures,
        method.build_method,
        method.build_glossary,
    )
    environment = Environment(
        loader=PackageLoader("ganaug.gain", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.jinja").render(
        name=shorten(report["design"].get("name") or "", 60),
        verdict=top.build_verdict(report),
        sections=[section for build in builders if (section := build(report))],
        version=report["design"]["versions"].get("ganaug", ""),
    )


def _check(report: Mapping[str, Any]) -> None:
    found = report.get("format") if isinstance(report, Mapping) else None
    if found != FORMAT:
        what = type(report).__name__ if found is None else f"a report of format {found!r}"
        raise DataError(
            f"A page is made from a report of format {FORMAT}, not from {what}; give it GainReport.to_dict()."
        )
    missing = [key for key in ("verdict", "design", "rows") if key not in report]
    if missing:
        raise DataError(
            f"The report has no {' and no '.join(map(repr, missing))}; give what GainReport.to_dict() returns."
        )


def write_page(report: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a report as an HTML page, replacing the file at `path` as a whole or not at all.

    Parameters
    ----------
    report : mapping
        See `render`.
    path : str or path-like
        File to write or replace; also a URL that fsspec supports, or ``"-"`` for standard output.

    Raises
    ------
    DataError
        The dict is not a gain report, or the file cannot be written; the file at `path` is then unchanged.
    """
    page = render(report).encode("utf-8")
    with open_output(os.fspath(path), overwrite=True) as file:
        file.write(page)
