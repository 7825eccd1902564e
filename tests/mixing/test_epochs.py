"""The share follows the epoch that somebody sets, on the loader's sampler, on its batch sampler or on the data set."""

from __future__ import annotations

import pytest
import torch
from mixing_fakes import EveryOther, N, Numbers, Real, RealStream, assert_share, one_pass, seeded
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SubsetRandomSampler, WeightedRandomSampler
from torch.utils.data.distributed import DistributedSampler

from ganaug.errors import DataWarning
from ganaug.mixing import augment_loader

pytestmark = [
    pytest.mark.usefixtures("on_one_thread"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:(lightning|pkg_resources).*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:(lightning|torch).*"),
]
SHARES = [0.8, 0.6, 0.4, 0.2, 0.0]
SCHEDULE = ("linear", 0.8, 0.0, 5)

LOADERS = {
    "shuffled": lambda **options: DataLoader(Real(), 8, shuffle=True, **options),
    "in order": lambda **options: DataLoader(Real(), 8, **options),
    "weighted": lambda **options: DataLoader(Real(), 8, sampler=WeightedRandomSampler([1.0] * N, N), **options),
    "a subset": lambda **options: DataLoader(Real(), 8, sampler=SubsetRandomSampler(range(40)), **options),
    "batch sampler": lambda **options: DataLoader(Real(), batch_sampler=EveryOther(N, 7), **options),
    "torch's batch sampler": lambda **options: DataLoader(
        Real(), batch_sampler=BatchSampler(RandomSampler(Real()), 7, False), **options
    ),
    "list of batches": lambda **options: DataLoader(Real(), batch_sampler=[[i, i + 1] for i in range(40)], **options),
    "stream": lambda **options: DataLoader(RealStream(), 8, **options),
}


def mixed(name="shuffled", **options):
    return augment_loader(LOADERS[name](**options), Numbers(), schedule=SCHEDULE, random_state=0)


def tell(loader, epoch):
    """What Lightning and Fabric do before each epoch."""
    samplers = {id(s): s for s in (loader.sampler, getattr(loader.batch_sampler, "sampler", None)) if s is not None}
    for sampler in samplers.values():
        if callable(getattr(sampler, "set_epoch", None)):
            sampler.set_epoch(epoch)


@pytest.mark.parametrize("name", LOADERS)
def test_a_new_loader_takes_the_epoch_that_a_framework_sets(name):
    loader = mixed(name)
    for epoch in (2, 3, 1):
        tell(loader, epoch)
        assert_share(one_pass(loader), SHARES[epoch])
    assert_share(one_pass(loader), SHARES[2])  # it counts on where nobody sets one


@pytest.mark.parametrize("append", [False, True])
def test_a_loader_without_batches_takes_it_too(append):
    options = {"mode": "append", "synthetic_fraction": 0.4} if append else {"schedule": SCHEDULE}
    loader = augment_loader(DataLoader(Real(), batch_size=None), Numbers(), random_state=0, **options)
    tell(loader, 3)
    list(loader)
    assert loader.dataset.epoch == 3


def test_an_appending_loader_takes_the_order_of_the_epoch():
    def loader(epochs):
        old = DataLoader(Real(), 8, sampler=RandomSampler(Real(), generator=seeded()))
        new = augment_loader(old, Numbers(), 0.4, mode="append", random_state=0)
        for _ in range(epochs):
            list(new)
        return new

    told, counted = loader(0), loader(2)
    tell(told, 2)
    assert one_pass(told).synthetic == one_pass(counted).synthetic


@pytest.mark.parametrize("first", [0, 2])
def test_the_epoch_of_a_distributed_sampler_is_followed(first):
    sampler = DistributedSampler(Real(), 2, 1)
    loader = augment_loader(DataLoader(Real(), 8, sampler=sampler), Numbers(), schedule=SCHEDULE, random_state=0)
    for epoch in range(first, 5):
        sampler.set_epoch(epoch)
        assert_share(one_pass(loader), SHARES[epoch])


def test_a_distributed_sampler_that_nobody_tells_leaves_the_counting_to_the_data_set():
    loader = augment_loader(
        DataLoader(Real(), 8, sampler=DistributedSampler(Real(), 2, 1)), Numbers(), schedule=SCHEDULE, random_state=0
    )
    for share in SHARES:
        assert_share(one_pass(loader), share)


@pytest.mark.parametrize("first", [0, 1, 4])
@pytest.mark.parametrize("sets", [True, False])
def test_the_epoch_of_the_data_set_comes_before_that_of_the_sampler(first, sets):
    sampler = DistributedSampler(Real(), 2, 1)
    loader = augment_loader(DataLoader(Real(), 8, sampler=sampler), Numbers(), schedule=SCHEDULE, random_state=0)
    sampler.set_epoch(first)
    loader.dataset.set_epoch(1)
    for later, share in enumerate(SHARES[1:]):
        if sets:
            sampler.set_epoch(first + later)
        assert_share(one_pass(loader), share)


def test_the_epoch_of_the_data_set_comes_before_the_count_of_a_framework():
    loader = mixed()
    loader.dataset.set_epoch(2)
    for count in range(3):  # Fabric counts from 0 in every run
        tell(loader, count)
        assert_share(one_pass(loader), SHARES[2 + count])


def test_the_epoch_of_a_batch_sampler_reaches_it_and_the_data_set():
    batches = EveryOther(N, 7)
    loader = augment_loader(DataLoader(Real(), batch_sampler=batches), Numbers(), schedule=SCHEDULE, random_state=0)
    loader.batch_sampler.set_epoch(2)
    assert batches.epochs == [2]
    assert_share(one_pass(loader), SHARES[2])


def test_a_sampler_that_a_framework_puts_into_a_batch_sampler_draws():
    class Backwards(BatchSampler):
        def __iter__(self):
            return iter(list(super().__iter__())[::-1])

    loader = augment_loader(DataLoader(Real(), batch_sampler=Backwards(range(N), 8, False)), Numbers(), 0.0)
    loader.batch_sampler.sampler = SubsetRandomSampler([5])
    assert one_pass(loader).real == [5]


@pytest.mark.parametrize("name", ["shuffled", "distributed"])
def test_an_epoch_that_is_set_after_batches_were_fetched_ahead_is_said(name):
    if name == "distributed":
        sampler = DistributedSampler(Real(), 1, 0)
        loader = augment_loader(DataLoader(Real(), 8, sampler=sampler, num_workers=1), Numbers(), schedule=SCHEDULE)
    else:
        loader = mixed(num_workers=1)
    batches = iter(loader)  # two batches are fetched at once
    tell(loader, 2)
    with pytest.warns(DataWarning, match=r"set to 2 when batches had been fetched ahead for epoch 0, which may"):
        values = [x[:, 0, 0, 0] for x, _ in batches]
    assert all(abs(int((v > 0).sum()) - SHARES[2] * len(v)) < 1 for v in values[3:])
    assert_share(one_pass(loader), SHARES[3 if name == "distributed" else 2])


def test_an_iterator_that_was_left_is_not_spoken_of():
    loader = mixed(num_workers=1)
    iter(loader)
    tell(loader, 2)
    assert_share(one_pass(loader), SHARES[2])


class Watch:
    """Lightning's trainer over a loader that its hook makes, and the share of each epoch."""

    def __init__(self, folder, make, set_epoch=False):
        self.lightning = pytest.importorskip("lightning.pytorch")
        self.folder, self.make, self.set_epoch = folder, make, set_epoch

    def make_module(self):
        watch, shares = self, {}

        class Module(self.lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(16, 3)

            def train_dataloader(self):
                loader = watch.make()
                if watch.set_epoch:
                    loader.dataset.set_epoch(self.trainer.current_epoch)
                return loader

            def training_step(self, batch, _):
                x, y = batch
                shares.setdefault(self.current_epoch, []).append((x[:, 0, 0, 0] > 0).float().mean().item())
                return torch.nn.functional.cross_entropy(self.layer(x.flatten(1)), y)

            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), 0.01)

        return Module(), shares

    def make_trainer(self, epochs, **options):
        shown = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
        quiet = dict.fromkeys(shown, False)
        return self.lightning.Trainer(
            max_epochs=epochs, accelerator="cpu", devices=1, default_root_dir=self.folder, **quiet, **options
        )

    def resume(self):
        """Train two epochs, then two more from a checkpoint; return the shares of these."""
        trainer = self.make_trainer(2)
        trainer.fit(self.make_module()[0])
        trainer.save_checkpoint(self.folder / "two.ckpt")
        module, shares = self.make_module()
        self.make_trainer(4).fit(module, ckpt_path=self.folder / "two.ckpt")
        return shares


def assert_shares(shares, epochs):
    assert list(shares) == list(epochs)
    for epoch, found in shares.items():
        assert found == pytest.approx([SHARES[epoch]] * len(found), abs=1 / 8)


@pytest.mark.filterwarnings("ignore:.*(does not have many workers|logging interval|LeafSpec)")
def test_lightning_resumes_with_the_share_of_its_epoch(tmp_path):
    assert_shares(Watch(tmp_path, lambda: mixed(drop_last=True)).resume(), [2, 3])


@pytest.mark.filterwarnings("ignore:.*(does not have many workers|logging interval|LeafSpec)")
def test_lightning_reloads_loaders_with_the_share_of_its_epoch(tmp_path):
    watch = Watch(tmp_path, lambda: mixed(drop_last=True))
    module, shares = watch.make_module()
    watch.make_trainer(4, reload_dataloaders_every_n_epochs=1).fit(module)
    assert_shares(shares, range(4))


@pytest.mark.slow
@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.filterwarnings("ignore:.*(does not have many workers|logging interval|LeafSpec)")
def test_lightning_resumes_with_workers_where_the_hook_sets_the_epoch(tmp_path, persistent):
    options = {"num_workers": 1, "persistent_workers": persistent, "drop_last": True}
    assert_shares(Watch(tmp_path, lambda: mixed(**options), set_epoch=True).resume(), [2, 3])


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.filterwarnings("ignore:.*(does not have many workers|logging interval|LeafSpec|set_vital)")
def test_lightning_goes_on_within_an_epoch_with_the_loader_of_torchdata(tmp_path, workers):
    lightning = pytest.importorskip("lightning.pytorch")
    stateful = pytest.importorskip("torchdata.stateful_dataloader").StatefulDataLoader

    class Save(lightning.Callback):
        def on_train_batch_end(self, trainer, module, outputs, batch, i):
            if (trainer.current_epoch, i) == (1, 4):
                trainer.save_checkpoint(tmp_path / "within.ckpt")

    def make():
        old = stateful(Real(), 9, True, num_workers=workers)
        return augment_loader(old, Numbers(), schedule=SCHEDULE, random_state=0)

    watch = Watch(tmp_path, make)
    module, whole = watch.make_module()
    watch.make_trainer(3, callbacks=[Save()]).fit(module)
    module, rest = watch.make_module()
    watch.make_trainer(3).fit(module, ckpt_path=tmp_path / "within.ckpt", weights_only=False)
    assert rest == {1: whole[1][5:], 2: whole[2]}
    assert_shares(rest, [1, 2])
