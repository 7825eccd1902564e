"""Measure how fast large JPEG photos are read small: ``python -m benchmarks.photos [--photos 20] [--repeats 3]``.

Photos of six megapixels are made, and read by `read_image_folder` at 64 x 64 pixels, and by Pillow, which decodes the
whole photo and resizes it with the same filter. Both take turns on one thread; the medians of their CPU seconds are
printed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from ganaug import read_image_folder

_SHAPE = (2000, 3000)  # pixels
_SIZE = (64, 64)


def make_photos(folder: Path, n: int, shape: tuple[int, int] = _SHAPE) -> Path:
    """Write `n` JPEG files of two classes, smooth with noise as photos are; return the folder."""
    rng = np.random.default_rng(0)
    for i in range(n):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 18, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC), dtype=np.int16)
        noisy = (smooth + rng.integers(-12, 13, smooth.shape, dtype=np.int16)).clip(0, 255).astype(np.uint8)
        place = folder / "ab"[i % 2] / f"{i}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noisy).save(place, quality=90)
    return folder


def read_whole(folder: Path) -> None:
    """Decode every photo at its full size, and resize it."""
    for file in sorted(folder.rglob("*.jpg")):
        with Image.open(file) as photo:
            photo.convert("RGB").resize(_SIZE, Image.Resampling.BICUBIC)


def time_both(folder: Path, repeats: int) -> tuple[float, float]:
    """Return the median CPU seconds of `read_image_folder` and of `read_whole`, which take turns."""
    readers: list[Callable[[], object]] = [lambda: read_image_folder(folder, size=_SIZE), lambda: read_whole(folder)]
    seconds: list[list[float]] = [[], []]
    for _ in range(repeats):
        for reader, spent in zip(readers, seconds, strict=True):
            began = time.process_time()
            reader()
            spent.append(time.process_time() - began)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        ours, whole = time_both(make_photos(Path(place), options.photos), options.repeats)
    print(f"{options.photos} photos of {_SHAPE[0]} x {_SHAPE[1]} at {_SIZE[0]} x {_SIZE[1]}, CPU seconds:")
    print(f"read_image_folder {ours:.2f}, Pillow whole {whole:.2f}: {whole / ours:.1f} times as fast")


if __name__ == "__main__":
    main()
