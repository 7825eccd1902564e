"""Small images to train on: bars that lie or stand."""

from __future__ import annotations

import hashlib

import numpy as np


def bars(n=40, height=10, width=8, channels=None, seed=0):
    """(X, y): uint8 images of shape (n, h, w) or (n, h, w, channels); bars lie in class 0 and stand in class 1.

    Parameters
    ----------
    n : int
        Images, of which every other one stands.
    height, width : int
        Pixels.
    channels : int or None
        None for grey images without an axis of channels; each channel has a noise of its own.
    seed : int
        Decides where the bars are, and the noise.
    """
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = rng.integers(0, 40, (n, height, width, channels or 1))
    for image, standing in zip(X, y, strict=True):
        if standing:
            first = rng.integers(0, width - 1)
            image[:, first : first + 2] += 200
        else:
            first = rng.integers(0, height - 1)
            image[first : first + 2] += 200
    X = X.astype(np.uint8)
    return (X[..., 0] if channels is None else X), y


def image_folder(path, X, names):
    """Write each image as a PNG into the folder of its class; return the path."""
    from PIL import Image

    for i, (image, name) in enumerate(zip(X, names, strict=True)):
        folder = path / str(name)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{i:04d}.png")
    return path


def image_digest(*parts):
    """SHA-256 of arrays and tensors of any shape; kind, dtype and shape included."""
    sha = hashlib.sha256()
    for part in parts:
        array = np.ascontiguousarray(part)
        sha.update(repr((type(part).__name__, str(part.dtype), array.shape)).encode())
        sha.update(array.tobytes())
    return sha.hexdigest()
