"""Each class is one endless stream: fewer samples are a prefix of more, and counts are exact."""

from __future__ import annotations

import copy
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import same_rows

from ganaug import ParameterError
from ganaug.augmenter import sampling
from ganaug.augmenter.streams import ClassStream, ClassStreams, Source
from ganaug.filters import FILTERS, Filter, Judge
from ganaug.modality import Generator

BLOCK, OVERSAMPLING = Source.block, Source.oversampling

# Streams


class Numbered(Generator):
    """Samples that tell the latent number they come from, and their class."""

    noise_dim = 1

    def sample(self, z, c, noise):
        return torch.stack([z[:, 0], c.float(), noise[:, 0]], dim=1)


def positive(judge, samples):
    """Weigh nothing but rows whose latent number is above zero."""
    return torch.where(samples.features[:, 0] > 0, 0.0, -torch.inf)


@pytest.fixture
def judged(monkeypatch):
    """A source whose only judge drops every candidate with a latent number below zero."""
    monkeypatch.setitem(FILTERS, "positive", Filter(lambda *_: None, positive, "not positive"))
    return source([Judge("positive", (), ())])


def source(judges=()):
    return Source(Numbered(), lambda x: x, list(judges), latent_dim=2)


@given(st.lists(st.integers(0, 2 * BLOCK), min_size=1, max_size=6))
def test_taking_bit_by_bit_is_taking_at_once(sizes):
    stream, whole = ClassStream(source(), 1, 5), ClassStream(source(), 1, 5)
    parts = [stream.take(n) for n in sizes]
    assert [len(part) for part in parts] == sizes
    assert torch.equal(torch.cat(parts), whole.take(sum(sizes)))


@given(st.integers(0, 3 * BLOCK), st.integers(0, BLOCK))
def test_a_stream_may_begin_anywhere(first, n):
    whole = ClassStream(source(), 1, 5).take(first + n)
    assert torch.equal(ClassStream(source(), 1, 5, first).take(n), whole[first:])


def test_a_stream_that_begins_late_makes_only_the_blocks_it_needs():
    stream = ClassStream(source(), 1, 5, 10**12 + 7)
    parts = torch.cat([stream.take(3), stream.take(0), stream.take(4)])
    assert torch.equal(parts, ClassStream(source(), 1, 5, 10**12 + 7).take(7))
    assert stream.next_block == 10**12 // BLOCK + 1


def test_a_judged_stream_keeps_its_promises_too(judged):
    stream, whole = ClassStream(judged, 0, 5), ClassStream(judged, 0, 5)
    parts = torch.cat([stream.take(n) for n in (1, 0, 100, 64, 300)])
    assert torch.equal(parts, whole.take(465))
    assert (parts[:, 0] > 0).all() and len(torch.unique(parts[:, 0])) == 465


def test_candidates_come_of_the_draws_of_a_cpu_generator():
    codes, rng = torch.tensor([1, 0, 1]), rng_of(7)
    z, noise = torch.randn(3, 2, generator=rng), torch.rand(3, 1, generator=rng)
    assert torch.equal(source().candidates(codes, rng_of(7)), Numbered().sample(z, codes, noise))


class Elsewhere(Numbered):
    """On a device that is not the CPU; notes the devices of what it gets."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(1, device="meta"))
        self.seen = []

    def sample(self, z, c, noise):
        self.seen = [tensor.device.type for tensor in (z, c, noise)]
        return torch.zeros(len(c), 3)


def test_a_generator_generates_on_its_own_device_from_the_same_draws():
    generator, rng, same = Elsewhere(), rng_of(7), rng_of(7)
    made = Source(generator, lambda x: x, [], latent_dim=2).candidates(torch.tensor([1, 0, 1]), rng)
    source().candidates(torch.tensor([1, 0, 1]), same)
    assert generator.seen == ["meta"] * 3 and made.device.type == "cpu"
    assert torch.equal(rng.get_state(), same.get_state())


def rng_of(seed):
    return torch.Generator().manual_seed(seed)


def test_dropped_candidates_are_counted_by_reason(judged):
    streams = ClassStreams(judged, 0)
    assert streams.dropped() == {}
    kept = BLOCK // OVERSAMPLING
    streams.take(np.repeat([0, 1], [kept + 1, kept]))  # two blocks of one class, one of the other
    assert streams.dropped() == {"not positive": 3 * (BLOCK - kept)}


def test_a_judge_that_rejects_everything_does_not_hang(monkeypatch):
    never = Filter(lambda *_: None, lambda judge, samples: torch.full((len(samples.codes),), -torch.inf), "never")
    monkeypatch.setitem(FILTERS, "none", never)
    taken = ClassStream(source([Judge("none", (), ())]), 0, 0).take(500)
    assert len(torch.unique(taken[:, 0])) == 500


def test_classes_and_seeds_have_streams_of_their_own():
    first = [ClassStream(source(), code, seed).take(20)[:, 0] for code in (0, 1) for seed in (0, 1)]
    assert len({tuple(part.tolist()) for part in first}) == 4


def test_rows_come_in_the_order_that_was_asked_for():
    codes = np.random.default_rng(0).integers(0, 3, 400)
    x = ClassStreams(source(), 7).take(codes)
    assert np.array_equal(x[:, 1].numpy(), codes)
    for code in range(3):
        mine = torch.from_numpy(codes == code)
        assert torch.equal(x[mine], ClassStream(source(), code, 7).take(int(mine.sum())))


def test_no_codes_give_no_rows_of_the_right_shape():
    assert ClassStreams(source(), 7).take(np.empty(0, dtype=np.int64)).shape == (0, 3)


def test_a_stream_goes_on_where_it_stopped():
    streams = ClassStreams(source(), 7)
    codes = np.array([0, 1, 1, 0, 1])
    parts = torch.cat([streams.take(codes[:2]), streams.take(codes[2:])])
    assert torch.equal(parts, ClassStreams(source(), 7).take(codes))


# Through GANAugmenter

LONGEST = 20_050


@pytest.fixture(scope="module")
def longest(judged_augmenter):
    return judged_augmenter.sample(LONGEST, random_state=3)


PAIRS = [0, 1, 2, 7, 63, 64, 65, 127, 128, 129, 255, 511, 512, 513, 1024, 1999, 9_999, 10_000, 10_001, 20_000]


@pytest.mark.promise("prefix")
@pytest.mark.parametrize("a", PAIRS)
def test_fewer_rows_are_a_prefix_of_more(judged_augmenter, longest, a):
    X, y = judged_augmenter.sample(a, random_state=3)
    assert same_rows((X, y), tuple(part.iloc[:a] for part in longest))
    pd.testing.assert_series_equal(X.dtypes, longest[0].dtypes)


@pytest.mark.promise("prefix")
def test_chunks_are_the_sample(judged_augmenter, longest):
    chunks = list(judged_augmenter.sample_chunks(LONGEST, random_state=3))
    assert [len(X) for X, _ in chunks] == [10_000, 10_000, 50]
    assert same_rows(longest, tuple(pd.concat(part, ignore_index=True) for part in zip(*chunks, strict=True)))


@pytest.mark.promise("prefix")
@pytest.mark.parametrize("start", [0, 1, 9_999, 10_000, 10_001, 20_000, LONGEST - 1, LONGEST])
def test_chunks_may_begin_at_any_row(judged_augmenter, longest, start):
    chunks = list(judged_augmenter.sample_chunks(LONGEST, random_state=3, start=start))
    found = tuple(pd.concat(part, ignore_index=True) for part in zip(*chunks, strict=True))
    assert same_rows(found, tuple(part.iloc[start:].reset_index(drop=True) for part in longest))


@pytest.mark.parametrize(
    "wanted",
    [
        {"n": {"stays": 40, "leaves": 30}},
        {"n": 70, "y": {"leaves": 9}},
        {"y": "stays", "n": 70},
        {"y": ["stays", "leaves"] * 35},
    ],
)
def test_chunks_of_chosen_classes_begin_at_any_row_too(judged_augmenter, monkeypatch, wanted):
    monkeypatch.setattr(sampling, "_CHUNK", 16)
    whole = judged_augmenter.sample(**wanted)
    X, y = zip(*judged_augmenter.sample_chunks(**wanted, start=37), strict=True)
    found = pd.concat(X, ignore_index=True), pd.concat(y, ignore_index=True)
    assert same_rows(found, tuple(part.iloc[37:].reset_index(drop=True) for part in whole))


def test_a_start_far_out_takes_no_longer(judged_augmenter):
    chunks = list(judged_augmenter.sample_chunks(10**15, start=10**15 - 2))
    assert [len(X) for X, _ in chunks] == [2]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"start": -1}, "The 'start' parameter of sample must be an integer of at least 0. Got -1 instead"),
        ({"start": 1.0}, "Got 1.0 instead"),
        ({"start": 6}, "The 'start' parameter of sample must be at most n = 5. Got 6 instead"),
        ({"start": 2, "where": {"age": (0, 99)}}, "'start' parameter does not go with 'where': .* Leave one"),
    ],
)
def test_where_no_chunk_can_begin_is_said(judged_augmenter, arguments, complaint):
    with pytest.raises(ParameterError, match=complaint):
        next(judged_augmenter.sample_chunks(5, **arguments))


def test_proportions_are_those_of_training(judged_augmenter, longest):
    counts = longest[1].value_counts()
    for label, share in zip(judged_augmenter.classes_, judged_augmenter.class_prior_, strict=True):
        assert abs(counts[label] - share * LONGEST) < 6


@pytest.mark.parametrize("wanted", [{"leaves": 13, "stays": 29}, {"stays": 700}, {"stays": 0, "leaves": 1}, {}])
def test_counts_per_class_are_exact(judged_augmenter, wanted):
    X, y = judged_augmenter.sample(wanted)
    assert Counter(y) == Counter(wanted) and len(X) == sum(wanted.values())


@pytest.mark.parametrize(
    ("n", "given", "expected"),
    [(10, {"leaves": 3}, {"leaves": 3, "stays": 7}), (5, {"stays": 5}, {"stays": 5}), (0, {}, {})],
)
def test_other_classes_share_what_is_left(judged_augmenter, n, given, expected):
    _, y = judged_augmenter.sample(n, y=given)
    assert Counter(y) == Counter(expected)


def test_sampling_of_several_chunks_shows_progress_only_if_asked(judged_augmenter, monkeypatch, capsys):
    monkeypatch.setattr(sampling, "_CHUNK", 10)
    augmenter = copy.copy(judged_augmenter).set_params(verbose=1)
    expected = judged_augmenter.sample(25)[0]
    assert capsys.readouterr().err == ""
    pd.testing.assert_frame_equal(augmenter.sample(25)[0], expected)
    assert "sampling: 3/3" in capsys.readouterr().err
    augmenter.sample(10)
    assert capsys.readouterr().err == ""


def test_labels_one_by_one(judged_augmenter):
    wanted = ["stays", "leaves", "leaves", "stays", "leaves"] * 10
    X, y = judged_augmenter.sample(y=wanted)
    assert y.tolist() == wanted and len(X) == 50
    X, y = judged_augmenter.sample(17, y="leaves")
    assert y.tolist() == ["leaves"] * 17 and len(X) == 17


@pytest.mark.parametrize("arguments", [{"n": 0}, {"n": {}}, {"y": []}, {"n": 0, "y": "stays"}, {"n": {"stays": 0}}])
def test_no_rows_have_the_right_columns_and_dtypes(judged_augmenter, toy_table, arguments):
    X, y = toy_table
    none, labels = judged_augmenter.sample(**arguments)
    assert len(none) == len(labels) == 0
    pd.testing.assert_series_equal(none.dtypes, X.dtypes)
    assert labels.dtype == y.dtype and labels.name == y.name


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({}, "The 'n' parameter of sample must be an integer of at least 0. Got None instead"),
        ({"n": -1}, "The 'n' parameter of sample must be an integer of at least 0. Got -1 instead"),
        ({"n": 2.0}, "Got 2.0 instead"),
        ({"n": True}, "Got True instead"),
        ({"n": "10"}, "Got '10' instead"),
        ({"n": {"stays": -3}}, r"The \"n\['stays'\]\" parameter .* Got -3 instead"),
        ({"n": {"stays": 1.5}}, "Got 1.5 instead"),
        ({"n": {"lost": 3}}, "'lost' is none of the classes: 'leaves', 'stays'"),
        ({"n": 3, "y": "lost"}, "'lost' is none of the classes"),
        ({"y": "stays"}, "The 'n' parameter of sample must be an integer"),
        ({"n": {"stays": 3}, "y": ["stays"]}, "or y, but not both"),
        ({"n": 3, "y": ["stays"]}, "y has 1 labels, one for each row; leave n out. Got n=3"),
        ({"y": {"stays": 3}}, "The 'n' parameter of sample must be an integer"),
        ({"n": 9, "y": {"lost": 3}}, "'lost' is none of the classes"),
        ({"n": 9, "y": {"stays": -3}}, r"The \"y\['stays'\]\" parameter .* Got -3 instead"),
        ({"n": 3, "y": {"stays": 4}}, r"y \(--class\) asks for 4 samples, n for 3; raise n"),
        ({"n": 9, "y": {"stays": 4, "leaves": 4}}, r"names every class and leaves 1 of n = 9 over"),
        ({"n": 3, "random_state": -1}, "The 'random_state' parameter must be .* Got -1 instead"),
    ],
)
def test_what_cannot_be_sampled_is_refused(judged_augmenter, arguments, complaint):
    with pytest.raises(ParameterError, match=complaint):
        judged_augmenter.sample(**arguments)


def test_an_unknown_label_in_a_list_is_named_with_its_row(judged_augmenter):
    with pytest.raises(ValueError, match="The label 'lost' in row 1 is none of the classes: 'leaves', 'stays'"):
        judged_augmenter.sample(y=["stays", "lost"])


def test_a_generator_as_random_state_goes_on_and_an_integer_repeats(judged_augmenter):
    stream = np.random.default_rng(0)
    first, second = (judged_augmenter.sample(20, random_state=stream)[0] for _ in range(2))
    assert not first.equals(second)
    first, second = (judged_augmenter.sample(20, random_state=4)[0] for _ in range(2))
    assert first.equals(second)
    assert judged_augmenter.sample(20)[0].equals(judged_augmenter.sample(20, random_state=0)[0])  # its own seed
