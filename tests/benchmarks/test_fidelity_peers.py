"""The peers of whole tables: CART in full, and what TabularARGN and NRGBoost are asked for, without them."""

import sys
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits
from tidy_rows import table

from benchmarks.fidelity import cases, models, peer
from benchmarks.fidelity.models import Training, synthesize, train_cart
from benchmarks.shared.protocol import Columns
from benchmarks.shared.tables import Task


@pytest.fixture(autouse=True)
def one_thread():
    """Tests run side by side: threads of one would wait for those of the other."""
    with threadpool_limits(1):
        yield


def task_of(n=400):
    train = table(n).assign(gap=lambda t: t["a"].where(t["b"] < 0.5))[["c", "gap", "y", "b", "a"]]
    train["y"] = np.where(train["y"] == "yes", "b class", "a class")
    return Task(train, train, Columns.from_frame(train, "y"), "toy")


def test_every_peer_is_trained_here_or_by_its_interpreter():
    assert set(models.PEERS) == set(models.HERE) | set(peer.MODELS)
    assert set(peer.MODELS) == set(cases.PEER_PACKAGES)
    assert set(models.HERE) < set(cases.PACKAGES)


# ---- sequential CART ----


def test_cart_makes_as_many_rows_of_each_class_as_there_are_in_a_process_of_its_own():
    task = task_of()
    rows, costs = synthesize(task, Training("cart", 0))
    pd.testing.assert_series_equal(rows["y"].value_counts(), task.train["y"].value_counts())
    assert list(rows.columns) == list(task.tidy_train.columns)
    assert costs["fit_seconds"] > 0 < costs["sample_seconds"]
    assert costs["fit_cpu_seconds"] > 0


def test_cart_takes_gaps_as_they_are_and_leaves_cells_as_they_were():
    task = task_of(800)
    rows, costs = train_cart(task, Training("cart", 0))
    real = task.tidy_train
    assert rows["gap"].isna().mean() == pytest.approx(real["gap"].isna().mean(), abs=0.05)
    for name in real.columns:
        assert set(rows[name].dropna()) <= set(real[name].dropna())
    assert "notes" not in costs


def test_cart_grows_its_trees_from_the_label_and_then_from_left_to_right(monkeypatch):
    seen = {}

    class Recording(models.SequentialCART):
        def fit(self, X, y):
            seen.update(X=X, y=y)
            return super().fit(X, y)

    monkeypatch.setattr(models, "SequentialCART", Recording)
    task = task_of()
    train_cart(task, Training("cart", 0))
    assert list(seen["X"].columns) == ["c", "gap", "b", "a"]
    assert seen["y"].eq(1).tolist() == task.train["y"].eq("b class").tolist()


def test_the_seed_decides_the_rows_of_cart():
    first, again, other = (train_cart(task_of(), Training("cart", seed))[0] for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


# ---- what the others are asked for ----


class Repeating:
    """A model that gives the first of its training rows back, and keeps what it was asked."""

    def __init__(self, rows):
        self.rows, self.asked = rows, {}

    def sample(self, n, **asked):
        self.asked = asked
        return self.rows.head(n)


def put_module(monkeypatch, name, **contents):
    module = ModuleType(name)
    vars(module).update(contents)
    for i in range(name.count(".")):
        parent = name.rsplit(".", i + 1)[0]
        monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
    monkeypatch.setitem(sys.modules, name, module)


JOB = {"discrete": ["c1"], "seed": 5, "rows": 3}
ROWS = pd.DataFrame({"c0": [1.0, 2.0, None, 4.0], "c1": list("abba")})


def test_tabular_argn_has_its_defaults_but_for_the_protection_of_rare_values(monkeypatch, tmp_path):
    made = []

    class Model(Repeating):
        def __init__(self, **settings):
            made.append(settings)

        def fit(self, rows):
            self.rows = rows

    put_module(monkeypatch, "mostlyai.engine", TabularARGN=Model)
    rows, costs = peer.MODELS["tabular_argn"](ROWS, {**JOB, "synthetic": str(tmp_path / "synthetic")})
    pd.testing.assert_frame_equal(rows, ROWS.head(3))
    assert made[0].pop("workspace_dir").parent == tmp_path
    assert made == [
        {
            "value_protection": False,
            "tgt_encoding_types": {"c1": "TABULAR_CATEGORICAL"},
            "device": "cpu",
            "random_state": 5,
        }
    ]
    assert costs["fit_seconds"] > 0 < costs["sample_seconds"]


def test_nrgboost_has_its_defaults_and_every_processor(monkeypatch):
    fitted = []

    class Booster:
        @staticmethod
        def fit(rows, params, seed):
            fitted.append((rows["c1"].dtype, params, seed, Repeating(rows)))
            return fitted[0][3]

    put_module(monkeypatch, "nrgboost", Dataset=lambda rows: rows, NRGBooster=Booster)
    rows, costs = peer.MODELS["nrgboost"](ROWS, JOB)
    kind, params, seed, model = fitted[0]
    assert (kind, params, seed, model.asked) == ("category", {"num_threads": 0}, 5, {"seed": 5})
    assert len(rows) == 3
    assert costs["fit_seconds"] > 0 < costs["sample_seconds"]
