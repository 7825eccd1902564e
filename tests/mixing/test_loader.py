"""Loaders of every kind keep what they are, and get the share that was asked for."""

from __future__ import annotations

import collections
import pickle

import numpy as np
import pytest
import torch
from mixing_fakes import (
    LABELS,
    EveryOther,
    FixedLoader,
    N,
    Numbers,
    Real,
    RealStream,
    TunedLoader,
    assert_share,
    one_pass,
    seeded,
)
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from torch.utils.data.distributed import DistributedSampler

from ganaug.errors import DataError, ParameterError
from ganaug.mixing import MixedDataset, MixedIterableDataset, augment_loader

pytestmark = pytest.mark.usefixtures("on_one_thread")
FRACTION = 0.3


def plain(**options):
    return DataLoader(Real(), batch_size=8, shuffle=True, generator=seeded(), **options)


def shuffled(**options):
    """Shuffled by a generator that nothing else draws from, as torch's loaders do for their workers' seeds."""
    return DataLoader(Real(), batch_size=8, sampler=RandomSampler(Real(), generator=seeded()), **options)


def balancing(n=120):
    weights = [1 / LABELS.count(label) for label in LABELS]
    return WeightedRandomSampler(weights, n, generator=seeded(1))


LOADERS = {
    "plain": plain,
    "not shuffled": lambda: DataLoader(Real(), batch_size=8),
    "last batch dropped": lambda: plain(drop_last=True),
    "one worker": lambda: plain(num_workers=1),
    "two workers": lambda: plain(num_workers=2),
    "persistent workers": lambda: plain(num_workers=2, persistent_workers=True),
    "weighted": lambda: DataLoader(Real(), batch_size=8, sampler=balancing()),
    "with replacement": lambda: DataLoader(
        Real(), batch_size=8, sampler=RandomSampler(Real(), True, 200, generator=seeded())
    ),
    "a subset of indices": lambda: DataLoader(
        Real(), batch_size=8, sampler=SubsetRandomSampler(range(10, 60), generator=seeded())
    ),
    "distributed": lambda: DataLoader(Real(), batch_size=8, sampler=DistributedSampler(Real(), 2, 1)),
    "custom batch sampler": lambda: DataLoader(Real(), batch_sampler=EveryOther(N, 7)),
    "torch's batch sampler": lambda: DataLoader(
        Real(), batch_sampler=BatchSampler(RandomSampler(Real(), generator=seeded()), 7, False)
    ),
    "one sample at a time": lambda: plain_ones(),
    "subclass": lambda: TunedLoader(Real(), 7, batch_size=8, shuffle=True, generator=seeded()),
    "subclass without arguments": lambda: FixedLoader(Real()),
    "iterable": lambda: DataLoader(RealStream(), batch_size=8),
    "iterable, two workers": lambda: DataLoader(RealStream(), batch_size=8, num_workers=2),
    "iterable, persistent": lambda: DataLoader(RealStream(), batch_size=8, num_workers=2, persistent_workers=True),
}


def plain_ones():
    return DataLoader(Real(), batch_size=1, shuffle=True, generator=seeded())


@pytest.mark.promise("loaders")
@pytest.mark.parametrize("name", LOADERS)
def test_every_batch_holds_the_share_of_samples_of_its_own_labels_and_none_twice(name):
    loader = augment_loader(LOADERS[name](), Numbers(), FRACTION, random_state=3)
    first, second = one_pass(loader), one_pass(loader)
    for seen in (first, second):
        assert_share(seen, FRACTION)
        assert len(set(seen.synthetic)) == len(seen.synthetic) > 0
    total = sum(size for _, size in seen.counts)
    assert abs(len(seen.synthetic) - FRACTION * total) < 2 * np.sqrt(len(seen.counts))
    assert first.values != second.values


@pytest.mark.parametrize("name", LOADERS)
def test_the_loader_keeps_what_it_is(name):
    old = LOADERS[name]()
    new = augment_loader(old, Numbers(), FRACTION)
    assert type(new) is type(old)
    kept = "batch_size num_workers collate_fn pin_memory timeout worker_init_fn generator prefetch_factor drop_last"
    for attribute in [*kept.split(), "persistent_workers", "in_order", "multiprocessing_context"]:
        assert getattr(new, attribute) is getattr(old, attribute), attribute
    assert len(new) == len(old)
    assert isinstance(new.dataset, IterableDataset) == isinstance(old.dataset, IterableDataset)
    if not isinstance(old.dataset, IterableDataset):
        assert new.sampler is old.sampler


@pytest.mark.parametrize(
    "name", [*(name for name in LOADERS if "worker" not in name and "pers" not in name), "two workers"]
)
def test_a_share_of_zero_gives_the_real_batches(name):
    real, mixed = one_pass(LOADERS[name]()), one_pass(augment_loader(LOADERS[name](), Numbers(), 0.0))
    if LOADERS[name]().generator is None and name.startswith("subclass without"):
        assert sorted(mixed.real) == sorted(real.real)
    else:
        assert mixed == real


@pytest.mark.parametrize("name", ["plain", "weighted", "iterable", "custom batch sampler"])
def test_a_share_of_one_is_all_synthetic(name):
    seen = one_pass(augment_loader(LOADERS[name](), Numbers(), 1.0))
    assert seen.real == []


@pytest.mark.slow
@pytest.mark.promise("loaders")
def test_spawned_workers_see_what_the_main_process_would():
    want = one_pass(augment_loader(shuffled(), Numbers(), FRACTION, random_state=0))
    spawned = shuffled(num_workers=1, multiprocessing_context="spawn")
    loader = augment_loader(spawned, Numbers(), FRACTION, random_state=0)
    assert one_pass(loader) == want


@pytest.mark.promise("loaders")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("sampler", [lambda: RandomSampler(Real(), generator=seeded()), balancing])
def test_the_number_of_workers_changes_nothing_in_two_epochs(workers, sampler):
    def loader(**options):
        old = DataLoader(Real(), batch_size=8, sampler=sampler(), **options)
        return augment_loader(old, Numbers(), FRACTION, random_state=0)

    alone, among = loader(), loader(num_workers=workers, persistent_workers=workers == 2)
    assert [one_pass(alone), one_pass(alone)] == [one_pass(among), one_pass(among)]


def test_the_loaders_generator_decides_and_does_not_advance():
    loader = plain()
    before = loader.generator.get_state()
    first = augment_loader(loader, Numbers(), FRACTION)
    assert torch.equal(loader.generator.get_state(), before)
    assert one_pass(first) == one_pass(augment_loader(plain(), Numbers(), FRACTION))
    other = DataLoader(Real(), batch_size=8, shuffle=True, generator=seeded(5))
    assert one_pass(augment_loader(other, Numbers(), FRACTION)).synthetic != one_pass(first).synthetic


def test_global_random_state_is_neither_read_nor_written():
    def values(seed):
        torch.manual_seed(seed)
        np.random.seed(seed)
        states = torch.get_rng_state(), np.random.get_state()[1].copy()
        loader = augment_loader(plain(), Numbers(), FRACTION)
        assert torch.equal(torch.get_rng_state(), states[0])
        got = one_pass(loader)
        assert np.array_equal(np.random.get_state()[1], states[1])
        return got

    assert values(1) == values(2)


def test_two_ranks_never_use_the_same_sample():
    ranks = [
        augment_loader(
            DataLoader(Real(), batch_size=8, sampler=DistributedSampler(Real(), 3, r)), Numbers(), 0.8, random_state=0
        )
        for r in range(3)
    ]
    for epoch in range(2):
        for loader in ranks:
            loader.sampler.set_epoch(epoch)
        made = [v for loader in ranks for v in one_pass(loader).synthetic]
        assert len(set(made)) == len(made) > 60


def test_ranks_of_a_weighted_sampler_never_use_the_same_sample():
    class Sharded(WeightedRandomSampler):
        def __init__(self, rank):
            super().__init__([1 / LABELS.count(label) for label in LABELS], 100, generator=seeded(rank))
            self.rank, self.num_replicas = rank, 2

    ranks = [
        augment_loader(DataLoader(Real(), batch_size=8, sampler=Sharded(r)), Numbers(), 0.9, random_state=0)
        for r in range(2)
    ]
    made = [v for loader in ranks for v in one_pass(loader).synthetic]
    assert len(set(made)) == len(made) > 150


def test_a_distributed_sampler_still_hears_of_epochs():
    loader = augment_loader(LOADERS["distributed"](), Numbers(), 0.0)
    first = one_pass(loader).real
    assert one_pass(loader).real == first
    loader.sampler.set_epoch(1)
    assert one_pass(loader).real != first


def test_a_custom_batch_sampler_is_asked_itself():
    own = EveryOther(N, 7)
    loader = augment_loader(DataLoader(Real(), batch_sampler=own), Numbers())
    loader.batch_sampler.set_epoch(4)
    assert own.epochs == [4]
    assert loader.batch_sampler.size == 7


@pytest.mark.parametrize("kind", [list, tuple, np.array, torch.tensor])
def test_a_custom_batch_sampler_may_yield_any_batches_of_indices(kind):
    batches = [kind([i % N for i in range(start, start + 9)]) for start in (0, 3, 6, 9)]
    loader = augment_loader(DataLoader(Real(), batch_sampler=batches), Numbers(), 1.0)
    seen = one_pass(loader)
    assert_share(seen, 1.0)
    assert len(set(seen.synthetic)) == 36


def test_shared_memory_that_is_too_small_is_named_with_the_cure(monkeypatch):
    def full(rows):
        raise RuntimeError("No space left on device")

    with monkeypatch.context() as patch, pytest.raises(DataError, match=r"has no room for 90 .*No space.*pool_size="):
        patch.setattr(torch.Tensor, "share_memory_", lambda t: full(t) if t.ndim > 1 else t)
        augment_loader(plain(), Numbers())


@pytest.mark.parametrize("workers", [0, 2])
def test_the_share_changes_live_also_in_persistent_workers(workers):
    loader = augment_loader(plain(num_workers=workers, persistent_workers=workers > 0), Numbers(), 0.0)
    assert one_pass(loader).synthetic == []
    loader.dataset.set_synthetic_fraction(0.5)
    assert_share(one_pass(loader), 0.5)
    assert loader.dataset.synthetic_fraction == 0.5


def test_a_copy_of_a_loader_that_runs_does_not_use_its_workers():
    old = TunedLoader(Real(), 7, batch_size=8, num_workers=1, persistent_workers=True)
    one_pass(old)
    assert_share(one_pass(augment_loader(old, Numbers(), FRACTION)), FRACTION)
    assert one_pass(old).synthetic == []


@pytest.mark.parametrize("workers", [0, 2])
def test_new_samples_reach_persistent_workers(workers):
    loader = augment_loader(plain(num_workers=workers, persistent_workers=workers > 0), Numbers(), 1.0)
    first = set(one_pass(loader).synthetic)
    assert set(one_pass(loader).synthetic) == first
    loader.dataset.refresh()
    assert not set(one_pass(loader).synthetic) & first


@pytest.mark.parametrize("name", ["plain", "persistent workers", "iterable, persistent", "weighted"])
def test_a_schedule_is_followed_epoch_by_epoch(name):
    loader = augment_loader(LOADERS[name](), Numbers(), schedule=("linear", 0.0, 0.5, 3), random_state=0)
    for fraction in (0.0, 0.25, 0.5, 0.5):
        assert_share(one_pass(loader), fraction)
    loader.dataset.set_epoch(1)
    assert_share(one_pass(loader), 0.25)


def test_a_schedule_may_be_a_function_and_is_told_what_it_may_return():
    loader = augment_loader(plain(), Numbers(), schedule=lambda epoch: 0.4 if epoch == 1 else 0.0)
    assert one_pass(loader).synthetic == []
    assert_share(one_pass(loader), 0.4)
    with pytest.raises(ParameterError, match=r"The schedule returned 1.5 for epoch 0; return a fraction, a number"):
        augment_loader(plain(), Numbers(), schedule=lambda epoch: 1.5)


def test_a_run_that_goes_on_at_an_epoch_gets_that_epochs_samples():
    loader = augment_loader(DataLoader(Real(), batch_size=8), Numbers(), FRACTION, random_state=0)
    first, second = one_pass(loader), one_pass(loader)
    again = augment_loader(DataLoader(Real(), batch_size=8), Numbers(), FRACTION, random_state=0)
    again.dataset.set_epoch(1)
    assert one_pass(again) == second != first


def test_a_smaller_pool_keeps_the_share_and_repeats_samples():
    augmenter = Numbers()
    seen = one_pass(augment_loader(plain(), augmenter, 0.5, pool_size=10))
    assert_share(seen, 0.5)
    assert augmenter.calls[-1][1] == 10
    assert len(set(seen.synthetic)) == 10


def test_the_pool_of_a_weighted_sampler_is_as_large_as_its_classes_need():
    seen = one_pass(augment_loader(DataLoader(Real(), batch_size=8, sampler=balancing(600)), Numbers(), 0.9))
    assert collections.Counter(int(v) // 100_000 for v in seen.synthetic)[2] > 120  # of 18 real ones
    assert len(set(seen.synthetic)) == len(seen.synthetic)


# mode="append"


@pytest.mark.parametrize("sampler", ["shuffled", "sequential", "weighted", "subset"])
def test_appending_keeps_every_real_draw_and_spreads_the_synthetic_ones(sampler):
    samplers = {
        "shuffled": lambda: RandomSampler(Real(), generator=seeded()),
        "sequential": lambda: SequentialSampler(Real()),
        "weighted": balancing,
        "subset": lambda: SubsetRandomSampler(range(40), generator=seeded()),
    }
    old = DataLoader(Real(), batch_size=8, sampler=samplers[sampler]())
    new = augment_loader(DataLoader(Real(), batch_size=8, sampler=samplers[sampler]()), Numbers(), 0.25, mode="append")
    for _ in range(2):
        seen = one_pass(new)
        assert seen.real == one_pass(old).real
        assert abs(len(seen.synthetic) - len(seen.real) / 3) < 1
        assert len(set(seen.synthetic)) == len(seen.synthetic)
        for made, size in seen.counts:
            assert abs(made - 0.25 * size) <= 1
    assert len(new) == len(seen.counts)
    assert new.dataset.synthetic_fraction == pytest.approx(0.25, abs=0.01) or sampler in ("weighted", "subset")


def test_appended_samples_have_the_proportions_of_the_classes():
    seen = one_pass(augment_loader(plain(), Numbers(), 0.5, mode="append"))
    assert collections.Counter(int(v) // 100_000 for v in seen.synthetic) == {0: 45, 1: 27, 2: 18}


def test_ranks_append_different_samples():
    made = []
    for rank in range(2):
        sampler = DistributedSampler(Real(), 2, rank)
        loader = augment_loader(
            DataLoader(Real(), batch_size=8, sampler=sampler), Numbers(), 0.4, mode="append", random_state=0
        )
        seen = one_pass(loader)
        assert (len(seen.real), len(seen.synthetic)) == (45, 30)
        made += seen.synthetic
    assert len(set(made)) == len(made)


def test_what_appending_cannot_do_is_said():
    with pytest.raises(
        ParameterError, match=r"mode='append' needs a sampler with a length, .* EveryOther; use mode='repl"
    ):
        augment_loader(LOADERS["custom batch sampler"](), Numbers(), mode="append")
    with pytest.raises(ParameterError, match=r"'mode' parameter of MixedDataset must be 'replace' for an IterableData"):
        augment_loader(LOADERS["iterable"](), Numbers(), mode="append")
    with pytest.raises(ParameterError, match="must be below 1 with mode='append'"):
        augment_loader(plain(), Numbers(), 1.0, mode="append")
    with pytest.raises(ParameterError, match="must be None with mode='append'"):
        augment_loader(plain(), Numbers(), schedule=lambda e: 0.1, mode="append")
    loader = augment_loader(plain(), Numbers(), mode="append")
    with pytest.raises(ParameterError, match="cannot change with mode='append'"):
        loader.dataset.set_synthetic_fraction(0.1)


# MixedDataset by itself


def test_a_mixed_data_set_stands_in_for_the_real_one():
    real = Real()
    real.classes, real.targets = ["a", "b", "c"], LABELS
    mixed = MixedDataset(real, Numbers(), 0.5, random_state=0)
    assert len(mixed) == N
    assert mixed.classes == ["a", "b", "c"]
    assert mixed.targets is LABELS
    with pytest.raises(AttributeError, match="no_such"):
        _ = mixed.no_such
    seen = one_pass(DataLoader(mixed, batch_size=8, shuffle=True, num_workers=2))
    assert_share(seen, 0.5)
    assert len(set(seen.synthetic)) == len(seen.synthetic)
    assert_share(one_pass(DataLoader(Subset(mixed, range(5, 60)), batch_size=8)), 0.5)


def test_single_items_are_synthetic_with_the_fraction_as_probability():
    mixed = MixedDataset(Real(), Numbers(), 0.5, random_state=0)
    made = [float(mixed[i][0][0, 0, 0]) > 0 for i in range(N)]
    assert 0.3 < np.mean(made) < 0.7
    assert [float(mixed[i][0][0, 0, 0]) > 0 for i in range(N)] == made
    assert torch.equal(mixed[-1][0], mixed[N - 1][0])
    with pytest.raises(IndexError, match="index 90 of a MixedDataset of length 90"):
        _ = mixed[90]


def test_a_mixed_data_set_goes_to_other_processes_without_its_augmenter():
    augmenter = Numbers()
    augmenter.cannot_go = lambda: None
    mixed = MixedDataset(Real(), augmenter, 0.5, random_state=0)
    copied = pickle.loads(pickle.dumps(mixed))
    assert torch.equal(
        torch.stack([x for x, _ in copied.__getitems__(range(N))]),
        torch.stack([x for x, _ in mixed.__getitems__(range(N))]),
    )
    with pytest.raises(ParameterError, match="needs the augmenter, which copies lack, such as those in other proc"):
        copied.refresh()


def test_what_comes_out_may_be_changed_without_changing_the_stock():
    class Tensors(Numbers):
        def sample(self, n=None, y=None, random_state=None):
            X, y = super().sample(n, y, random_state)
            return torch.from_numpy(X), y

    mixed = MixedDataset(Real(), Tensors(), 1.0, random_state=0)
    first = mixed[0][0].clone()
    mixed[0][0].zero_()
    assert torch.equal(mixed[0][0], first)


def test_an_iterable_gets_the_iterable_form_with_its_attributes():
    real = RealStream()
    real.note = "here"
    mixed = MixedDataset(real, Numbers(), 0.5, random_state=0)
    assert isinstance(mixed, MixedIterableDataset)
    assert isinstance(mixed, IterableDataset)
    assert (len(mixed), mixed.note) == (N, "here")
    copied = pickle.loads(pickle.dumps(mixed))
    assert [float(x[0, 0, 0]) for x, _ in copied] == [float(x[0, 0, 0]) for x, _ in mixed]


def test_a_stream_without_a_length_has_none():
    class Endless(IterableDataset):
        def __iter__(self):
            return iter(Real())

    mixed = MixedDataset(Endless(), Numbers(), 0.5)
    with pytest.raises(TypeError):
        len(mixed)
    assert_share(one_pass(DataLoader(mixed, batch_size=5)), 0.5)


def test_set_epoch_reaches_the_stream():
    class Told(RealStream):
        def set_epoch(self, epoch):
            self.epoch = epoch

    real = Told()
    MixedDataset(real, Numbers()).set_epoch(3)
    assert real.epoch == 3


# What bad input gets


@pytest.mark.parametrize(
    ("loader", "complaint"),
    [
        ([1, 2], r"must be a torch DataLoader. Got a list instead; put SyntheticMix on its batches"),
        (
            lambda: DataLoader(Real(), sampler=BatchSampler(SequentialSampler(Real()), 4, False), batch_size=None),
            "has a batch sampler as sampler=",
        ),
        (lambda: augment_loader(plain(), Numbers()), "mixes synthetic samples in already"),
    ],
)
def test_what_is_no_loader_to_wrap_is_refused(loader, complaint):
    with pytest.raises(ParameterError, match=complaint):
        augment_loader(loader() if callable(loader) else loader, Numbers())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            {"synthetic_fraction": 1.2},
            "'synthetic_fraction' parameter of augment_loader must be a number of at least 0 and at",
        ),
        ({"synthetic_fraction": "some"}, "'synthetic_fraction'"),
        ({"mode": "add"}, "'mode' parameter of augment_loader must be 'replace' or 'append'. Got 'add'"),
        ({"schedule": ("linear", 0, 2, 5)}, "'schedule' parameter of augment_loader must be a function of the epoch"),
        ({"label_map": [1]}, "'label_map'"),
        ({"transform": 3}, "'transform'"),
        ({"pool_size": 0}, "'pool_size'"),
        (
            {"pool_size": 2},
            "'pool_size' parameter of MixedDataset must be at least 3, one sample of every class. Got 2",
        ),
        ({"random_state": -1}, "'random_state'"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(options, complaint):
    with pytest.raises(ParameterError, match=complaint):
        augment_loader(plain(), Numbers(), **options)


def test_an_augmenter_that_cannot_sample_is_refused():
    with pytest.raises(ParameterError, match=r"'augmenter' parameter of augment_loader must be an object with sample"):
        augment_loader(plain(), object())


def test_an_augmenter_that_does_not_give_what_was_asked_is_refused():
    class Shuffled(Numbers):
        def sample(self, n=None, y=None, random_state=None):
            X, y = super().sample(n, y, random_state)
            return X[::-1].copy(), y[::-1].copy()

    class Short(Numbers):
        def sample(self, n=None, y=None, random_state=None):
            X, y = super().sample(n, y, random_state)
            return X[:-1], y[:-1]

    with pytest.raises(
        DataError, match=r"asked for 90 samples of given labels and returned 90 with other labels; sample"
    ):
        augment_loader(plain(), Shuffled())
    with pytest.raises(DataError, match=r"returned 89 with 89 labels"):
        augment_loader(plain(), Short())


def test_an_empty_data_set_and_one_without_length_are_refused():
    class Endless(Real):
        __len__ = None

    with pytest.raises(DataError, match="data set is empty"):
        MixedDataset(Real([]), Numbers())
    with pytest.raises(DataError, match="a Endless, has no length"):
        MixedDataset(Endless(), Numbers())


def test_a_data_set_that_yields_whole_batches_is_refused():
    class Batches(Real):
        def __getitems__(self, indices):
            return torch.stack([self[i][0] for i in indices]), torch.tensor([self[i][1] for i in indices])

    with pytest.raises(DataError, match="not a list of as many items; put SyntheticMix on its batches"):
        next(iter(augment_loader(DataLoader(Batches(), batch_size=8), Numbers())))
