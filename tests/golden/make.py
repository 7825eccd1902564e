"""Write the golden files of the present format: ``python tests/golden/make.py``, once, when a format is released.

A golden file is never written again: what an old ganaug wrote must load for ever, and give what it gave.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from small import quick_augmenter
from small_images import bars
from toy_table import make_toy_table

from ganaug.storage import FORMAT_VERSION

HERE = Path(__file__).parent


def table():
    """Every kind of column, trees and corrections that judge, gaps, a class too rare to learn."""
    X, y = make_toy_table(400)
    X["order"] = [f"A-{i:04d}" for i in range(400)]
    X["country"] = X["city"].map({"Bern": "CH", "Oslo": "NO", "São Paulo": "BR"})
    X["one"] = 1
    judges = {"density_ratio": 1.0, "label_agreement": 1.0, "marginals": 1.0}
    return quick_augmenter(max_steps=40, width=16, filters=judges).fit(X, y)


def image():
    """Small grey images of 12 bits, whose range was learned, and judges that are networks."""
    X, y = bars(40, 8, 8)
    return quick_augmenter(max_steps=2, width=4, filters="auto").fit(X.astype("uint16") * 16, y)


def expectation(augmenter):
    """What a loaded model must still give: form exactly, values nearly, for networks round differently elsewhere."""
    X, y = augmenter.sample(300)
    described = {"classes": augmenter.classes_.tolist(), "counts": [int((y == c).sum()) for c in augmenter.classes_]}
    if hasattr(X, "columns"):
        described["dtypes"] = {name: str(dtype) for name, dtype in X.dtypes.items()}
        described["means"] = X.select_dtypes("number").mean().to_dict()
        described["cities"] = X["city"].value_counts().to_dict()
    else:
        described |= {"dtype": str(X.dtype), "shape": list(X.shape), "means": X.mean((1, 2))[:8].tolist()}
    return described


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for make in (table, image):
        path = HERE / f"{make.__name__}_{FORMAT_VERSION}.safetensors"
        if path.exists():
            sys.exit(f"{path} is there already; a golden file is never written again.")
        augmenter = make()
        augmenter.save(path)
        path.with_suffix(".json").write_text(json.dumps(expectation(augmenter), indent=1) + "\n", encoding="utf-8")
