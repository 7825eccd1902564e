"""Several processes train one model together: the one that a single process trains, and the same in all of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import warnings

import pytest
import torch
from command_line import make_file
from small import numbers, quick_augmenter
from together import CASES, get_environment, start, train, train_together

from ganaug import GANAugmenter, ParameterError
from ganaug.training.group import Group

pytestmark = pytest.mark.processes

SAME_AS_ONE = ("table", "uneven batch", "images", "batch norm in both networks", "spectral norm")
FAILING = ("other data", "another option", "another seed", "tiny batch", "no checkpoint there")


ALONE = ("cut", "killed")  # cases that need a group of their own


def wait_for(happened, seconds=60):
    """Wait until something has happened."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What each of two processes has after all cases."""
    return train_together(2, tmp_path_factory.mktemp("two"), *(case for case in CASES if case not in ALONE))


@pytest.mark.slow
@pytest.mark.parametrize("case", SAME_AS_ONE)
def test_two_processes_train_the_weights_that_one_trains(case, two):
    alone, together = train(case)["weights"], two[0][case]["weights"]
    assert (alone - together).abs().max() < 1e-5
    assert alone.abs().max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if case not in FAILING + ALONE])
def test_all_processes_end_with_the_same_model_to_the_bit(case, two):
    first, second = (found[case] for found in two)
    assert torch.equal(first["weights"], second["weights"])
    assert first["rows"] == second["rows"]
    assert first["labels"] == second["labels"]


@pytest.mark.slow
def test_each_process_takes_its_own_part_of_every_batch(two):
    assert [found["table"]["batches"] for found in two] == [{8}, {8}]
    assert [found["uneven batch"]["batches"] for found in two] == [{8}, {7}]
    assert train("uneven batch")["batches"] == {15}


@pytest.mark.slow
def test_a_budget_in_seconds_ends_all_processes_at_the_same_step(two):
    steps = {found["budget"]["steps"] for found in two}
    assert len(steps) == 1
    assert steps.pop() < 100_000


@pytest.mark.slow
def test_a_training_cut_in_two_processes_goes_on_in_one(tmp_path):
    folder = tmp_path / "cut"
    folder.mkdir()
    for found in train_together(2, folder, "cut"):
        assert found["cut"]["error"].startswith("KeyboardInterrupt")
    resumed = train("cut", checkpoint_path=folder / "cut.checkpoint", resume=True)
    assert resumed["steps"] == 200
    assert (resumed["weights"] - train("table")["weights"]).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("other data", "the data is of digest [0-9a-f]{12} in process 0 and of digest [0-9a-f]{12} in process 1"),
        ("another option", "the option max_steps is 4 in process 0 and 5 in process 1. Give the same samples"),
        ("another seed", "the option random_state is 0 in process 0 and 1 in process 1"),
        ("tiny batch", "Each of 2 processes needs rows of every batch.*Give a larger batch_size, or start fewer"),
        ("no checkpoint there", "name another file or delete it"),
    ],
)
@pytest.mark.slow
def test_processes_that_cannot_train_one_model_all_say_why(case, text, two):
    assert all(re.search(text, found[case]["error"]) for found in two)


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_training_with_a_sentence_and_a_checkpoint(tmp_path):
    first, second = start(2, tmp_path, "killed")
    path = tmp_path / "killed.checkpoint"
    wait_for(path.exists)
    second.kill()
    second.communicate(timeout=60)
    first.communicate(timeout=60)
    found = torch.load(tmp_path / "rank0.pt", weights_only=False)["killed"]
    assert re.search(r"TrainingError: A process of the group has stopped.*resume=True", found["error"])
    resumed = train("killed", checkpoint_path=path, resume=True, max_seconds=1.0)
    assert resumed["steps"] > 0


@pytest.mark.slow
def test_torchrun_trains_the_model_of_one_process_and_writes_it_once(tmp_path):
    table = tmp_path / "table.csv"
    make_file(table)
    command = ["-m", "ganaug_cli", "train", str(table), "--target", "churn", "--max-steps", "60"]
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = get_environment()
    done = subprocess.run([*run, *command], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("model: ") == done.stderr.count("'id' names rows") == 1
    assert len(GANAugmenter.load(table.with_suffix(".safetensors")).sample(10)[0]) == 10
    refused = subprocess.run(
        [*run, "-m", "ganaug_cli", "inspect", "x"], env=environment, capture_output=True, text=True, timeout=300
    )
    assert "'ganaug inspect' runs in one; start it without torchrun" in refused.stderr


@pytest.mark.slow
def test_ray_train_trains_the_model_of_one_process(tmp_path):
    ray = pytest.importorskip("ray")
    trainer = pytest.importorskip("ray.train.torch").TorchTrainer

    def work():
        import together
        import torch.distributed as dist

        torch.save(together.train("table", distributed=True), tmp_path / f"rank{dist.get_rank()}.pt")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        variables = {"env_vars": {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}}
        ray.init(num_cpus=2, include_dashboard=False, object_store_memory=200 * 2**20, runtime_env=variables)
        runs = ray.train.RunConfig(storage_path=str(tmp_path / "runs"))
        trainer(work, scaling_config=ray.train.ScalingConfig(num_workers=2), run_config=runs).fit()
        ray.shutdown()
    first, second = (torch.load(tmp_path / f"rank{rank}.pt", weights_only=False)["weights"] for rank in (0, 1))
    assert torch.equal(first, second)
    assert (first - train("table")["weights"]).abs().max() < 1e-5


def test_distributed_without_a_process_group_says_how_to_start_one():
    with pytest.raises(ParameterError, match=r"distributed=True needs a running process group.*init_process_group\(\)"):
        quick_augmenter(distributed=True).fit(*numbers())


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("n", [7, 8, 64])
def test_every_row_of_a_batch_is_of_one_process_and_counts_the_same(size, n):
    groups = [Group(rank, size) for rank in range(size)]
    rows = [row for group in groups for row in range(n)[group.own]]
    assert sorted(rows) == list(range(n))
    values = torch.arange(n).double()
    means = [group.weigh(n) * values[group.own].mean() for group in groups]
    assert sum(means) / size == pytest.approx(values.mean())
    assert [group.count_own(n) for group in groups] == [len(values[group.own]) for group in groups]
