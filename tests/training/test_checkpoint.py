"""A fit that was cut short goes on where it stopped, and its result is that of one that never was."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from small import digest, numbers, quick_augmenter, same_rows

from ganaug import ModelFileError
from ganaug.augmenter import fitting
from ganaug.training import checkpoint
from ganaug.training import loop as training

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")

STEPS = 23


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    """A report every five steps and a checkpoint at each."""
    monkeypatch.setattr(training, "_CHECK_EVERY", 5)
    monkeypatch.setattr(checkpoint, "_EVERY_SECONDS", 0.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "training.checkpoint"


def augmenter(path=None, **options):
    return quick_augmenter(**{"max_steps": STEPS, "checkpoint_path": path, **options})


def interrupt_after(monkeypatch, reports, error=KeyboardInterrupt):
    """Let the next trainings end after so many reports, as if somebody had pressed Ctrl-C."""
    shown = fitting.show_progress

    def cut(progress, verbose):
        for i, now in enumerate(shown(progress, verbose)):
            if i == reports:
                raise error
            yield now

    monkeypatch.setattr(fitting, "show_progress", cut)


def interrupted(monkeypatch, path, X, y, reports=3, **options):
    with monkeypatch.context() as patch:
        interrupt_after(patch, reports)
        cut = augmenter(path, **options)
        with pytest.raises(KeyboardInterrupt):
            cut.fit(X, y)
    return cut


@pytest.mark.promise("killed training")
@pytest.mark.parametrize("reports", [1, 2, 3, 4])
def test_resumed_fit_equals_an_uninterrupted_one(monkeypatch, path, toy_table, reports):
    X, y = toy_table
    cut = interrupted(monkeypatch, path, X, y, reports)
    assert path.exists() and not hasattr(cut, "model_")
    expected = augmenter().fit(X, y)
    cut.set_params(resume=True).fit(X, y)
    assert same_rows(cut.sample(200), expected.sample(200))
    for name, values in expected.history_.items():
        assert np.array_equal(cut.history_[name], values)
    assert not path.exists()


@pytest.mark.promise("killed training")
@pytest.mark.parametrize("reports", [1, 3])
def test_resuming_after_the_training_was_cut_short_ends_where_it_would_have(monkeypatch, path, reports):
    X, y = numbers()
    monkeypatch.setattr(fitting, "plan_training", scored_every(5))
    monkeypatch.setattr(fitting._Training, "has_learned", lambda *_: True)
    monkeypatch.setattr(fitting._Training, "find_collapsed", lambda *_: [])
    interrupted(monkeypatch, path, X, y, reports, max_steps=60)
    resumed = augmenter(path, resume=True, max_steps=60).fit(X, y)
    expected = augmenter(max_steps=60).fit(X, y)
    assert len(resumed.history_["generator_loss"]) == 20
    assert digest(*resumed.sample(100)) == digest(*expected.sample(100))


@pytest.mark.parametrize("options", [{"loss": "minimax"}, {"optimizer": "rmsprop"}, {"filters": "density_ratio"}])
def test_resuming_works_with_other_games_too(monkeypatch, path, options):
    X, y = numbers()
    interrupted(monkeypatch, path, X, y, **options)
    resumed = augmenter(path, resume=True, **options).fit(X, y)
    assert digest(*resumed.sample(100)) == digest(*augmenter(**options).fit(X, y).sample(100))


def test_resuming_really_goes_on(monkeypatch, path):
    X, y = numbers()
    interrupted(monkeypatch, path, X, y, reports=3)
    steps = []
    real = training.train_step
    monkeypatch.setattr(training, "train_step", lambda state, *rest: (steps.append(state.step), real(state, *rest)))
    augmenter(path, resume=True).fit(X, y)
    assert steps == list(range(15, STEPS))


def test_resuming_a_table_too_small_to_hold_rows_out_keeps_the_last_weights(monkeypatch, path):
    X, y = numbers(20)
    monkeypatch.setattr(fitting, "plan_training", scored_every(5))
    interrupted(monkeypatch, path, X, y, reports=3)
    resumed = augmenter(path, resume=True).fit(X, y)
    assert digest(*resumed.sample(50)) == digest(*augmenter().fit(X, y).sample(50))


def scored_every(steps):
    def plan_training(*arguments):
        architecture, plan = real(*arguments)
        return architecture, replace(plan, score_every=steps)

    real = fitting.plan_training
    return plan_training


def test_interrupted_while_the_file_is_written_resumes_from_the_one_before(monkeypatch, path):
    X, y = numbers()
    real, saves = checkpoint.write_model, []

    def failing(*arguments):
        saves.append(arguments)
        if len(saves) == 3:
            raise KeyboardInterrupt
        real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write_model", failing)
        with pytest.raises(KeyboardInterrupt):
            augmenter(path).fit(X, y)
    resumed = augmenter(path, resume=True).fit(X, y)
    assert digest(*resumed.sample(100)) == digest(*augmenter().fit(X, y).sample(100))


def test_the_first_and_last_state_are_written_and_the_others_now_and_then(monkeypatch, path):
    monkeypatch.setattr(checkpoint, "_EVERY_SECONDS", 3600.0)
    saves = []
    real = checkpoint.write_model
    monkeypatch.setattr(checkpoint, "write_model", lambda *file: (saves.append(file[2]["state"]["step"]), real(*file)))
    augmenter(path).fit(*numbers())
    assert saves == [5, STEPS]


def test_without_a_checkpoint_resume_starts_afresh(path):
    X, y = numbers()
    assert digest(*augmenter(path, resume=True).fit(X, y).sample(30)) == digest(*augmenter().fit(X, y).sample(30))


def test_without_resume_an_old_checkpoint_is_not_looked_at(monkeypatch, path):
    X, y = numbers()
    interrupted(monkeypatch, path, *numbers(seed=5))
    assert digest(*augmenter(path).fit(X, y).sample(30)) == digest(*augmenter().fit(X, y).sample(30))
    assert not path.exists()


@pytest.mark.promise("killed training")
@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"max_steps": 99}, "max_steps"),
        ({"batch_size": 8}, "batch_size"),
        ({"learning_rate": 0.1}, "learning_rate"),
        ({"loss": "hinge"}, "loss"),
        ({"optimizer": "rmsprop"}, "optimizer"),
        ({"width": 16}, "sizes"),
        ({"patience": 1}, "patience"),
        ({"random_state": 1}, "seed"),
        ({"random_state": None}, "seed"),
    ],
)
def test_checkpoint_of_other_options_is_refused_by_name(monkeypatch, path, options, named):
    X, y = numbers()
    interrupted(monkeypatch, path, X, y)
    before = path.read_bytes()
    complaint = rf"checkpoint of another training: not the same (\w+, )*{named}\b"
    with pytest.raises(ModelFileError, match=complaint) as caught:
        augmenter(path, resume=True, **options).fit(X, y)
    assert str(path) in str(caught.value) and "delete the file to start afresh" in str(caught.value)
    assert named == "loss" or f"not the same {named}." in str(caught.value)  # another loss has other sizes, too
    assert path.read_bytes() == before


@pytest.mark.promise("killed training")
@pytest.mark.parametrize("change", ["a value", "a label", "a row less", "the order"])
def test_checkpoint_of_other_data_is_refused(monkeypatch, path, change):
    X, y = numbers()
    interrupted(monkeypatch, path, X, y)
    X, y = X.copy(), y.copy()
    if change == "a value":
        X[:, 0] *= 1.5
        X[3, 0] += 1
    elif change == "a label":
        y[:2] = y[:2][::-1]
        y[2] = 1 - y[2]
    elif change == "a row less":
        X, y = X[:-1], y[:-1]
    else:
        X, y = X[::-1], y[::-1]
    with pytest.raises(ModelFileError, match="not the same data"):
        augmenter(path, resume=True).fit(X, y)


def test_checkpoint_knows_the_rows_that_judge(monkeypatch, path, toy_table):
    """Whatever cell is changed, in a held-out row or another, the checkpoint is that of other data."""
    X, y = toy_table
    interrupted(monkeypatch, path, X, y)
    accepted = []
    for row in range(0, 300, 6):
        other = X.copy()
        other.loc[row, "member"] = not other.loc[row, "member"]
        try:
            with monkeypatch.context() as patch:
                interrupt_after(patch, 0)
                augmenter(path, resume=True).fit(other, y)
        except KeyboardInterrupt:
            accepted.append(row)
        except ModelFileError:
            pass
    assert accepted == []


@pytest.mark.promise("mutated")
def test_a_damaged_checkpoint_is_refused(monkeypatch, path):
    X, y = numbers()
    interrupted(monkeypatch, path, X, y)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match="is damaged"):
        augmenter(path, resume=True).fit(X, y)


@pytest.mark.parametrize("resume", [False, True])
def test_a_file_that_is_no_checkpoint_is_never_written_over(path, resume):
    X, y = numbers()
    fitted = augmenter().fit(X, y)
    fitted.save(path)
    before = path.read_bytes()
    with pytest.raises(ModelFileError, match="is a model of ganaug, not a checkpoint"):
        augmenter(path, resume=resume).fit(X, y)
    assert path.read_bytes() == before
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ModelFileError, match=r"in the way of a checkpoint; name another file.*text file"):
        augmenter(path, resume=resume).fit(X, y)
    assert path.read_text() == "a,b\n1,2\n"


def test_an_empty_file_is_free_to_use(path):
    path.touch()
    augmenter(path).fit(*numbers())


@pytest.mark.skipif(os.name != "posix", reason="these names are wrong on POSIX systems")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x" * 300, "File name too long"),
        ("a/" * 3000, "File name too long"),
        ("a\0b", "null"),
        ("f/x", "Not a directory"),
    ],
)
@pytest.mark.parametrize("resume", [False, True])
def test_a_name_that_no_file_can_have_is_refused_before_the_training(tmp_path, monkeypatch, name, reason, resume):
    (tmp_path / "f").touch()
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.setattr(fitting, "train_gan", None)
    with pytest.raises(ModelFileError, match=f"cannot be a checkpoint .*{reason}.*; name another file"):
        augmenter(f"{tmp_path}/{name}", resume=resume).fit(*numbers())


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_a_link_stays_and_the_checkpoint_behind_it_goes(monkeypatch, tmp_path, path):
    target = tmp_path / "elsewhere" / "file"
    target.parent.mkdir()
    path.symlink_to(target)
    interrupted(monkeypatch, path, *numbers())
    assert path.is_symlink() and target.is_file()
    augmenter(path, resume=True).fit(*numbers())
    assert path.is_symlink() and not target.exists()


def test_a_checkpoint_that_cannot_be_deleted_does_not_cost_the_model(monkeypatch, path):
    def refuse(self, *arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checkpoint.Path, "unlink", refuse)
    assert augmenter(path).fit(*numbers()).history_ and path.exists()


@pytest.mark.promise("full disk")
def test_a_folder_that_is_not_there_is_named_before_the_training_is_over(monkeypatch, tmp_path):
    steps = []
    real = training.train_step
    monkeypatch.setattr(training, "train_step", lambda state, *rest: (steps.append(1), real(state, *rest)))
    with pytest.raises(ModelFileError, match=r"could not be written.*create the folder first"):
        augmenter(tmp_path / "none" / "x").fit(*numbers())
    assert len(steps) <= 5


@pytest.mark.promise("signals")
def test_interruption_leaves_an_unfitted_augmenter_unfitted(monkeypatch, path):
    cut = interrupted(monkeypatch, path, *numbers())
    assert set(vars(cut)) == set(quick_augmenter().get_params())


@pytest.mark.promise("signals")
@pytest.mark.parametrize("reports", [0, 3])
def test_interruption_leaves_a_fitted_augmenter_as_it_was(monkeypatch, toy_table, reports):
    X, y = toy_table
    fitted = augmenter().fit(X, y)
    expected, attributes = digest(*fitted.sample(50)), set(vars(fitted))
    interrupt_after(monkeypatch, reports)
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(*numbers())
    assert set(vars(fitted)) == attributes and fitted.n_features_in_ == X.shape[1]
    assert fitted.feature_names_in_.tolist() == X.columns.tolist()
    assert digest(*fitted.sample(50)) == expected


def test_interruption_of_the_filters_leaves_it_as_it_was_too(monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    fitted = augmenter().fit(*numbers())
    expected = digest(*fitted.sample(50))
    monkeypatch.setattr(fitting, "fit_filters", stop)
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(*numbers(seed=1))
    assert digest(*fitted.sample(50)) == expected


def test_checkpoint_outlives_a_failure_after_the_training(monkeypatch, path):
    def stop(*arguments):
        raise KeyboardInterrupt

    X, y = numbers()
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "fit_filters", stop)
        with pytest.raises(KeyboardInterrupt):
            augmenter(path).fit(X, y)
    assert path.exists()


def adam_with_a_tensor_rate(parameters, lr):
    return torch.optim.Adam(parameters, lr=torch.tensor(lr), betas=(0.0, 0.99), fused=True)


def test_an_optimizer_whose_rate_is_a_tensor_resumes_bit_for_bit(monkeypatch, path):
    X, y = numbers()
    straight = augmenter(optimizer=adam_with_a_tensor_rate).fit(X, y)
    interrupted(monkeypatch, path, X, y, optimizer=adam_with_a_tensor_rate)
    resumed = augmenter(path, resume=True, optimizer=adam_with_a_tensor_rate).fit(X, y)
    assert digest(*straight.history_.values()) == digest(*resumed.history_.values())
    assert same_rows(straight.sample(40), resumed.sample(40))
