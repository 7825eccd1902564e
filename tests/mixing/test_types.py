"""A synthetic sample has the type of the real one that it replaces."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest
import torch
from image_sets import BOTH, KEPT, LABELS, Fake, made, raw_image, to_float
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

from ganaug.errors import DataError
from ganaug.mixing import MixedDataset, SyntheticMix
from ganaug.mixing.conversion import SampleSpec, convert_to_spec


class Scan(torch.Tensor):
    """As MONAI's MetaTensor: a tensor with something attached."""

    @staticmethod
    def of(x, **meta):
        scan = torch.as_tensor(x).as_subclass(Scan)
        scan.meta = meta
        return scan


class Measured(np.ndarray):
    pass


def first_of(real, augmenter=None):
    mixed = MixedDataset(real, augmenter or Fake(), 1.0, random_state=0)
    return real[4], mixed[4]


KINDS = {
    "tensor": to_float,
    "tensor subclass": lambda x: Scan.of(to_float(x)),
    "tv_tensor": lambda x: tv_tensors.Image(to_float(x)),
    "tv_tensor of 8 bits": v2.PILToTensor(),
    "array": np.asarray,
    "array subclass": lambda x: np.asarray(x).view(Measured),
    "channels first": lambda x: np.moveaxis(np.asarray(x), 2, 0),
    "half": lambda x: to_float(x).half(),
    "floats of 0 to 255": lambda x: np.asarray(x, dtype=np.float32),
}


@pytest.mark.parametrize("augmenter", [Fake(), Fake("float")])
@pytest.mark.parametrize("kind", KINDS)
def test_a_synthetic_sample_has_the_type_of_the_real_one(kind, augmenter):
    real = made(lambda d, x, y: (KINDS[kind](x), y))
    if kind == "floats of 0 to 255" and augmenter.form == "float":
        with pytest.raises(DataError, match=r"values in \[0.784, 0.792\] where real ones are in \[200, 200\]"):
            MixedDataset(real, augmenter)
        return
    (a, _), (b, _) = first_of(real, augmenter)
    assert (type(a), a.dtype, a.shape) == (type(b), b.dtype, b.shape)
    assert np.allclose(np.asarray(a, dtype=float), np.asarray(b, dtype=float), rtol=0.01)


def test_what_is_attached_to_a_real_tensor_is_attached_to_the_synthetic_one():
    real = made(lambda d, x, y: (Scan.of(to_float(x), spacing=(1, 2)), y))
    (a, _), (b, _) = first_of(real)
    assert b.meta == a.meta == {"spacing": (1, 2)}
    assert b.meta is not a.meta


def test_a_transform_gets_the_type_that_the_data_set_gives_it():
    def check(image):
        assert type(image) is Scan
        assert image.meta == {"a": 1}
        return 1 - torch.Tensor(image)

    real = made(lambda d, x, y: (d.tfm(Scan.of(to_float(x), a=1)), y), tfm=check)
    (a, _), (b, _) = first_of(real)
    assert type(a) is type(b) is torch.Tensor
    assert torch.allclose(b, torch.tensor(1 - KEPT), atol=0.01)


def test_a_transform_of_ones_own_need_not_know_the_type():
    real = made(lambda d, x, y: (Scan.of(to_float(x)), y))
    mixed = MixedDataset(real, Fake(), 1.0, transform=lambda x: torch.zeros(3, 16, 16))
    assert type(mixed[0][0]) is Scan


def test_rows_of_a_file_in_memory_become_plain_arrays(tmp_path):
    rows = np.memmap(tmp_path / "rows", np.uint8, "w+", shape=(30, 16, 16, 3))
    rows[:] = 200
    sample = MixedDataset(made(lambda d, x, y: (rows[y], y)), Fake(), 1.0)[0][0]
    assert type(sample) is np.ndarray


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "HSV", "1", "P"])
def test_a_pil_image_has_the_mode_of_the_real_one(mode):
    options = {"palette": Image.Palette.ADAPTIVE, "dither": Image.Dither.NONE}
    (a, _), (b, _) = first_of(made(lambda d, x, y: (x.convert(mode, **options), y)))
    assert b.mode == a.mode == mode
    colours = [np.asarray(image.convert("RGB"), dtype=int) for image in (a, b)]
    assert np.abs(colours[1] - colours[0]).max() <= 4


@pytest.mark.parametrize(("mode", "dtype"), [("I;16", np.uint16), ("F", np.float32), ("I", np.int32)])
def test_deep_pil_images_keep_their_depth(mode, dtype):
    deep = Image.fromarray(np.full((16, 16), 3000, dtype))
    assert deep.mode == mode

    class Deep(Fake):
        def sample(self, n=None, y=None, random_state=None):
            _, labels = super().sample(n, y)
            return np.full((len(labels), 16, 16), 3000, dtype), labels

    (_, _), (b, _) = first_of(made(lambda d, x, y: (deep, y)), Deep())
    assert b.mode == mode
    assert np.asarray(b).max() == 3000
    with pytest.raises(DataError, match=f"yields a PIL image of mode {mode}, and the augmenter samples a uint8 array"):
        MixedDataset(made(lambda d, x, y: (deep, y)), Fake())


def test_a_deep_image_is_never_made_a_shallow_one():
    deep = Image.fromarray(np.full((16, 16), 3000, np.uint16))
    for mode in ("L", "RGB"):
        with pytest.raises(TypeError, match="mode I;16 to"):
            convert_to_spec(deep, SampleSpec.infer([raw_image().convert(mode)]))


Pair = namedtuple("Pair", ["picture", "kind"])


def test_a_named_tuple_keeps_its_type_and_the_type_of_its_sample():
    real = made(lambda d, x, y: Pair(Scan.of(BOTH(x)), y))
    a, b = first_of(real, Fake("float", value=55))
    assert type(a) is type(b) is Pair
    assert (type(b.picture), b.kind) == (Scan, LABELS[4])


@pytest.mark.parametrize("kind", [Scan.of, tv_tensors.Image])
def test_batches_keep_their_type(kind):
    mix = SyntheticMix(Fake("float"), 0.5, pool_size=30, random_state=0)
    x = kind(torch.full((8, 3, 16, 16), KEPT))
    mixed, _ = mix(x, torch.tensor(LABELS[:8]))
    assert type(mixed) is type(x)
    assert mixed.shape == x.shape


@pytest.mark.parametrize("form", ["uint8", "float"])
def test_images_of_bfloat16_get_synthetic_ones_of_it(form):
    data = made(lambda d, x, y: (to_float(x).bfloat16(), torch.tensor(y)))
    sample = MixedDataset(data, Fake(form), 1.0, random_state=0)[3][0]
    assert sample.dtype == torch.bfloat16
    assert float(sample.float().mean()) == pytest.approx(KEPT, abs=0.01)
