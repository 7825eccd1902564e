"""Write the shards of images: files in a folder for each class, as `write_image_folder` writes them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..image.depth import choose_suffix, write_picture
from ..image.names import FolderNames
from ..image.painting import Painter, choose_file_range
from ..image.png import list_numbers, make_place, remove_files, write_names
from .sampling import Request, Wanted
from .sharding import Shards


class ImageShards(Shards):
    """Images; a shard is a stretch of them, and each file appears under its name once it is whole."""

    packages = (*Shards.packages, "pillow")
    suitable_size = 10_000
    shares_folder = True

    @cached_property
    def _painter(self) -> Painter:
        """How an image becomes a picture."""
        schema = self.model.encoder.to_json()
        return Painter.choose(self._sample_one(), choose_file_range(schema), schema["channel_axis"], None)

    @cached_property
    def _suffix(self) -> str:
        """How the names of files end."""
        return choose_suffix(self._painter.paint(self._sample_one())[0])

    @cached_property
    def _folders(self) -> dict[int, str]:
        """The folder of each class that is wanted, by its code."""
        names = FolderNames()
        wanted = np.flatnonzero(self.order.count_before(self.order.total)).tolist()
        return {code: names.assign(self._labels[code]) for code in wanted}

    @property
    def _labels(self) -> list[str]:
        return [str(label) for label in self.model.labels.values]

    def prepare(self) -> None:
        """Choose the form of the pictures."""
        self._suffix  # noqa: B018 - it is kept

    def begin(self, root: Path) -> None:
        """Remove the images of earlier calls, and write which labels the folders stand for."""
        remove_files(root, {}, self._suffix)
        write_names(
            root, {name: self._labels[code] for code, name in self._folders.items() if name != self._labels[code]}
        )

    def find_missing(self, root: Path) -> list[int]:
        """Return the numbers of the shards of which an image is not there."""
        bounds = np.asarray([self._count_before(number) for number in range(self.count() + 1)])
        there = np.zeros_like(bounds)
        for code, name in self._folders.items():
            numbers = np.sort(list_numbers(root / name, self._suffix))
            there[:, code] = np.searchsorted(numbers, bounds[:, code], side="right")
        lacking = (np.diff(bounds, axis=0) > np.diff(there, axis=0)).any(axis=1)
        return np.flatnonzero(lacking).tolist()

    def write_files(self, number: int, root: Path) -> None:
        """Write the images of a shard that are not there, the first of each class after those of earlier shards."""
        numbers = self._count_before(number)
        for images, codes in self.serve(number):
            for picture, code in zip(self._painter.paint(images), codes.tolist(), strict=True):
                numbers[code] += 1
                file = make_place(root, self._folders[code], numbers[code], self._suffix)
                if file.exists():
                    continue
                try:
                    write_picture(picture, file, synthetic=True)
                except OSError:
                    if not file.exists():  # else another process finished it, and cleared up
                        raise

    def list_folders(self, root: Path) -> list[Path]:
        """Return the folder and those of the classes."""
        return [root, *(place for name in self._folders.values() if (place := root / name).is_dir())]

    def _sample_one(self) -> Any:
        """Return one image, in the container of all."""
        X, _ = next(Request.of(self.model, Wanted(1), self.latent_scale, self.seed).serve())
        return X

    def _count_before(self, number: int) -> list[int]:
        """Return how many images of each class come before a shard."""
        return self.order.count_before(min(number * self.shard_rows, self.order.total))
