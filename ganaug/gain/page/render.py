"""One self-contained HTML page from the plain dict of a gain report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ...errors import DataError
from ...files.places import new_file
from .text import printable, shorten

FORMAT = 1


def render(report: Mapping[str, Any]) -> str:
    """Return a report as an HTML page that needs nothing but itself: no network, no script.

    The same dict gives the same page, byte for byte, with the same versions of matplotlib and Jinja2.

    Parameters
    ----------
    report : mapping
        What `GainReport.to_dict` returns: plain data that JSON can hold. Texts in it are shown, never run.

    Returns
    -------
    str
        HTML, a few hundred kilobytes: what would make it longer is left out, and the page says so.

    Raises
    ------
    DataError
        The dict is not a gain report, or one of another format.
    """
    _check(report)
    # Jinja2 and matplotlib are slow to import, and only who wants a page should wait for them.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from . import closeness, decisions, distributions, generator, probabilities
    from . import method as record
    from . import scores as results
    from . import top as verdict

    report = printable(report)
    rooms = (
        verdict.meaning,
        results.differences,
        decisions.decisions,
        probabilities.probabilities,
        results.metrics,
        record.choice,
        record.filters,
        closeness.fidelity,
        distributions.columns,
        distributions.pairs,
        generator.training,
        closeness.privacy,
        record.failures,
        record.method,
        record.glossary,
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
        verdict=verdict.verdict(report),
        sections=[section for room in rooms if (section := room(report))],
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
    """Write a report as an HTML page; the file at `path` is the old one or the whole new one, never half of one.

    Parameters
    ----------
    report : mapping
        See `render`.
    path : str or path-like
        A file that exists is replaced. Also a URL that fsspec knows, or ``"-"`` for standard output.

    Raises
    ------
    DataError
        The dict is not a gain report, or the file cannot be written; what was at `path` is still there.
    """
    page = render(report).encode("utf-8")
    with new_file(os.fspath(path), overwrite=True) as file:
        file.write(page)
