"""The other generators: sequential CART in full, and what the peers' doors promise without the peers."""

import json
import sys
from importlib import util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.gain import methods, peers
from benchmarks.gain import peer as gain_peer
from benchmarks.gain.peer import CONDITIONAL, MODELS, sample_given_labels
from benchmarks.gain.peers import TAKING_GAPS, PeerSampler
from benchmarks.shared import peer
from benchmarks.shared.cart import SequentialCART
from benchmarks.shared.ledger import PEERS
from benchmarks.shared.peer import read_rows, run_job


def mixed(n=300, seed=0):
    """Rows with every kind of column and missing cells, a third of them in class 1."""
    rng = np.random.default_rng(seed)
    y = pd.Series(np.arange(n) % 3 == 0, name="label").astype("int64")
    x = rng.normal(2 * y, 1)
    X = pd.DataFrame({"x": x, "gap": np.where(rng.random(n) < 0.2, np.nan, x)})
    X["whole"] = np.round(x * 10).astype("int64")
    X["rounded"] = np.round(x)
    text = np.where(rng.random(n) < 0.8, np.where(y, "yes", "no"), "other")
    X["text"] = pd.Series(text).mask(rng.random(n) < 0.1, None)
    X["kind"] = pd.Categorical(np.where(x > 1, "high", "low"), categories=["low", "high", "never"])
    return X, y


# ---- sequential CART ----


def test_cart_makes_a_row_for_each_label_in_its_order():
    X, y = mixed()
    wanted = pd.Series([1, 0, 1, 1, 0] * 20)
    new, labels = SequentialCART(0).fit(X, y).sample(y=wanted)
    assert len(new) == 100
    assert labels.tolist() == wanted.tolist()
    assert new["text"][labels == 1].eq("yes").sum() > 30
    assert not new["text"][labels == 0].eq("yes").any()


def test_cart_balances_classes_through_the_door():
    X, y = mixed()
    sampler = methods.METHODS["cart"].make(methods.Setting(0, "logistic", "python"), X)
    X_all, y_all = methods.resample(sampler, X, y)
    assert y_all.value_counts().to_dict() == {0: 200, 1: 200}
    pd.testing.assert_frame_equal(X_all.head(300), X)


def test_cart_keeps_columns_dtypes_and_index():
    X, y = mixed()
    X = X.assign(flag=X["x"] > 0, maybe=X["gap"].round().astype("Int64")).set_axis(range(5, 305))
    new, _ = SequentialCART(0).fit(X, y.set_axis(X.index)).sample(y=y)
    assert new.dtypes.to_dict() == X.dtypes.to_dict()
    assert list(new.columns) == list(X.columns)
    assert new.index.tolist() == list(range(300))


def test_cart_uses_cells_that_were_seen_in_rows_that_were_not():
    X, y = mixed()
    new, _ = SequentialCART(0).fit(X, y).sample(y=y)
    for name in X.columns:
        assert set(new[name].dropna()) <= set(X[name].dropna())
    assert len(new.merge(X.drop_duplicates(), how="left", indicator=True).query("_merge == 'both'")) < 30


def test_cart_leaves_as_many_cells_missing_as_there_were_and_where_they_were():
    X, y = mixed(1500)
    X["late"] = X["x"].where(X["x"] < 1)
    new, _ = SequentialCART(0).fit(X, y).sample(y=y)
    for name in ("gap", "text"):
        assert new[name].isna().mean() == pytest.approx(X[name].isna().mean(), abs=0.04)
    assert new["late"].isna().eq(new["x"] >= 1).mean() > 0.98


def test_cart_knows_how_numbers_depend_on_each_other_whatever_their_unit():
    X, y = mixed(600)
    for unit in (1e-12, 1.0, 1e12):
        new, _ = SequentialCART(0).fit(X[["x", "gap"]] * unit, y).sample(y=y)
        present = new["gap"].notna()
        assert np.corrcoef(new["x"][present], new["gap"][present])[0, 1] > 0.95


def test_cart_draws_from_leaves_of_at_least_five_rows():
    y = pd.Series([0, 1] * 10)
    X = pd.DataFrame({"x": np.arange(20.0)})
    drawn = SequentialCART(0).fit(X, y).sample(y=pd.Series([1] * 500))[0]["x"]
    assert drawn.nunique() >= 5


def test_the_seed_decides_the_rows_of_cart_and_global_randomness_does_not():
    X, y = mixed()
    first, again, other = (SequentialCART(seed).fit(X, y).sample(y=y)[0] for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)
    before = np.random.get_state()[1].copy()
    SequentialCART(0).fit(X, y).sample(y=y)
    assert (np.random.get_state()[1] == before).all()


def test_cart_takes_constant_and_empty_columns_few_rows_and_no_label_at_all():
    y = pd.Series([0, 0, 1])
    X = pd.DataFrame({"same": 7, "empty": np.nan, "none": pd.Series([None] * 3, dtype=object)}, index=range(3))
    model = SequentialCART(0).fit(X, y)
    new, _ = model.sample(y=pd.Series([1, 1, 0, 0]))
    assert (new["same"] == 7).all()
    assert new[["empty", "none"]].isna().all(axis=None)
    nothing, labels = model.sample(y=y.head(0))
    assert nothing.shape == (0, 3)
    assert nothing.dtypes.to_dict() == X.dtypes.to_dict()
    assert len(labels) == 0


# ---- the peers' doors ----


def test_every_peer_is_a_method_and_a_model_of_its_interpreter():
    assert set(PEERS) == set(MODELS)
    for name in PEERS:
        assert isinstance(methods.METHODS[name].make(methods.Setting(0, "logistic", "python"), None), PeerSampler)


def test_versions_leave_out_what_is_not_installed(monkeypatch):
    assert {"mostlyai-engine", "nrgboost"} <= set(peer.PACKAGES)
    monkeypatch.setattr(peer, "PACKAGES", ("numpy", "no-such-package"))
    assert peer.read_package_versions() == {"numpy": np.__version__}


def test_rows_are_read_with_text_as_text_and_empty_numbers_as_gaps(tmp_path):
    file = tmp_path / "rows"
    file.write_text('c0,c1,c2,label\n1,1.5,NA,0\n2,,"",1\n')
    rows = read_rows(str(file), ["c2", "label"])
    assert rows["c0"].dtype == "int64"
    assert rows["c1"].isna().tolist() == [False, True]
    assert rows["c2"].tolist() == ["NA", ""]
    assert rows["label"].tolist() == ["0", "1"]


def test_a_conditional_peer_is_asked_for_each_row_by_its_label():
    rows = sample_given_labels(lambda labels: labels.assign(c0=1.0), "label", {"0": 2, "1": 3})
    assert rows["label"].tolist() == ["0", "0", "1", "1", "1"]


@pytest.mark.parametrize("model", MODELS)
def test_gaps_reach_the_peers_that_take_them_and_columns_may_come_back_in_any_order(model, monkeypatch):
    seen = {}

    def fake(python, argument, module, name):
        job = json.loads(Path(argument).read_text())
        table = seen["table"] = read_rows(job["train"], job["discrete"])
        made = table[table["label"] == "1"].astype({"c3": int})  # a peer may call whole numbers integers
        made.iloc[:, ::-1].to_csv(job["synthetic"], index=False)
        return ""

    monkeypatch.setattr(peers, "run_peer", fake)
    X, y = mixed()
    new, labels = PeerSampler(model, 0, "python").fit(X, y).sample(y=methods.make_balancing_labels(y))
    assert seen["table"]["c1"].isna().any() == (model in TAKING_GAPS)
    real = X[y == 1].reset_index(drop=True)
    columns = ["x", "whole", "rounded", "text"]
    pd.testing.assert_frame_equal(new[columns], real[columns])
    assert (labels == 1).all()


def test_a_peer_is_not_started_for_no_rows(monkeypatch):
    monkeypatch.setattr(peers, "run_peer", lambda *_: pytest.fail("started"))
    X, y = mixed()
    new, labels = PeerSampler("tabular_argn", 0, "python").fit(X, y).sample(y=y.head(0))
    assert len(new) == len(labels) == 0


# ---- the peers themselves ----


def installed(model):
    package = {"tabular_argn": "mostlyai", "arf": "arfpy", "nrgboost": "nrgboost"}.get(model, "ctgan")
    return util.find_spec(package) is not None


@pytest.mark.parametrize("model", CONDITIONAL)
def test_a_conditional_peer_makes_the_rows_that_are_wanted(model):
    if not installed(model):
        pytest.skip(f"{model} is not installed beside ganaug")
    X, y = mixed(100)
    new, labels = PeerSampler(model, 0, sys.executable).fit(X, y).sample(y=pd.Series([1] * 7 + [0] * 3))
    assert labels.value_counts().to_dict() == {1: 7, 0: 3}
    assert list(new.columns) == list(X.columns)


@pytest.mark.parametrize("model", [name for name in MODELS if name not in CONDITIONAL])
def test_a_peer_that_is_not_installed_is_named(model, tmp_path, monkeypatch):
    if installed(model):
        pytest.skip(f"{model} is installed beside ganaug")
    file = tmp_path / "rows"
    file.write_text("c0,label\n1,0\n2,1\n")
    job = {"train": str(file), "model": model, "discrete": ["label"], "seed": 0}
    (tmp_path / "job").write_text(json.dumps(job))
    monkeypatch.setattr(sys, "argv", ["peer", str(tmp_path / "job")])
    with pytest.raises(SystemExit, match=r"is not installed for .*--peer-python"):
        run_job(gain_peer.do_job)
