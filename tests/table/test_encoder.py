"""Tables to tensors and back: exactly on real rows, and never impossible on generated ones."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from possible import assert_possible, assert_same_form, plain_of
from promises import examples
from real_life import TABLES, lists, mixed_units, nullable, sensors, shop, streets
from strategies import frames, unhurried

from ganaug.data.dtypes import describe_dtype, split
from ganaug.errors import DataError, DataWarning, ParameterError
from ganaug.layers import initialise
from ganaug.modality import Architecture
from ganaug.table.columns import Category, Constant, Identifier, Number
from ganaug.table.encoder import TableEncoder
from ganaug.table.followers import Calculated, Determined
from ganaug.table.networks import table_generator

EXACT_STEPS = 10_000  # whole numbers and dates with more steps in their range are kept to a millionth of it


def rng(seed=0):
    return np.random.default_rng(seed)


def fitted(X, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return TableEncoder(**options).fit(X, rng())


def fitted_if_learnable(X):
    try:
        return fitted(X)
    except DataError as error:
        assert "No column can be learned from: all are constant or identifiers" in str(error)
        return None


def reborn(encoder):
    return TableEncoder.from_json(json.loads(json.dumps(encoder.to_json(), allow_nan=False)))


def there_and_back(encoder, X):
    return encoder.inverse_transform(encoder.transform(X, rng(1)), 0, 1)


def generated(encoder, n, seed=0):
    """Rows of an untrained generator with outputs large and small."""
    architecture = Architecture(latent_dim=8, width=16, n_classes=2)
    torch_rng = torch.Generator().manual_seed(seed)
    generator = initialise(table_generator(encoder.to_json(), architecture), torch_rng).eval()
    z, noise = torch.randn(n, 8, generator=torch_rng), torch.rand(n, generator.noise_dim, generator=torch_rng)
    with torch.no_grad():
        x = generator.sample(10 * z, torch.arange(n) % 2, noise)
    x[:, encoder.layout.n_states :] *= 3
    return x


def assert_close(found, frame, encoder):
    """Every cell of `found` is that of `frame`, as far as promised."""
    assert_same_form(found, frame)
    for name, column, dtype in zip(frame.columns, encoder.columns, encoder.dtypes, strict=True):
        if isinstance(column, Identifier):
            continue
        (back, gaps), (real, real_gaps) = (plain_of(table[name], dtype) for table in (found, frame))
        if draws(column, encoder):
            drawn, seen = ({(type(v), v) for v in table[name].dropna()} for table in (found, frame))
            assert drawn <= seen, repr(name)
            continue
        assert np.array_equal(gaps, real_gaps), f"{name!r} has other gaps"
        if comes_back_exactly(column, encoder):
            assert [(type(v), v) for v in back.tolist()] == [(type(v), v) for v in real.tolist()], repr(name)
        else:
            slack = 2e-6 if frame[name].dtype in ("float32", "Float32") else 1e-6  # rounded once more
            slack *= 1 + 2 * isinstance(column, Calculated)  # the errors of its parts add up
            largest = slack * span_of(column) + (column.step or np.spacing(np.abs(real) / 2))
            assert np.all(np.abs(halves(back) - halves(real)) <= largest), f"{name!r} is off"


def comes_back_exactly(column, encoder):
    """Whether a column, or all that it is calculated from, has values few enough to be kept exactly."""
    if isinstance(column, Calculated):
        return all(comes_back_exactly(encoder.columns[i], encoder) for i in column.by)
    return not isinstance(column, Number) or (column.step and span_of(column) // column.step <= EXACT_STEPS)


def draws(column, encoder):
    """Whether rare values of a column are drawn, or follow those that are."""
    column = encoder.columns[column.by] if isinstance(column, Determined) else column
    return isinstance(column, Category) and (column.pooled or not all(column.counts))


def span_of(column):
    low, high = column.limits
    return high - low if column.step else high / 2 - low / 2


def halves(values):
    """Numbers whose differences neither overflow nor round."""
    return values / 2 if values.dtype.kind == "f" else values.astype(object)


# --- promises that hold for any table ---


@pytest.mark.promise("round trip")
@examples(5000, suite=100)
@given(frames())
def test_a_table_comes_back_as_it_was(attempt, frame):
    attempt()
    encoder = fitted_if_learnable(frame)
    if encoder is None:
        return
    x = encoder.transform(frame, rng(1))
    seen = encoder.expand(x)
    assert seen.dtype == torch.float32 and torch.isfinite(seen).all()
    assert seen.shape == (len(frame), encoder.layout.width)
    assert torch.equal(encoder.features(seen), encoder.features(x))
    assert torch.equal(encoder.pack(seen), x)
    assert_close(encoder.inverse_transform(x, 0, 1), frame, encoder)


def test_a_copy_of_a_column_comes_back_as_close_as_the_column():
    values = np.random.default_rng(0).standard_cauchy(22)
    frame = pd.DataFrame({"a": values, "b": values})
    encoder = fitted(frame)
    assert isinstance(encoder.columns[1], Calculated)
    assert_close(there_and_back(encoder, frame), frame, encoder)


@pytest.mark.promise("possible rows")
@examples(1000, suite=100)
@given(frames(), st.integers(0, 1000))
def test_whatever_is_generated_is_possible(attempt, frame, seed):
    attempt(100)
    encoder = fitted_if_learnable(frame)
    if encoder is not None:
        x = generated(encoder, 100, seed)
        assert_possible(encoder.inverse_transform(x, 0, seed), frame, encoder)


@pytest.mark.promise("round trip")
@unhurried
@given(frames(max_rows=60))
def test_an_encoder_from_json_decodes_the_same(frame):
    encoder = fitted_if_learnable(frame)
    if encoder is None:
        return
    again = reborn(encoder)
    assert again.to_json() == encoder.to_json() and again.layout == encoder.layout
    x = generated(encoder, 50)
    pd.testing.assert_frame_equal(
        again.inverse_transform(x, 5, 7), encoder.inverse_transform(x, 5, 7), check_exact=True
    )
    assert torch.equal(again.transform(frame, rng()), encoder.transform(frame, rng()))


@unhurried
@given(frames(max_rows=30), st.integers(0, 100))
def test_copies_are_the_rows_that_equal_a_real_one(frame, seed):
    encoder = fitted_if_learnable(frame)
    if encoder is None:
        return
    half = frame.iloc[: max(1, len(frame) // 2)]
    made = encoder.inverse_transform(generated(encoder, 20, seed), 0, seed)
    both = pd.concat([made, frame], ignore_index=True).astype(frame.dtypes.to_dict())
    compared = [n for n, c in zip(frame, encoder.columns, strict=True) if not isinstance(c, Identifier)]

    def cells(table):
        parts = [split(table[name], describe_dtype(frame[name])) for name in compared]
        columns = [[None if gap else (v.__class__, v) for v, gap in zip(p.tolist(), m, strict=True)] for p, m in parts]
        return list(zip(*columns, strict=True))

    known = set(cells(half))
    assert encoder.copies(half, both).tolist() == [row in known for row in cells(both)]


@unhurried
@given(frames(max_rows=60), st.integers(1, 49))
def test_fewer_rows_are_the_start_of_more(frame, n):
    encoder = fitted_if_learnable(frame)
    if encoder is not None:
        x = generated(encoder, 50)
        few, many = encoder.inverse_transform(x[:n], 10, 3), encoder.inverse_transform(x, 10, 3)
        pd.testing.assert_frame_equal(few, many[:n], check_exact=True)


@unhurried
@given(frames(max_rows=60), st.integers(0, 1))
def test_no_rows_and_one_row_are_decoded_like_many(frame, n):
    encoder = fitted_if_learnable(frame)
    if encoder is not None:
        many = encoder.inverse_transform(generated(encoder, 3), 0, 0)
        found = encoder.inverse_transform(generated(encoder, 3)[:n], 0, 0)
        pd.testing.assert_frame_equal(found, many[:n], check_exact=True)
        assert_same_form(encoder.join([found, many]), frame)


# --- tables of real life, ten thousand rows of each ---


@pytest.mark.promise("possible rows")
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_ten_thousand_generated_rows_are_possible(table, attempt):
    attempt(10_000)
    frame = table()
    encoder = fitted(frame, column_kinds={"zip": "category"} if "zip" in frame else None)
    assert_possible(encoder.inverse_transform(generated(encoder, 10_000), 0, 0), frame, encoder)


@pytest.mark.promise("round trip")
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_tables_of_real_life_come_back(table):
    frame = table().drop(columns=["street", "rare"], errors="ignore")
    encoder = fitted(frame)
    assert_close(there_and_back(encoder, frame), frame, encoder)


def test_columns_that_follow_others_follow_them_in_every_generated_row():
    for frame, pairs in ((shop(), [("city", "country")]), (streets(), [("street", "town"), ("town", "county")])):
        encoder = fitted(frame)
        found = encoder.inverse_transform(generated(encoder, 5000), 0, 0)
        for by, follows in pairs:
            finer, coarser = (encoder.columns[frame.columns.get_loc(name)] for name in (by, follows))
            assert coarser.kind == "determined" or finer.within == frame.columns.get_loc(follows)
            seen = set(map(tuple, frame[[by, follows]].astype(object).where(frame.notna(), None).to_numpy()))
            assert set(map(tuple, found[[by, follows]].astype(object).where(found.notna(), None).to_numpy())) <= seen


def test_pooled_values_are_drawn_as_often_as_they_occurred():
    words = np.repeat([f"w{i}" for i in range(300)], np.arange(300) + 1)
    encoder = fitted(pd.DataFrame({"word": words}))
    found = there_and_back(encoder, pd.DataFrame({"word": words}))["word"].value_counts()
    pooled = sorted(encoder.columns[0].values[encoder.columns[0].own :])
    wanted = pd.Series(words).value_counts()
    assert found[pooled].sum() == wanted[pooled].sum()
    assert np.corrcoef(found[pooled], wanted[pooled])[0, 1] > 0.95


# --- containers ---


@pytest.mark.parametrize(
    "array",
    [
        rng().normal(size=(50, 3)),
        rng().normal(size=(50, 3)).astype("float32"),
        rng().normal(size=(50, 3)).astype(">f8"),
        rng().integers(0, 1000, (50, 3)),
        rng().integers(0, 200, (50, 3)).astype("uint8"),
        rng().integers(2**63, 2**63 + 99, (50, 3), dtype=np.uint64),
        rng().random((50, 3)) < 0.5,
        np.where(rng().random((50, 3)) < 0.2, np.nan, 1.5),
        rng().choice(["a", "bc", "☕"], (50, 3)),
        np.datetime64("2020") + rng().integers(0, 99, (50, 3)),
        np.asfortranarray(rng().normal(size=(50, 3))),
    ],
    ids=lambda a: f"{a.dtype.str}",
)
def test_arrays_come_back_as_arrays(array):
    encoder = fitted(array)
    found = there_and_back(encoder, array)
    assert isinstance(found, np.ndarray) and found.dtype == array.dtype and found.shape == array.shape
    if array.dtype.kind == "f":
        np.testing.assert_allclose(found, array, rtol=0, atol=1e-5)
    else:
        assert np.array_equal(found, array)
    joined = encoder.join([found, found[:0], found])
    assert np.array_equal(joined, np.concatenate([found, found]), equal_nan=array.dtype.kind == "f")
    assert encoder.copies(array, array).all()
    assert encoder.copies(array[:2], array[2:3]).shape == (1,)


def test_object_arrays_and_lists_keep_the_type_of_each_cell():
    row = [1, "a", 1.5, True, None, pd.Timestamp("2020-01-01"), "1"]
    other = [2, "b", 2.5, False, "x", pd.Timestamp("2021-01-01"), 1]
    table = [row, other] * 20
    for X in (table, np.asarray(table, dtype=object)):
        found = there_and_back(fitted(X), X)
        assert found.dtype == object
        assert found.tolist() == table
        assert [list(map(type, r)) for r in found] == [list(map(type, r)) for r in table]


def test_numbers_beside_text_in_a_list_stay_numbers():
    table = [[1, "a", 0.5], [2, "b", 1.5]] * 10
    found = there_and_back(fitted(table), table)
    assert [list(map(repr, row)) for row in found] == [list(map(repr, row)) for row in table]


def test_a_list_of_numbers_comes_back_as_an_array_of_numbers():
    found = there_and_back(fitted([[1, 2], [3, 4]] * 5), [[1, 2], [3, 4]])
    assert found.tolist() == [[1, 2], [3, 4]] and found.dtype == np.array([1]).dtype


def test_identifiers_are_looked_for_in_frames_only():
    keys = np.column_stack([np.arange(50), rng().normal(size=50)])
    frame = pd.DataFrame({"id": np.arange(50), "x": rng().normal(size=50)})
    assert [c.kind for c in fitted(frame).columns] == ["identifier", "numeric"]
    assert [c.kind for c in fitted(keys).columns] == ["numeric", "numeric"]
    assert fitted(np.array([[f"n{i}"] for i in range(50)])).columns[0].kind == "category"


def test_identifiers_are_named_in_a_warning():
    with pytest.warns(DataWarning, match=r"'order' names rows and is not learned; .*column_kinds"):
        TableEncoder().fit(shop(), rng())


def test_fresh_identifiers_go_on_from_chunk_to_chunk():
    encoder = fitted(shop())
    x = generated(encoder, 30)
    whole = encoder.inverse_transform(x, 100, 0)["order"].tolist()
    parts = [*encoder.inverse_transform(x[:20], 100, 0)["order"], *encoder.inverse_transform(x[20:], 120, 0)["order"]]
    assert whole == parts and len(set(whole)) == 30


def test_the_index_does_not_matter_and_is_not_kept():
    frame = shop()
    odd = frame.set_axis(np.zeros(len(frame)), axis=0)
    assert fitted(odd).to_json() == fitted(frame).to_json()
    assert_same_form(there_and_back(fitted(odd), odd), frame)


NAMES = {
    "emoji": ["🙂", "é", "a b\n", ""],
    "whole numbers": [3, -1, 0, 7],
    "numpy numbers": list(np.array([3, 1, 0, 7])),
    "both": ["1", 1, "a", 0],
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_column_names_are_kept(names):
    frame = pd.DataFrame(rng().normal(size=(30, 4))).set_axis(pd.Index(names, dtype=object), axis=1)
    encoder = reborn(fitted(frame))
    assert encoder.inverse_transform(generated(encoder, 3), 0, 0).columns.tolist() == names


def test_the_title_of_the_columns_is_kept():
    frame = pd.DataFrame(rng().normal(size=(30, 2))).rename_axis(columns="feature")
    assert there_and_back(reborn(fitted(frame)), frame).columns.name == "feature"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "b", "a"], "column name 'a' occurs more than once"),
        ([1, 1, 2], "column name 1 occurs more than once"),
        ([1.5, "a", "b"], "column name 1.5 is a float"),
        ([True, "a", "b"], "column name True is a bool"),
        ([None, "a", "b"], "column name (None|nan) is a"),
        ([("a", 1), ("a", 2), ("b", 1)], r"column name \('a', 1\) is a tuple"),
    ],
)
def test_column_names_that_do_not_tell_columns_apart_are_refused(names, message):
    columns = pd.MultiIndex.from_tuples(names) if isinstance(names[0], tuple) else pd.Index(names, dtype=object)
    with pytest.raises(DataError, match=message):
        fitted(pd.DataFrame(rng().normal(size=(30, 3)), columns=columns))


def test_notes_on_how_cells_were_spelled_are_kept_if_they_are_plain():
    frame = shop()
    sound = {"decimals": {"price": 2}, "column_order": ["city", "price"]}
    frame.attrs = sound | {"missing_text": {"city": object()}, "mine": 1}
    encoder = reborn(fitted(frame))
    found = encoder.inverse_transform(generated(encoder, 3), 0, 0)
    assert found.attrs == encoder.join([found, found]).attrs == sound


# --- options ---


@pytest.mark.parametrize(
    "features", [["b"], [1], [-1], np.array(["b"]), [False, True], np.array([False, True]), ("b",)]
)
def test_categorical_features_are_names_positions_or_a_mask(features):
    frame = pd.DataFrame({"a": rng().normal(size=50), "b": rng().normal(size=50)})
    assert [c.kind for c in fitted(frame, categorical_features=features).columns] == ["numeric", "category"]


def test_a_name_goes_before_a_position():
    frame = pd.DataFrame({1: rng().normal(size=50), 0: rng().normal(size=50)})
    assert [c.kind for c in fitted(frame, categorical_features=[1]).columns] == ["category", "numeric"]


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (["z"], "categorical_features names the column 'z'"),
        ([2], "categorical_features names the column 2"),
        ([-3], "categorical_features names the column -3"),
        ([["a"]], r"categorical_features names the column \['a'\]"),
        ([True], "categorical_features is a mask of 1 entries, but there are 2 columns"),
    ],
)
def test_wrong_categorical_features_are_refused_by_name(features, message):
    frame = pd.DataFrame({"a": rng().normal(size=50), "b": rng().normal(size=50)})
    with pytest.raises(ParameterError, match=message):
        fitted(frame, categorical_features=features)


def test_kinds_of_an_array_are_said_by_position():
    encoder = fitted(rng().integers(0, 50, (200, 2)), column_kinds={1: "category"})
    assert [c.kind for c in encoder.columns] == ["numeric", "category"]


# --- other rows than those of training ---


def test_columns_are_found_by_name_in_any_order():
    frame = shop()
    encoder = fitted(frame)
    swapped = frame[frame.columns[::-1]]
    assert torch.equal(encoder.transform(swapped, rng()), encoder.transform(frame, rng()))
    assert encoder.check(swapped).columns.tolist() == frame.columns.tolist()


def test_missing_and_unknown_columns_are_refused_by_name():
    encoder = fitted(shop())
    with pytest.raises(DataError, match=r"missing \['price'\], unknown \['prize'\]"):
        encoder.check(shop().rename(columns={"price": "prize"}))
    with pytest.raises(DataError, match="X has 3 columns, but 7 were learned"):
        encoder.check(np.zeros((5, 3)))


def test_an_array_and_a_frame_of_the_same_columns_are_the_same():
    array = rng().normal(size=(50, 2))
    encoder = fitted(array)
    frame = pd.DataFrame(array, columns=["a", "b"])
    assert encoder.copies(frame, array).all()
    assert torch.equal(encoder.transform(frame, rng()), encoder.transform(array, rng()))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("city", "Rom", "Column 'city' holds 'Rom' in row 3, which did not occur in training"),
        ("city", None, r"Column 'city' holds (None|nan) in row 3, which did not"),
        ("items", 77, "Column 'items' holds 77 in row 3, which did not"),
        ("price", np.nan, "Column 'price' holds (np.float64.)?nan.* in row 3, which did not"),
        ("price", np.inf, "Column 'price' holds an infinite value"),
        ("price", "cheap", "Column 'price' was float64 in training and is object now"),
    ],
)
def test_a_cell_that_has_no_code_is_refused_by_column_row_and_value(column, value, message):
    encoder, frame = fitted(shop()), shop()[:10]
    frame[column] = frame[column].astype(object)
    frame.loc[3, column] = value
    with pytest.raises(DataError, match=message):
        encoder.transform(frame, rng())


def test_values_beyond_the_pool_are_pooled():
    frame = streets()
    encoder = fitted(frame)
    frame.loc[0, "rare"] = "never seen"
    assert torch.isfinite(encoder.expand(encoder.transform(frame, rng()))).all()


# --- copies ---


def test_equal_numbers_of_different_types_are_no_copies():
    cells = np.array([1, "1", 1.0, True, "True", None, "None", "nan"], dtype=object)
    frame = pd.DataFrame({"x": cells, "y": np.arange(8.0)}).assign(y=0.0)
    encoder = fitted(frame.assign(y=np.arange(8) % 2))
    for i in range(8):
        assert encoder.copies(frame.iloc[[i]], frame).tolist() == [j == i for j in range(8)]


def test_copies_need_every_column_to_agree_but_identifiers():
    frame = shop()
    encoder = fitted(frame)
    other = frame.assign(order="B")
    assert encoder.copies(frame, other).all()
    other.loc[5, "price"] += 1e-9
    assert encoder.copies(frame, other).tolist() == [i != 5 for i in range(len(frame))]


def test_missing_cells_are_equal_whatever_marks_them():
    frame = nullable()
    other = frame.astype({"object": object}).assign(object=frame["object"].where(frame["object"].notna(), np.nan))
    assert fitted(frame).copies(frame, other).all()


def test_copies_do_not_depend_on_how_a_category_is_coded():
    frame = lists()
    other = frame.assign(size=frame["size"].cat.remove_unused_categories(), year=frame["year"].astype("int64"))
    assert fitted(frame).copies(other, frame).all()


def test_neighbouring_floats_are_no_copies():
    frame = pd.DataFrame({"x": [0.1, 1e300, -1.0, 3.0] * 5})
    other = frame.assign(x=np.nextafter(frame["x"], 0))
    assert not fitted(frame).copies(frame, other).any()


# --- tables at the edge ---


def test_one_row_cannot_be_learned_from():
    with pytest.raises(DataError, match="No column can be learned from: all are constant"):
        fitted(pd.DataFrame({"a": [1], "b": ["x"]}))


def test_one_row_of_each_category_is_a_category():
    frame = pd.DataFrame({"x": list("abcdefghij"), "y": np.arange(10.0)})
    encoder = fitted(frame)
    assert_close(there_and_back(encoder, frame), frame, encoder)


def test_constant_and_empty_columns_are_filled_in():
    frame = pd.DataFrame({"a": rng().normal(size=20), "one": 7, "word": "w"}).assign(
        none=None, gap=np.nan, date=pd.NaT, whole=pd.array([None] * 20, dtype="Int64")
    )
    encoder = fitted(frame)
    assert encoder.layout.width == 1
    assert sum(isinstance(c, Constant) for c in encoder.columns) == 6
    assert_close(there_and_back(reborn(encoder), frame), frame, encoder)


def test_ten_thousand_categories_take_a_hundred_states():
    words = [f"w{i}" for i in rng().integers(0, 10_000, 30_000)]
    encoder = fitted(pd.DataFrame({"w": words, "x": rng().normal(size=30_000)}))
    assert encoder.layout.segments == [100]
    found = encoder.inverse_transform(generated(encoder, 5000), 0, 0)
    assert set(found["w"]) <= set(words) and found["w"].nunique() > 100


@pytest.mark.slow
def test_two_thousand_columns_work():
    frame = pd.DataFrame(rng().normal(size=(60, 2000))).set_axis([f"c{i}" for i in range(2000)], axis=1)
    encoder = fitted(frame)
    found = encoder.inverse_transform(generated(encoder, 20), 0, 0)
    assert_possible(found, frame, encoder)
    assert encoder.copies(frame, frame).all()


def test_numbers_only_and_states_only_are_laid_out():
    for frame in (sensors()[[1]], lists()[["size"]]):
        encoder = fitted(frame)
        assert_close(there_and_back(encoder, frame), frame, encoder)
        assert encoder.features(encoder.transform(frame, rng())).shape == (len(frame), 1)


def test_features_are_the_number_of_each_state_and_the_scores():
    frame = shop()
    encoder = fitted(frame)
    x = encoder.expand(encoder.transform(frame, rng()))
    features = encoder.features(x)
    layout = encoder.layout
    assert features.shape == (len(frame), len(layout.segments) + len(layout.gates))
    city = encoder.columns[1]
    assert [city.values[int(i)] for i in features[:, 0]] == frame["city"].tolist()
    assert torch.equal(features[:, len(layout.segments) :], x[:, layout.n_states :])
    assert encoder.n_features == 7


def test_encoding_changes_neither_the_table_nor_global_randomness():
    frame = nullable()
    before, state = frame.copy(deep=True), np.random.get_state()[1].copy()
    encoder = fitted(frame)
    encoder.copies(frame, there_and_back(encoder, frame))
    pd.testing.assert_frame_equal(frame, before)
    assert np.array_equal(np.random.get_state()[1], state)


def test_the_random_numbers_given_decide_where_equal_values_lie():
    frame = mixed_units()
    encoder = fitted(frame)
    assert torch.equal(encoder.transform(frame, rng(5)), encoder.transform(frame, rng(5)))
    assert not torch.equal(encoder.transform(frame, rng(5)), encoder.transform(frame, rng(6)))
