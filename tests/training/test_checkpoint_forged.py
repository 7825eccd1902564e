"""Checkpoints with a sound checksum that hold what no training saves: refused in a sentence before they are used."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from forging import parts
from small import closeness, equal, point_plan, point_state, real_points

from ganaug import ModelFileError
from ganaug.storage import write_model
from ganaug.training import TrainingState, train_gan
from ganaug.training import loop as training
from ganaug.training.checkpoint import Checkpoint

pytestmark = pytest.mark.usefixtures("on_one_thread")

REFUSED = r"(holds a state that no training saves|is damaged|belongs to another|on another kind of device)"
MOMENT = "optimizer.generator.0.exp_avg"


def sparse_momentum(parameters, lr):
    """An optimizer of the user's own, which begins to keep something after its first step."""

    class Late(torch.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            for parameter in self.param_groups[0]["params"]:
                slots = self.state[parameter]
                if "steps" in slots:
                    slots["mean"] = parameter.detach().clone()
                slots["steps"] = slots.get("steps", torch.tensor(0.0)) + 1

    return Late(parameters, lr=lr, momentum=0.5)


@pytest.fixture
def stretches(monkeypatch):
    monkeypatch.setattr(training, "_CHECK_EVERY", 5)


def saved(path, plan, reports=2):
    """A checkpoint of a training that was cut short after so many reports, and its state."""
    state = point_state(plan)
    for _ in zip(range(reports), train_gan(state, plan, real_points(), closeness), strict=False):
        pass
    place = Checkpoint(path, {"data": "these"})
    place.save(state)
    return place, state


def set_fact(name, value):
    return lambda tensors, facts: facts.update({name: value})


def set_tensor(name, change):
    return lambda tensors, facts: tensors.update({name: change(tensors[name])})


def without(start):
    def forge(tensors, facts):
        for name in [name for name in tensors if name.startswith(start)]:
            del tensors[name]

    return forge


def option(name, value):
    return lambda tensors, facts: facts["groups"]["generator"][0].update({name: value})


def cell(value):
    def change(tensor):
        tensor = tensor.clone()
        tensor.view(-1)[0] = value
        return tensor

    return change


FORGED = {
    **{f"{name} {value!r}"[:40]: set_fact(name, value)
       for name in ("step", "retries", "revivals", "cut_at") for value in ("a", -5, 1.5, True, None, [])},
    "step beyond the plan": set_fact("step", 10**9),
    "a step after the end": lambda tensors, facts: facts.update(cut_at=1),
    "a cut to come": lambda tensors, facts: facts.update(cut_at=facts["step"] + 1),
    **{f"seconds {value!r}": set_fact("seconds", value) for value in ("a", -1.0, None, True, 10**400)},
    **{f"rate {value!r}": set_fact("rate", value) for value in ("a", 0.0, -0.5, 2.0, None)},
    **{f"scores {value!r}": set_fact("scores", value) for value in (5, None, [], [5], [[1]], [["a", 1.0]], [[5, "a"]])},
    **{f"best_rank {value!r}": set_fact("best_rank", value) for value in (None, [1], [1, 1.0], [True, "a"], 5)},
    **{f"groups {value!r}": set_fact("groups", value) for value in ([], {}, {"generator": 5}, {"generator": [5]})},
    "a rate that is text": option("lr", "a"),
    "betas that are text": option("betas", ["a", "b"]),
    "an option that wants more": option("amsgrad", True),
    "no step": lambda tensors, facts: facts.pop("step"),
    "no facts": lambda tensors, facts: facts.clear(),
    "no generator": without("generator."),
    "no weight": without("generator.first.weight"),
    "no best": without("best."),
    "half of the best": without("best.first"),
    "half of what Adam keeps": without(MOMENT),
    "no rng": without("rng"),
    "a short rng": set_tensor("rng", lambda rng: rng[:3].clone()),
    "an rng of nothing": set_tensor("rng", torch.zeros_like),
    "another history": set_tensor("history", lambda history: history[:9].clone()),
    "a history of nothing": set_tensor("history", cell(math.nan)),
    "too small a moment": set_tensor(MOMENT, lambda moment: torch.tensor(0.0)),
    "a moment of integers": set_tensor(MOMENT, lambda moment: moment.long()),
    "a moment of a stranger": lambda tensors, facts: tensors.update({"optimizer.generator.99.exp_avg": torch.zeros(2)}),
    "weights of another size": set_tensor("generator.first.weight", lambda weight: weight[:1].clone()),
    "weights that are none": set_tensor("generator.first.weight", cell(math.nan)),
    "best weights that are none": set_tensor("best.first.weight", cell(math.inf)),
}  # fmt: skip


@pytest.mark.promise("mutated")
@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_checkpoint_is_refused_in_a_sentence_that_names_it(stretches, tmp_path, forge):
    path, plan = tmp_path / "forged.checkpoint", point_plan()
    place, _ = saved(path, plan)
    tensors, metadata = parts(path)
    forge(tensors, metadata["state"])
    listed = {name: [str(t.dtype).removeprefix("torch."), list(t.shape)] for name, t in tensors.items()}
    write_model(path, tensors, {**metadata, "tensors": listed})
    fresh = point_state(plan, seed=5)
    before = fresh.tensors(), copy.deepcopy(fresh.facts())
    with pytest.raises(ModelFileError, match=REFUSED) as caught:
        place.load(fresh, plan)
    assert str(path) in str(caught.value) and len(str(caught.value)) < 600
    assert equal(fresh.tensors(), before[0]) and fresh.facts() == before[1]


def test_a_checkpoint_of_another_device_says_where_it_can_be_resumed(stretches, tmp_path):
    path, plan = tmp_path / "cuda.checkpoint", point_plan()
    place, state = saved(path, plan)
    state.rng = type("Cuda", (), {"get_state": lambda self: torch.zeros(16, dtype=torch.uint8)})()
    place.save(state)
    with pytest.raises(ModelFileError, match=r"another kind of device.*--device.*delete the file to start afresh"):
        place.load(point_state(plan), plan)


@pytest.mark.parametrize("listed", [None, [], {"rng": 5}, {"rng": ["load", [1]]}, {"generator.x": ["float32", ["a"]]}])
@pytest.mark.parametrize("optimizer", ["adam", sparse_momentum])
def test_a_forged_list_of_tensors_is_refused(stretches, tmp_path, listed, optimizer):
    path, plan = tmp_path / "forged.checkpoint", point_plan(optimizer=optimizer)
    place, _ = saved(path, plan)
    tensors, metadata = parts(path)
    write_model(path, tensors, {**metadata, "tensors": listed})
    with pytest.raises(ModelFileError, match=REFUSED):
        place.load(point_state(plan), plan)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", sparse_momentum, lambda p, lr: torch.optim.SGD(p, lr=lr)])
@pytest.mark.parametrize("reports", [1, 2, 4])
def test_what_a_training_leaves_is_taken_up_whatever_its_optimizer_keeps(stretches, tmp_path, optimizer, reports):
    plan = point_plan(optimizer=optimizer)
    place, state = saved(tmp_path / "own.checkpoint", plan, reports)
    other = point_state(plan, seed=5)
    place.load(other, plan)
    assert equal(other.tensors(), state.tensors()) and other.facts() == state.facts()


def test_a_parameter_without_a_gradient_has_nothing_kept_of_it_and_may_be_resumed(stretches, tmp_path):
    plan = point_plan()

    def start(seed):
        state = point_state(plan, seed)
        state.generator.idle = torch.nn.Parameter(torch.zeros(3))
        return TrainingState.start(state.generator, state.discriminator, plan, state.rng)

    state = start(0)
    for _ in zip(range(2), train_gan(state, plan, real_points(), closeness), strict=False):
        pass
    place = Checkpoint(tmp_path / "idle.checkpoint", {})
    place.save(state)
    other = start(5)
    place.load(other, plan)
    assert equal(other.tensors(), state.tensors())
