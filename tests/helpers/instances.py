"""The ganaug estimators that the conduct suites run on: one place for their small settings."""

from __future__ import annotations


def table_augmenter():
    """Trained long enough to tell two blobs apart."""
    from ganaug import GANAugmenter

    return GANAugmenter(max_steps=600, batch_size=32, width=64, learning_rate=2e-3, random_state=0, device="cpu")


def checked_augmenter():
    """Hardly trained at all, for checks of form."""
    from ganaug import GANAugmenter

    return GANAugmenter(max_steps=2, batch_size=16, width=8, filters=None, random_state=0, device="cpu")
