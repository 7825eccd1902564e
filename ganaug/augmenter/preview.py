"""Write grids of samples from fixed noise during training, to show how the generator learns."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ParameterError
from ..files.atomic import replacing
from ..messages import reason_of
from ..modality import Generator, Modality
from ..rng import torch_stream
from ..training import Progress

_COLUMNS = 10
_ROWS = 20  # classes shown, at most
_GAP = 2  # pixels between two images


@dataclass
class Preview:
    """Folder of grids, one row of samples for each class; also logged to TensorBoard if it is installed.

    Attributes
    ----------
    folder : Path
        Folder of the grids.
    pictures : callable
        Turns encoded samples into uint8 images.
    z, codes : Tensor of shapes (n, latent_dim) and (n,)
        Latent vectors and classes, the same for each grid.
    noise_seed : int
        Seed of the other noise.
    log : SummaryWriter or None
        Writer of TensorBoard logs.
    """

    folder: Path
    pictures: Callable[[Tensor], NDArray[np.uint8]]
    z: Tensor
    codes: Tensor
    noise_seed: int
    log: Any = None

    @classmethod
    def of(cls, path: Any, modality: Modality, prior: Sequence[float], latent_dim: int, seed: int) -> Preview | None:
        """Return the preview in folder `path`, or None if there is no path or the modality has no pictures.

        Raises
        ------
        ParameterError
            The folder cannot be made or written to.
        """
        if path is None or modality.pictures is None:
            return None
        folder = Path(os.fspath(path))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):  # rather than find out at the first grid
                pass
        except (OSError, ValueError) as error:  # ValueError: a null character
            raise ParameterError(
                f"The folder {os.fspath(path)!r} for previews cannot be made or written to ({reason_of(error)}); "
                "name another."
            ) from None
        classes = [code for code, share in enumerate(prior) if share][:_ROWS]
        codes = torch.tensor(classes).repeat_interleave(_COLUMNS)
        z = torch.randn(len(codes), latent_dim, generator=torch_stream(seed, "preview"))
        return cls(folder, modality.pictures, z, codes, seed, _open_tensorboard(folder))

    def show(self, generator: Generator, progress: Progress) -> None:
        """Log the losses; at each new score write a grid, such as ``step_000500.png``."""
        if self.log is not None:
            for name in ("discriminator_loss", "generator_loss", "accuracy_real", "accuracy_synthetic"):
                self.log.add_scalar(name, getattr(progress, name), progress.step)
        if progress.score is None:
            return
        grid = _make_grid(self.pictures(self._make_samples(generator)))
        _write_png(grid, self.folder / f"step_{progress.step:06d}.png")
        if self.log is not None:
            self.log.add_scalar("held_out_score", progress.score, progress.step)
            self.log.add_image("samples", grid, progress.step, dataformats="HW" if grid.ndim == 2 else "HWC")
            self.log.flush()

    def close(self) -> None:
        """Close the TensorBoard log."""
        if self.log is not None:
            self.log.close()

    def _make_samples(self, generator: Generator) -> Tensor:
        parameter = next(generator.parameters())
        shape = (len(self.codes), generator.noise_dim)
        noise = torch.rand(shape, generator=torch_stream(self.noise_seed, "preview noise"))
        inputs = (tensor.to(parameter.device) for tensor in (self.z, self.codes, noise))
        with torch.no_grad():
            return generator.sample(*inputs).cpu()


def _make_grid(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return images of shape (n, h, w) or (n, h, w, c) as one image, with `_COLUMNS` of them in a row."""
    wide = [(0, 0), (0, _GAP), (0, _GAP), (0, 0)][: images.ndim]
    padded = np.pad(images, wide, constant_values=127)
    rows = padded.reshape(-1, _COLUMNS, *padded.shape[1:])
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)


def _write_png(image: NDArray[np.uint8], path: Path) -> None:
    from PIL import Image

    with replacing(path, durable=False) as file:
        Image.fromarray(image).save(file, format="PNG")


def _open_tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
