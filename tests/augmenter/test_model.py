"""The model file: all of the model, none of the rows."""

from __future__ import annotations

import copy
import json
import time
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from scipy.spatial import cKDTree
from small import JUDGED, digest, numbers, quick_augmenter, same_rows

from ganaug import GANAugmenter, ModelFileError, ParameterError
from ganaug.augmenter.model import _make_expect
from ganaug.augmenter.options import MODALITIES
from ganaug.table import TABLE
from ganaug.training import checkpoint

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")

LEARNED = [
    "classes_",
    "class_prior_",
    "n_features_in_",
    "feature_names_in_",
    "history_",
    "filters_",
    "diversity_",
    "schema_",
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def plain(value):
    return json.dumps(value, default=lambda array: [str(array.dtype), array.tolist()], sort_keys=True)


def test_loaded_model_is_the_saved_one(judged_augmenter, path):
    judged_augmenter.save(path)
    loaded = GANAugmenter.load(path)
    for name in LEARNED:
        assert plain(getattr(loaded, name)) == plain(getattr(judged_augmenter, name)), name
    assert same_rows(loaded.sample(300), judged_augmenter.sample(300))
    assert same_rows(loaded.sample({"leaves": 9}), judged_augmenter.sample({"leaves": 9}))
    assert loaded.random_state == 0 and loaded.max_steps == 60


def test_loaded_model_resamples_like_the_saved_one(judged_augmenter, path, toy_table):
    judged_augmenter.save(path)
    loaded, fitted = GANAugmenter.load(path), copy.deepcopy(judged_augmenter)
    assert same_rows(loaded.resample(*toy_table), fitted.resample(*toy_table))
    assert loaded.resampled_ == fitted.resampled_


def test_a_loaded_model_saves_the_same_file(judged_augmenter, path, tmp_path):
    judged_augmenter.save(path)
    again, once_more = tmp_path / "again.safetensors", tmp_path / "once more.safetensors"
    GANAugmenter.load(path).save(again)
    GANAugmenter.load(again).save(once_more)
    assert once_more.read_bytes() == again.read_bytes()
    (tensors, metadata), (other_tensors, other) = contents(path), contents(again)
    assert tensors.keys() == other_tensors.keys()
    assert all(torch.equal(tensor, other_tensors[name]) for name, tensor in tensors.items())
    metadata["facts"].pop("params"), other["facts"].pop("params")  # a mapping of strengths stays behind
    assert metadata | {"sha256": ""} == other | {"sha256": ""}


@pytest.mark.parametrize(
    "options",
    [
        {"sampling_strategy": {0: 25, 1: 30}},
        {"sampling_strategy": {np.int64(1): 30}},
        {"filters": {"density_ratio": 0.5}},
        {"filters": ["density_ratio"]},
    ],
)
def test_plain_options_survive_the_file(path, options):
    X, y = numbers(40)
    augmenter = quick_augmenter(**options).fit(X, y)
    augmenter.save(path)
    loaded = GANAugmenter.load(path)
    for name, value in options.items():
        assert getattr(loaded, name) == value
    assert digest(*loaded.resample(X, y)) == digest(*augmenter.resample(X, y))


def test_saving_changes_nothing(judged_augmenter, path):
    augmenter = copy.deepcopy(judged_augmenter)
    before = digest(*augmenter.sample(30)), set(vars(augmenter))
    augmenter.save(path)
    assert (digest(*augmenter.sample(30)), set(vars(augmenter))) == before


@pytest.mark.parametrize(
    "y",
    [
        np.array(["no", "yes"])[np.arange(40) % 2],
        pd.Series(pd.Categorical(["b", "a"] * 20, categories=["z", "b", "a"]), name="k"),
        np.eye(3, dtype=np.int8)[np.arange(40) % 2],
        [True, False] * 20,
    ],
    ids=["text", "category", "one-hot", "list"],
)
def test_labels_survive_the_file(path, y):
    X, _ = numbers(40)
    augmenter = quick_augmenter().fit(X, y)
    augmenter.save(path)
    assert same_rows(GANAugmenter.load(path).sample(20), augmenter.sample(20))


def test_options_that_are_code_or_places_stay_behind(path):
    augmenter = quick_augmenter(
        loss="hinge",
        optimizer=lambda parameters, lr: torch.optim.SGD(parameters, lr=lr),
        learning_rate=np.float64(0.01),
        sampling_strategy=lambda y: {},
        checkpoint_path=path.with_suffix(".checkpoint"),
        verbose=0,
    ).fit(*numbers(40))
    augmenter.save(path)
    loaded = GANAugmenter.load(path)
    assert (loaded.loss, loaded.learning_rate, loaded.width) == ("hinge", 0.01, 8)
    defaults = GANAugmenter().get_params()
    for name in ("optimizer", "sampling_strategy", "checkpoint_path", "device"):
        assert getattr(loaded, name) == defaults[name]
    text = path.read_bytes()
    assert b"lambda" not in text and b"cpu" not in text and str(path.parent).encode() not in text


def test_a_modality_of_ones_own_is_given_to_load(path):
    mine = replace(TABLE, name="mine")
    augmenter = quick_augmenter(modality=mine).fit(*numbers(40))
    augmenter.save(path)
    with pytest.raises(ModelFileError, match="'mine' data, which this version does not know; known: image, table"):
        GANAugmenter.load(path)
    loaded = GANAugmenter.load(path, modality=mine)
    assert same_rows(loaded.sample(10), augmenter.sample(10))


# No training row


def contents(path):
    """(tensors, metadata) of a model file, read without ganaug."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["ganaug"])  # noqa: SIM118


def numbers_in(value):
    """Every list in some JSON, numbers that are spelled as text included."""
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers_in(part)
    elif isinstance(value, list):
        yield np.array([float(part) for part in value if isinstance(part, int | float)])
        for part in value:
            yield from numbers_in(part)


def leaks(path, rows):
    """Where a file holds a row of numbers: as neighbours in a tensor, or anywhere in one list."""
    tree, d = cKDTree(rows), rows.shape[1]
    tensors, metadata = contents(path)
    for name, tensor in tensors.items():
        flat = tensor.double().flatten().numpy()
        windows = np.lib.stride_tricks.sliding_window_view(flat, d) if len(flat) >= d else np.empty((0, d))
        if np.isfinite(tree.query(windows[np.isfinite(windows).all(1)], distance_upper_bound=1e-5)[0]).any():
            yield name
    for listed in numbers_in(metadata):
        held = np.abs(rows[:, :, None] - listed[None, None, :]).min(2, initial=np.inf) < 1e-5
        if held.all(1).any():
            yield "metadata"


def unique_rows(n=500):
    rng = np.random.default_rng(0)
    return np.column_stack([rng.random(n), 100 + 10 * rng.random(n), 1000 + 200 * rng.random(n)]), np.arange(n) % 2


@pytest.fixture(scope="module")
def fitted_to_unique_rows():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return quick_augmenter(filters=JUDGED, max_steps=30, batch_size=64).fit(*unique_rows())


def encoded(augmenter, X):
    encoder = augmenter.model_.encoder
    return encoder.features(encoder.transform(X, np.random.default_rng(0))).double().numpy()


@pytest.mark.promise("no training row")
def test_no_row_of_training_is_in_the_file(fitted_to_unique_rows, path):
    X, _ = unique_rows()
    fitted_to_unique_rows.save(path)
    assert list(leaks(path, X)) == []
    assert list(leaks(path, encoded(fitted_to_unique_rows, X))) == []


@pytest.mark.promise("no training row")
def test_no_row_of_text_is_in_the_file(path):
    rng = np.random.default_rng(1)
    X = pd.DataFrame({name: [f"{name}{i}" for i in rng.permutation(200)] for name in ("u", "v")})
    X["w"] = rng.normal(size=200)
    y = np.arange(200) % 2
    augmenter = quick_augmenter(column_kinds={"u": "category", "v": "category"}).fit(X, y)
    augmenter.save(path)
    _, metadata = contents(path)
    pairs = set(zip(X["u"], X["v"], strict=True))

    def walk(value):
        if isinstance(value, dict):
            walk(list(value.items()))
        elif isinstance(value, list | tuple):
            held = {part for part in value if isinstance(part, str)}
            assert not any(u in held and v in held for u, v in pairs)
            for part in value:
                walk(part)

    walk(metadata)


@pytest.mark.promise("no training row")
@pytest.mark.parametrize("place", ["tensor", "list", "scattered"])
def test_a_row_that_is_in_the_file_would_be_found(fitted_to_unique_rows, path, place):
    X, _ = unique_rows()
    model = copy.deepcopy(fitted_to_unique_rows.model_)
    if place == "tensor":
        model.history[5, 1:] = torch.from_numpy(X[77]).float()
        X = X.astype(np.float32).astype(float)
    else:
        row = X[77].tolist()
        model.facts["planted"] = {"list": row, "scattered": [3, row[2], "a", row[0], 1.5, row[1]]}[place]
    model.save(path)
    assert list(leaks(path, X)) == ["history" if place == "tensor" else "metadata"]


# Other files


def test_a_checkpoint_is_no_model(monkeypatch, path, tmp_path):
    left = tmp_path / "left"
    monkeypatch.setattr(checkpoint.Checkpoint, "remove", lambda self: None)
    quick_augmenter(checkpoint_path=left).fit(*numbers(40))
    with pytest.raises(ModelFileError, match="left is a checkpoint of ganaug, not a model"):
        GANAugmenter.load(left)


@pytest.mark.promise("crafted")
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "does not exist"),
        (b"", "an empty file"),
        (b"a,b\n1,2\n", "text file, such as CSV, not a ganaug model"),
        (b"\x80\x04\x95", "a pickle, which can run code"),
        (b"PK\x03\x04", "a zip archive"),
    ],
)
def test_other_files_are_refused_kindly(path, content, complaint):
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelFileError, match=complaint) as caught:
        GANAugmenter.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.promise("mutated")
def test_a_file_cut_short_or_changed_is_refused(judged_augmenter, path):
    judged_augmenter.save(path)
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[: len(whole) // 2], whole[:-9] + b"\x00" + whole[-8:], whole + b"x"):
        path.write_bytes(damaged)
        with pytest.raises(ModelFileError, match="is damaged"):
            GANAugmenter.load(path)


def crafted(augmenter, path, change):
    """Save a model whose facts were changed by hand; the checksum is sound."""
    augmenter.save(path)
    model = GANAugmenter.load(path).model_
    change(model)
    model.save(path)


def numbers_of(model):
    return [column for column in model.encoder.columns if column.kind == "numeric" and not column.step]


CRAFTED = {
    "an option that is none": lambda model: model.facts.update(params={"loss": "hinge", "colour": "red"}),
    "options that are no mapping": lambda model: model.facts.update(params=[1, 2]),
    "a file that a later fit would write": lambda model: model.facts["params"].update(checkpoint_path="planted"),
    "a device": lambda model: model.facts["params"].update(device="cpu"),
    "facts that are missing": lambda model: model.facts.pop("filters"),
    "scores that are text": lambda model: model.facts.update(scores="many"),
    "scores that are no pairs": lambda model: model.facts.update(scores=[[]]),
    "decimals to be rounded to for seconds": lambda model: numbers_of(model)[0].__setattr__("decimals", 2**31 - 1),
    "notes that are no mapping": lambda model: model.encoder.container.update(attrs=[1]),
    "decimals that are text": lambda model: model.encoder.container.update(attrs={"decimals": {"age": "x"}}),
    "an order of lists": lambda model: model.encoder.container.update(attrs={"column_order": [["age"]]}),
    "labels that do not fit": lambda model: model.labels.container.update(dtype={"dtype": "nonsense"}),
}


@pytest.mark.promise("forged")
@pytest.mark.parametrize("change", CRAFTED.values(), ids=CRAFTED)
def test_a_file_made_up_by_somebody_is_refused_by_name(judged_augmenter, path, change):
    crafted(judged_augmenter, path, change)
    started = time.process_time()
    with pytest.raises(ModelFileError):
        GANAugmenter.load(path)
    assert time.process_time() - started < 1


COSTLY = {"latent_dim": 500_000, "width": 8193, "n_classes": 100_000, "spectral_norm": 2, "kind": ["mlp"]}


@pytest.mark.promise("forged")
@pytest.mark.parametrize("name", COSTLY)
def test_no_file_has_networks_that_nobody_may_ask_for(judged_augmenter, path, name):
    judged_augmenter.save(path)
    _, metadata = contents(path)
    metadata["architecture"][name] = COSTLY[name]
    with pytest.raises(ParameterError, match=f"^The '{name}' parameter of Architecture must be "):
        _make_expect(path, MODALITIES, [])(metadata)


def test_a_file_crafted_without_a_change_is_sound(judged_augmenter, path):
    """Or the crafted ones would prove nothing."""
    crafted(judged_augmenter, path, lambda model: None)
    assert GANAugmenter.load(path).sample(5)[0].equals(judged_augmenter.sample(5)[0])


@pytest.mark.promise("forged")
def test_the_same_judge_a_thousand_times_is_refused(judged_augmenter, path):
    crafted(judged_augmenter, path, lambda model: setattr(model, "judges", model.judges[:1] * 1000))
    with pytest.raises(ModelFileError, match="it has the same filter twice"):
        GANAugmenter.load(path)


def test_a_judge_that_nobody_knows_is_refused(judged_augmenter, path):
    crafted(judged_augmenter, path, lambda m: setattr(m, "judges", [replace(m.judges[0], name="oracle")]))
    with pytest.raises(ModelFileError, match="has the filter 'oracle', which this version does not know; known: den"):
        GANAugmenter.load(path)
