"""A mixed loader that was stopped goes on as if it had not been, where the loader that it wraps does."""

from __future__ import annotations

import copy

import pytest
import torch
from mixing_fakes import LABELS, EveryOther, N, Numbers, Real, RealStream, assert_share, one_pass, seeded
from stateful_fakes import StatefulLoader
from torch.utils.data import IterableDataset, RandomSampler, WeightedRandomSampler
from torch.utils.data.distributed import DistributedSampler

from ganaug.errors import DataError, DataWarning
from ganaug.mixing import augment_loader

pytestmark = [
    pytest.mark.usefixtures("on_one_thread"),
    pytest.mark.filterwarnings("ignore:'set_vital' is deprecated"),  # torchdata calls it
]
SCHEDULE = ("linear", 0.5, 0.0, 5)


def torchdata(data, batch_size=1, shuffle=None, *, ahead=0, **options):
    """torchdata's own loader; what it draws ahead, it draws for two workers."""
    module = pytest.importorskip("torchdata.stateful_dataloader")
    return module.StatefulDataLoader(data, batch_size, shuffle, num_workers=2 if ahead else 0, **options)


MAKERS = [pytest.param(StatefulLoader, id="stand-in"), pytest.param(torchdata, id="torchdata", marks=pytest.mark.slow)]


class Stream(IterableDataset):
    """Counts what it has given, and goes on from there; its order is another in each pass."""

    def __init__(self):
        self.passes, self.given = 0, 0

    def __iter__(self):
        order = torch.randperm(N, generator=seeded(self.passes)).tolist()
        for i in order[self.given :]:
            self.given += 1
            yield Real()[i]
        self.passes, self.given = self.passes + 1, 0

    def state_dict(self):
        return {"passes": self.passes, "given": self.given}

    def load_state_dict(self, state):
        self.passes, self.given = state["passes"], state["given"]


def seen(batches):
    return [(x[:, 0, 0, 0].tolist(), y.tolist()) for x, y in batches]


def resume(make, epoch, stop, epochs=3):
    """Return what a loader gives when it was stopped after so many batches of an epoch, and when it was not."""
    loader, want, state = make(), [], None
    for e in range(epochs):
        batches = []
        for i, batch in enumerate(loader):
            batches.append(batch)
            if (e, i + 1) == (epoch, stop):
                state, batches = copy.deepcopy(loader.state_dict()), []
        if state is not None:
            want.append(seen(batches))
    again = make()
    again.load_state_dict(state)
    return [seen(again) for _ in want], want, again


def shuffled(make, **options):
    def loader(mode="replace", **mixing):
        schedule = None if mode == "append" else SCHEDULE
        old = make(Real(), 8, True, **options)
        return augment_loader(old, Numbers(), 0.4, mode=mode, schedule=schedule, random_state=0, **mixing)

    return loader


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("ahead", [0, 4])
@pytest.mark.parametrize(("epoch", "stop"), [(0, 3), (1, 5), (1, 1), (2, 11)])
@pytest.mark.parametrize("mode", ["replace", "append"])
def test_a_stopped_loader_goes_on_as_if_it_had_not_been(make, ahead, epoch, stop, mode):
    got, want, again = resume(lambda: shuffled(make, ahead=ahead)(mode), epoch, stop)
    assert got[0] == want[0] != []
    if mode == "replace":
        assert again.dataset.synthetic_fraction == pytest.approx(0.5 * (1 - 2 / 4))
    assert got == want


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("ahead", [0, 4])
def test_it_goes_on_with_a_generator_of_its_own_too(make, ahead):
    got, want, _ = resume(lambda: shuffled(make, ahead=ahead, generator=seeded())(), 1, 5, epochs=2)
    assert got == want
    plain, wanted, _ = resume(lambda: make(Real(), 8, True, ahead=ahead, generator=seeded()), 1, 5, epochs=2)
    assert plain == wanted  # as the loader alone
    real = [v for x, _ in got[0] for v in x if v < 0]
    assert set(real) <= {v for x, _ in plain[0] for v in x}


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("ahead", [0, 4])
def test_the_epoch_after_one_that_ended_is_the_next(make, ahead):
    got, want, again = resume(lambda: shuffled(make, ahead=ahead)(), 1, 12)
    following = [batches for batches in got if batches] or [seen(again)]
    assert following[0] == want[1]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("ahead", [0, 4])
@pytest.mark.parametrize("stream", [RealStream, Stream])
def test_a_stream_goes_on_as_if_it_had_not_been_stopped(make, ahead, stream):
    def mixed():
        old = make(stream(), 8, ahead=ahead)
        return augment_loader(old, Numbers(), schedule=SCHEDULE, random_state=0)

    # Workers begin with a copy of the stream in every epoch, so its counts are of the first.
    got, want, _ = resume(mixed, 0 if stream is Stream and ahead else 1, 5, epochs=2)
    assert got[0] == want[0]
    assert len(got[0]) > 1


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("ahead", [0, 4])
def test_a_share_of_zero_gives_the_real_batches_of_each_epoch(make, ahead):
    def loader():
        return make(Real(), 8, True, ahead=ahead, generator=seeded())

    plain, mixed = loader(), augment_loader(loader(), Numbers(), 0.0)
    for _ in range(2):
        assert seen(mixed) == seen(plain)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("ahead", [0, 4])
def test_appending_keeps_every_real_sample_and_the_share_of_each_batch(make, ahead):
    loader = shuffled(make, ahead=ahead)("append")
    for _ in range(2):
        batches = one_pass(loader)
        assert_share(batches, 0.4)
        assert sorted(batches.real) == list(range(N))
        assert len(set(batches.synthetic)) == len(batches.synthetic) == 60
    assert len(loader) == 19


SAMPLERS = {
    "distributed": lambda: {"batch_size": 8, "sampler": DistributedSampler(Real(), 2, 1)},
    "weighted": lambda: {"batch_size": 8, "sampler": WeightedRandomSampler([1.0] * N, 120, generator=seeded())},
    "batch sampler": lambda: {"batch_sampler": EveryOther(N, 7)},
    "one at a time": lambda: {"batch_size": None, "sampler": RandomSampler(Real(), generator=seeded())},
    "in order": lambda: {"batch_size": 8, "drop_last": True},
}


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("epoch", [0, 1])
def test_with_any_sampler_the_real_samples_go_on_as_in_the_loader_alone(make, sampler, epoch):
    def plain():
        return make(Real(), **SAMPLERS[sampler]())

    def mixed(fraction):
        return lambda: augment_loader(plain(), Numbers(), fraction, random_state=0)

    alone = resume_items(plain, epoch)
    assert resume_items(mixed(0.0), epoch)[0] == alone[0]
    got, want = resume_items(mixed(0.3), epoch)
    if alone[0] == alone[1]:
        assert got == want


def resume_items(make, epoch):
    """Return the numbers of all samples that come after a stop, and that would have come."""
    loader = make()
    for _ in range(epoch):
        list(loader)
    batches = iter(loader)
    for _ in range(3):
        next(batches)
    state = copy.deepcopy(loader.state_dict())
    again = make()
    again.load_state_dict(state)
    return tuple([x.reshape(-1)[::16].tolist() for x, _ in rest] for rest in (again, batches))


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("ahead", [0, 4])
def test_draws_that_repeat_an_index_go_on_with_samples_of_their_own(make, ahead):
    def mixed():
        sampler = WeightedRandomSampler([1 / LABELS.count(label) for label in LABELS], 120, generator=seeded())
        return augment_loader(make(Real(), 8, sampler=sampler, ahead=ahead), Numbers(), 0.5, random_state=0)

    loader, first = mixed(), []
    for i, batch in enumerate(loader):
        first.append(batch)
        if i == 6:
            break
    again = mixed()
    again.load_state_dict(loader.state_dict())
    values = [v for x, _ in seen([*first, *again]) for v in x if v > 0]
    assert len(set(values)) == len(values) > 50


@pytest.mark.parametrize("make", MAKERS)
def test_a_fraction_and_samples_that_were_changed_by_hand_go_on(make):
    def mixed():
        old = make(Real(), 8, True, ahead=4)
        return augment_loader(old, Numbers(), 0.2, random_state=0)

    loader = mixed()
    list(loader)
    loader.dataset.set_synthetic_fraction(0.5)
    loader.dataset.refresh()
    batches = iter(loader)
    next(batches)
    state, want = loader.state_dict(), seen(batches)
    again = mixed()
    again.load_state_dict(copy.deepcopy(state))
    assert seen(again) == want
    assert again.dataset.synthetic_fraction == 0.5


@pytest.mark.parametrize("make", MAKERS)
def test_a_loader_with_another_seed_says_so_and_goes_on_with_the_real_samples(make):
    loader = shuffled(make)()
    batches = iter(loader)
    next(batches)
    state, want = loader.state_dict(), seen(batches)
    again = augment_loader(make(Real(), 8, True), Numbers(), schedule=SCHEDULE, random_state=1)
    again.load_state_dict(state)
    with pytest.warns(DataWarning, match="saved by a loader with another random_state, so its synthetic samples"):
        got = seen(again)
    assert [y for _, y in got] == [y for _, y in want]
    assert got != want


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("stream", [False, True])
def test_the_state_of_a_loader_without_synthetic_samples_is_refused(make, stream):
    plain = make(RealStream(), 8) if stream else make(Real(), 8, True)
    next(iter(plain))
    loader = augment_loader(plain, Numbers(), 0.3)
    state = plain.state_dict()
    if make is StatefulLoader and stream:
        state["draws"] = {}
    loader.load_state_dict(state)
    with pytest.raises(DataError, match=r"no 'mixed', so it was saved by a loader without synthetic samples; load it"):
        list(loader)


class Counted(Real):
    """A map-style data set with a state: the number of items that it gave."""

    given = 0

    def __getitem__(self, i):
        self.given += 1
        return super().__getitem__(i)

    def state_dict(self):
        return {"given": self.given}

    def load_state_dict(self, state):
        self.given = state["given"]


@pytest.mark.parametrize("make", MAKERS)
def test_the_state_of_a_map_style_data_set_goes_on(make):
    loader = augment_loader(make(Counted(), 8), Numbers(), 0.3, random_state=0)
    batches = iter(loader)
    next(batches)
    given = loader.dataset.real.given
    again = augment_loader(make(Counted(), 8), Numbers(), 0.3, random_state=0)
    again.load_state_dict(loader.state_dict())
    next(iter(again))
    assert again.dataset.given == again.dataset.real.given == given + 8


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [{"persistent_workers": True, "ahead": 4}, {"snapshot_every_n_steps": 3, "ahead": 4}]
)
def test_options_of_torchdatas_loader_change_nothing(options):
    got, want, _ = resume(lambda: shuffled(torchdata, **options)(), 1, 5)
    assert got == want


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [0, 4])
def test_the_state_before_the_first_batch_is_that_of_the_whole_epoch(ahead):
    old = torchdata(Real(), 8, True, ahead=ahead)
    old.state_dict()  # which makes the iterator of the given loader
    loader = augment_loader(old, Numbers(), schedule=SCHEDULE, random_state=0)
    state, want = copy.deepcopy(loader.state_dict()), seen(loader)
    again = augment_loader(torchdata(Real(), 8, True, ahead=ahead), Numbers(), schedule=SCHEDULE, random_state=0)
    again.load_state_dict(state)
    assert seen(again) == want
    assert len(want) == 12


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_the_distributed_sampler_of_torchdata_goes_on_in_every_rank(rank):
    sampler = pytest.importorskip("torchdata.stateful_dataloader.sampler").StatefulDistributedSampler

    def mixed(epoch=0):
        old = torchdata(Real(), 8, sampler=sampler(Real(), 2, rank))
        loader = augment_loader(old, Numbers(), schedule=SCHEDULE, random_state=0)
        loader.sampler.set_epoch(epoch)
        return loader

    loader = mixed()
    list(loader)
    loader.sampler.set_epoch(1)
    batches = iter(loader)
    next(batches)
    state, want = copy.deepcopy(loader.state_dict()), seen(batches)
    again = mixed(1)
    again.load_state_dict(state)
    assert seen(again) == want
    assert again.dataset.synthetic_fraction == 0.375
