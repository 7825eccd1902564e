"""Images for which there is no room are refused with the number that there is room for."""

from __future__ import annotations

import numpy as np
import pytest
from small import quick_augmenter
from small_images import bars

from ganaug import DataError
from ganaug.augmenter.model import make_source
from ganaug.image import IMAGE, room
from ganaug.image.encoder import ImageEncoder
from ganaug.modality import Architecture


@pytest.fixture
def memory(monkeypatch):
    """Give the machine this many bytes of memory."""
    return lambda found: monkeypatch.setattr(room, "_find_memory", lambda: found)


def test_images_for_which_there_is_no_room_are_refused_with_the_number_that_fits(memory):
    memory(20 * 2**30)
    with pytest.raises(DataError, match=r"60,000 images of 3 x 256 x 256 take 43\.9 GiB .*at most 13,653 of"):
        room.check_room(60_000, (3, 256, 256))
    room.check_room(13_653, (3, 256, 256))


def test_a_fit_says_so_before_it_takes_the_room(memory):
    X, y = bars(40)
    memory(X[0].size * 4 * 2 * 39)
    with pytest.raises(DataError, match=r"40 images of .* learn from at most 39 of them, or make them smaller"):
        quick_augmenter().fit(X, y)
    quick_augmenter(max_steps=1).fit(X[:36], y[:36])


def test_large_images_are_generated_in_small_blocks():
    networks = {"generator": None, "judges": [], "architecture": Architecture(8, 8, 2)}

    def block_of(*shape):
        return make_source(IMAGE, ImageEncoder().fit(np.zeros((1, *shape), np.uint8), None), **networks).block

    assert (block_of(28, 28), block_of(64, 64, 3)) == (IMAGE.block, IMAGE.block)
    assert 32 <= block_of(256, 256, 3) < IMAGE.block / 4


def test_a_system_that_does_not_tell_its_memory_has_room(monkeypatch):
    monkeypatch.delattr(room.os, "sysconf", raising=False)
    assert room._find_memory() is None
    room.check_room(10**9, (256, 256))
