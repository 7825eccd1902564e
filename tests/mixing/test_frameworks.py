"""What Accelerate and Lightning make of a mixed loader: the share stays, or a sentence says what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mixing_fakes import EveryOther, N, Numbers, Real, RealStream, TunedLoader, assert_share, one_pass, seeded
from torch.utils.data import DataLoader, RandomSampler, WeightedRandomSampler
from torch.utils.data.distributed import DistributedSampler

from ganaug.errors import ParameterError
from ganaug.mixing import MixedDataset, SyntheticMix, augment_loader

pytestmark = [
    pytest.mark.usefixtures("on_one_thread"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:(lightning|accelerate|pkg_resources).*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:(lightning|accelerate|torch).*"),
]
FRACTION = 0.3


def shuffled(**options):
    return DataLoader(Real(), batch_size=8, sampler=RandomSampler(Real(), generator=seeded()), **options)


def weighted():
    weights = [1.0 + (i % 3) for i in range(N)]
    return DataLoader(Real(), batch_size=8, sampler=WeightedRandomSampler(weights, 96, generator=seeded()))


def mixed(loader, **options):
    return augment_loader(loader, Numbers(), FRACTION, random_state=0, **options)


# Accelerate


def prepared(loader, rank, **options):
    module = pytest.importorskip("accelerate.data_loader")
    pytest.importorskip("accelerate").PartialState(cpu=True)
    return module.prepare_data_loader(loader, num_processes=2, process_index=rank, put_on_device=False, **options)


@pytest.mark.parametrize("options", [{}, {"split_batches": True}, {"use_seedable_sampler": True}])
@pytest.mark.parametrize("loader", [shuffled, weighted, lambda: DataLoader(Real(), batch_sampler=EveryOther(N, 8))])
def test_accelerate_divides_the_batches_and_each_keeps_the_share(loader, options):
    ranks = [prepared(mixed(loader()), rank, **options) for rank in range(2)]
    for _ in range(2):
        for rank in ranks:
            assert_share(one_pass(rank), FRACTION)


@pytest.mark.parametrize("loader", [shuffled, weighted])
def test_processes_of_accelerate_share_no_synthetic_sample(loader):
    ranks = [prepared(mixed(loader()), rank, even_batches=False) for rank in range(2)]
    made = [v for rank in ranks for v in one_pass(rank).synthetic]
    assert len(set(made)) == len(made) > 20


def test_accelerate_keeps_schedule_and_epochs():
    loader = prepared(mixed(shuffled(), schedule=("linear", 0.0, 0.5, 2)), 0)
    for fraction in (0.0, 0.5):
        assert_share(one_pass(loader), fraction)


def test_accelerate_reads_a_stream_with_its_share():
    for rank in range(2):
        loader = prepared(mixed(DataLoader(RealStream(), batch_size=8)), rank, dispatch_batches=False)
        first, second = one_pass(loader), one_pass(loader)
        assert_share(first, FRACTION)
        assert first.values != second.values


def test_accelerate_shuffles_appended_samples_alike_in_all_processes():
    ranks = [prepared(mixed(shuffled(), mode="append"), rank, even_batches=False) for rank in range(2)]
    seen = [one_pass(rank) for rank in ranks]
    assert sorted(seen[0].real + seen[1].real) == list(range(N))
    loader = mixed(DataLoader(Real(), batch_size=8, shuffle=True), mode="append")
    assert prepared(loader, 0).synchronized_generator is loader.sampler.inner.generator is not None


def test_what_accelerate_has_prepared_is_refused_and_mixed_in_batches():
    loader = prepared(shuffled(), 0)
    with pytest.raises(
        ParameterError, match=r"already prepared \(DataLoaderShard\); call augment_loader before accelerator"
    ):
        mixed(loader)
    mix = SyntheticMix(Numbers(), FRACTION, pool_size=60, random_state=0)
    for x, y in loader:
        made = int((mix(x, y)[0][:, 0, 0, 0] > 0).sum())
        assert abs(made - FRACTION * len(x)) < 1


@pytest.mark.slow
def test_two_processes_of_accelerate_get_the_share_and_different_samples(tmp_path):
    pytest.importorskip("accelerate")
    out = subprocess.run(
        [sys.executable, "-m", "benchmarks.loaders", "--only", "Accelerate, 2 processes"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    ).stdout
    assert "within one sample" in out


# Lightning and Fabric


def made_anew(loader, rank=0):
    data = pytest.importorskip("lightning.pytorch.utilities.data")
    from lightning.pytorch.trainer.connectors.data_connector import _get_distributed_sampler

    sampler = _get_distributed_sampler(loader, shuffle=True, overfit_batches=0, num_replicas=2, rank=rank)
    return data._update_dataloader(loader, sampler)


def in_hook(make):
    data = pytest.importorskip("lightning.fabric.utilities.data")
    from torch.utils.data import BatchSampler

    with data._replace_dunder_methods(DataLoader, "dataset"), data._replace_dunder_methods(BatchSampler):
        return mixed(make())


def subclass():
    return TunedLoader(Real(), 7, batch_size=8, shuffle=True)


@pytest.mark.parametrize("where", [lambda make: mixed(make()), in_hook])
@pytest.mark.parametrize("make", [shuffled, weighted, subclass, lambda: DataLoader(Real(), batch_size=8)])
def test_lightning_makes_loaders_anew_with_their_share(where, make):
    ranks = [made_anew(where(make), rank) for rank in range(2)]
    for loader in ranks:
        assert isinstance(loader.dataset, MixedDataset)
        for epoch in range(2):
            loader.batch_sampler.sampler.set_epoch(epoch)
            assert_share(one_pass(loader), FRACTION)


@pytest.mark.parametrize("where", [lambda make: mixed(make()), in_hook])
def test_ranks_of_lightning_share_no_synthetic_sample(where):
    made = [v for rank in range(2) for v in one_pass(made_anew(where(shuffled), rank)).synthetic]
    assert len(set(made)) == len(made) > 20


@pytest.mark.parametrize("inside", [False, True])
def test_lightning_keeps_schedules(inside):
    def make():
        return mixed(shuffled(), schedule=("linear", 0.0, 0.5, 2))

    if inside:
        data = pytest.importorskip("lightning.fabric.utilities.data")
        from torch.utils.data import BatchSampler

        with data._replace_dunder_methods(DataLoader, "dataset"), data._replace_dunder_methods(BatchSampler):
            loader = make()
    else:
        loader = make()
    loader = made_anew(loader)
    for fraction in (0.0, 0.5):
        assert_share(one_pass(loader), fraction)


@pytest.mark.parametrize("where", [lambda make: mixed(make()), in_hook])
def test_lightning_cannot_divide_a_batch_sampler_of_ones_own(where):
    loader = where(lambda: DataLoader(Real(), batch_sampler=EveryOther(N, 7)))
    with pytest.raises(
        ParameterError, match=r"cannot be given the sampler of a framework; .*use_distributed_sampler=False"
    ):
        made_anew(loader)


class Net:
    """A module with a loader in a hook; made where Lightning is there."""

    @staticmethod
    def of(lightning, seen, loader=None):
        class Module(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(16, 3)

            def training_step(self, batch, _):
                x, y = batch
                seen.append((x[:, 0, 0, 0] > 0).float().mean().item() * len(x))
                return torch.nn.functional.cross_entropy(self.layer(x.flatten(1)), y)

            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), 0.01)

        if loader is not None:
            Module.train_dataloader = lambda self: loader()
        return Module()


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_the_trainer_of_lightning_trains_on_the_share(inside, tmp_path):
    lightning = pytest.importorskip("lightning.pytorch")
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    trainer = lightning.Trainer(max_epochs=2, accelerator="cpu", devices=1, default_root_dir=tmp_path, **quiet)
    seen = []
    if inside:
        trainer.fit(Net.of(lightning, seen, lambda: mixed(shuffled(drop_last=True))))
    else:
        trainer.fit(Net.of(lightning, seen), mixed(shuffled(drop_last=True)))
    assert len(seen) == 2 * (N // 8)
    assert all(abs(made - FRACTION * 8) < 1 for made in seen)


@pytest.mark.filterwarnings("ignore")
def test_fabric_sets_up_a_mixed_loader_and_a_loader_it_has_set_up_is_refused():
    fabric = pytest.importorskip("lightning.fabric").Fabric(accelerator="cpu", devices=1)
    loader = fabric.setup_dataloaders(mixed(shuffled()))
    assert_share(one_pass(loader), FRACTION)
    with pytest.raises(
        ParameterError, match=r"already prepared \(_FabricDataLoader\); call augment_loader before fabric.set"
    ):
        mixed(fabric.setup_dataloaders(shuffled()))


@pytest.mark.filterwarnings("ignore")
def test_a_mixed_loader_keeps_its_share_among_the_loaders_that_lightning_combines():
    combined = pytest.importorskip("lightning.pytorch.utilities").CombinedLoader
    loaders = {"mixed": mixed(shuffled()), "real": shuffled(drop_last=True)}
    batches = [batch for batch, _, _ in combined(loaders, mode="max_size_cycle")]
    for x, _ in (batch["mixed"] for batch in batches):
        assert abs(int((x[:, 0, 0, 0] > 0).sum()) - FRACTION * len(x)) < 1
    assert all((batch["real"][0] < 0).all() for batch in batches)
    with pytest.raises(ParameterError, match="Got a CombinedLoader instead; put SyntheticMix on its batches"):
        mixed(combined(loaders))


def test_a_distributed_sampler_inside_a_hook_stays_the_one_that_it_is():
    loader = in_hook(lambda: DataLoader(Real(), batch_size=8, sampler=DistributedSampler(Real(), 2, 1)))
    assert_share(one_pass(loader), FRACTION)
