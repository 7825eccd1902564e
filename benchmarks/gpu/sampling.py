"""Many rows of a fitted table: with and without filters, the generator on the CPU or on the device."""

from __future__ import annotations

import time
from typing import Any

from .cases import Settings
from .fits import find_fitted
from .inside import arrange_sampling


def sample_rows(asked: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the seconds of one call of ``sample``, and rows per second."""
    place = "cpu" if asked["on"] == "cpu" else settings.device
    augmenter = arrange_sampling(find_fitted(asked, settings), place, asked["filters"])
    augmenter.sample(1000)  # the first call may prepare something
    started = time.perf_counter()
    X, _ = augmenter.sample(asked["n"])
    seconds = time.perf_counter() - started
    judges = [judge.name for judge in augmenter.model_.judges]
    return {"seconds": seconds, "rows_per_second": len(X) / max(seconds, 1e-9), "filters": judges}
