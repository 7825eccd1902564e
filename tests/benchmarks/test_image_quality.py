"""Settings of the image GAN are compared at equal seconds, case by case, and what they are is what is trained."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from benchmarks.image_quality import arms, command, measuring
from benchmarks.image_quality.summary import FOLDER, HEAD, render_markdown
from benchmarks.shared.protocol import read_cases
from ganaug import GANAugmenter

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    pytest.importorskip("torchmetrics")
    labels = np.arange(120) % 2
    shades = np.random.default_rng(0).integers(0, 100, (120, 8, 8, 3)) + 100 * labels[:, None, None, None]
    np.savez(tmp_path / "shades.npz", images=shades.astype(np.uint8), labels=labels)
    for name, options in arms.ARMS.items():
        monkeypatch.setitem(arms.ARMS, name, {**options, "max_steps": 3, "max_seconds": None})
    measuring.split_images.cache_clear()
    return tmp_path


def arguments(folder, *more):
    data = ["--data", str(folder), "--set", "shades", "--output", str(folder / "o.json")]
    return [*data, "--seconds", "5", "--seeds", "0", "1", "--steps", "4", *more]


def test_each_setting_gets_a_line_beside_real_images(folder, capsys):
    command.main(arguments(folder))
    printed = capsys.readouterr().out
    assert printed.startswith(HEAD)
    assert "|  | real images that were learned from | 1 |  |  |" in printed
    assert "| 5 s | ganaug, defaults without filters | 2 | 3 |" in printed
    assert "| 5 s | DiffAugment's setting | 2 | 3 |" in printed
    results = [case["result"] for case in json.loads((folder / "o.json").read_text())["cases"]]
    assert len(results) == 5
    assert all(result.keys() >= {"fid", "class_fid", "coverage", "accuracy", "warnings"} for result in results)


def test_a_finished_case_is_not_measured_again_and_a_failure_ends_no_run(folder, capsys, monkeypatch):
    monkeypatch.setitem(arms.ARMS, "diffaugment", {"loss": "none"})
    with pytest.raises(SystemExit, match=r"^Failed:\ndiffaugment, 5 s, seed 0: ParameterError: The 'loss'"):
        command.main(arguments(folder))
    monkeypatch.setattr(command, "measure_case", None)
    command.main(arguments(folder, "--arms", "real", "ganaug"))
    capsys.readouterr()
    command.main(["--summary", str(folder / "o.json")])
    assert "| 5 s | ganaug, defaults without filters | 2 | 3 |" in capsys.readouterr().out


def test_without_data_there_is_nothing_to_measure(capsys):
    with pytest.raises(SystemExit):
        command.main([])
    assert "name the folder of the images with --data" in capsys.readouterr().err


def test_the_setting_of_the_literature_has_no_penalty_and_its_own_optimizer():
    options = arms.ARMS[arms.LITERATURE]
    augmenter = GANAugmenter(**options)
    assert (augmenter.loss, augmenter.learning_rate) == ("hinge", 2e-4)
    optimizer = augmenter.optimizer([torch.zeros(1, requires_grad=True)], 2e-4)
    assert optimizer.defaults["betas"] == (0.0, 0.999)
    assert optimizer.defaults["lr"] == 2e-4


def test_the_committed_results_have_both_seeds_of_every_setting():
    cases = [case["key"] for path in FOLDER.glob("*.json") for case in read_cases(path)]
    found = {(key["arm"], key["seconds"], key["seed"]) for key in cases}
    seconds = {key["seconds"] for key in cases} - {0.0}
    assert len(seconds) == 2
    assert found == {("real", 0.0, 0)} | {(a, s, n) for a in ("ganaug", "diffaugment") for s in seconds for n in (0, 1)}
    assert len(render_markdown(case for path in FOLDER.glob("*.json") for case in read_cases(path)).splitlines()) == 7
