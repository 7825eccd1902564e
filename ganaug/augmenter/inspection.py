"""Describe a model as plain JSON."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..errors import GanaugError, ModelFileError
from ..storage import FORMAT_VERSION
from .model import Model

Json = Any


def describe_model(model: Model, params: Mapping[str, Json]) -> dict[str, Json]:
    """Return everything that a model knows, as plain JSON.

    Parameters
    ----------
    model : Model
        A trained model.
    params : mapping
        The options that it was trained with, as JSON.

    Returns
    -------
    dict
        See `GANAugmenter.describe`.

    Raises
    ------
    ModelFileError
        The model comes from a file that somebody made up, and a value in it cannot be shown.
    """
    facts = model.facts
    origin = model.origin or {
        "ganaug_version": importlib.metadata.version("ganaug"),
        "format_version": FORMAT_VERSION,
    }
    try:
        return {
            **origin,
            "modality": model.modality.name,
            "rows": facts["n_rows"],
            "label": model.labels.container["name"],
            "classes": _describe_classes(model),
            **_describe_data(model),
            "networks": asdict(model.architecture),
            "steps": len(model.history),
            "seconds": facts["seconds"],
            "seed": facts["seed"],
            "held_out_rows": facts["held_out"],
            "held_out_scores": facts["scores"] if facts["held_out"] else [],
            "filters": facts["filters"],
            "params": dict(params),
        }
    except GanaugError:
        raise
    except Exception as error:
        raise ModelFileError(
            f"The model holds facts that cannot be shown ({type(error).__name__}: {error}); train again."
        ) from error


def _describe_classes(model: Model) -> list[dict[str, Json]]:
    """Return label, rows and share of the training rows, and diversity of each class."""
    diversity = model.facts["diversity"]
    learned = model.facts["n_rows"] - sum(not share for share in model.prior)  # a class that is too rare has one row
    return [
        {"label": label, "rows": round(share * learned), "share": share, "diversity": diversity.get(str(label))}
        for label, share in zip(model.labels.values, model.prior, strict=True)
    ]


def _describe_data(model: Model) -> dict[str, Json]:
    """Return the part of a description that depends on the kind of data."""
    schema = model.encoder.to_json()
    if model.modality.describe is None:
        return {"schema": schema}
    described = dict(model.modality.describe(schema))
    if "left_out" in described:
        # The label is in the file of the table, too, but is not left out
        label = model.labels.container["name"]
        described["left_out"] = [column for column in described["left_out"] if column["name"] != label]
    return described
