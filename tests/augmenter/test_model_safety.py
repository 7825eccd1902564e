"""Model files of strangers, through the same door as all others: `GANAugmenter.load`."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from forging import parts
from mutations import MUTATIONS
from processes import run_module
from promises import full_length
from small import digest
from small_images import image_digest

from benchmarks.shared.memory import measure_peak_above, reset_peak
from ganaug import GANAugmenter, ModelFileError

GOLDEN = Path(__file__).parents[1] / "golden"

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A model of a table with every kind of column, and one of images, in the format of today."""
    folder = tmp_path_factory.mktemp("models")
    for kind in ("table", "image"):
        GANAugmenter.load(GOLDEN / f"{kind}_1.safetensors").save(folder / kind)
    return folder


def samples_of(path):
    made = GANAugmenter.load(path).sample(3)
    return digest(*made) if path.name == "table" else image_digest(*made)


@pytest.mark.promise("mutated")
@pytest.mark.parametrize("kind", ["table", "image"])
@pytest.mark.parametrize("mutate", MUTATIONS)
def test_no_mutated_model_loads_with_other_content(models, tmp_path, mutate, kind, attempt, finding):
    original = (models / kind).read_bytes()
    path = tmp_path / kind
    path.write_bytes(original)
    expected = samples_of(path)
    rng = np.random.default_rng(len(mutate.__name__))
    tries, slowest, before = full_length(850, suite=15), 0.0, reset_peak()
    for _ in range(tries):
        data = bytearray(original)
        mutate(rng, data)
        path.write_bytes(data)
        started = time.process_time()
        try:
            GANAugmenter.load(path)
        except ModelFileError:
            slowest = max(slowest, time.process_time() - started)
        else:
            assert samples_of(path) == expected
        attempt()
    assert slowest < 1.0
    assert measure_peak_above(before) < 200
    finding("each refused in less than 1 s")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.promise("forged")
@pytest.mark.parametrize("kind", ["table", "image"])
@pytest.mark.parametrize("seed", [0])
def test_no_forged_model_does_more_than_sample_or_say_what_is_wrong(models, kind, seed, attempt, finding):
    tries = full_length(5000, suite=100)
    found = run_module("forging", models / kind, seed, tries)
    attempt(tries - found["counts"]["not written"])
    assert found["surprises"] == []
    assert found["counts"]["refused"] > 0.3 * tries
    finding(f"{found['counts']['samples'] + found['counts']['sentence']:,} loaded")


def test_parts_of_a_model_make_the_model_again(models, tmp_path):
    """Or forging would prove nothing."""
    from ganaug.storage import write_model

    write_model(tmp_path / "table", *parts(models / "table"))
    assert (tmp_path / "table").read_bytes() == (models / "table").read_bytes()
