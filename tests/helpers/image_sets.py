"""Data sets that invert their images, each in its own way, and an augmenter whose images tell what they went through.

Every pixel of a raw image is 200, of a synthetic one 200 and its class. Inverted and scaled to [0, 1] all of them are
about 0.22, not inverted 0.78. Spawned workers import it, hence a module of its own.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset
from torchvision.transforms import v2

N = 30
RAW = 200
LABELS = [i % 3 for i in range(N)]
INVERTED, KEPT = 55 / 255, RAW / 255


class Fake:
    """A sampler that trains nothing."""

    classes_ = np.array([0, 1, 2])

    def __init__(self, form="uint8", value=RAW):
        self.form, self.value = form, value

    def sample(self, n=None, y=None, random_state=None):
        labels = np.arange(n) % 3 if y is None else np.asarray(y)
        X = np.broadcast_to((self.value + labels)[:, None, None, None], (len(labels), 16, 16, 3)).astype(np.uint8)
        if self.form == "float":
            return torch.from_numpy(X.copy()).permute(0, 3, 1, 2).float() / 255, labels
        return X, labels


def raw_image():
    return Image.new("RGB", (16, 16), (RAW, RAW, RAW))


def to_float(image):
    """What torchvision's ToTensor makes of an image."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


INVERT = v2.RandomInvert(p=1)
FLOAT = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.ToPureTensor()])
BOTH = v2.Compose([INVERT, FLOAT])


def made(make, **attributes):
    """A data set of items that `make` makes of it, a raw image and a label; other options are its attributes."""
    out_of_sight = [make]

    class Made(Dataset):
        def __len__(self):
            return N

        def __getitem__(self, i):
            if not 0 <= i < N:
                raise IndexError(i)
            return out_of_sight[0](self, raw_image(), LABELS[i])

    data = Made()
    vars(data).update(attributes)
    return data


class Keywords:
    """Called as albumentations' compositions are: by name, and with a dict as the answer."""

    def __init__(self, transforms):
        self.transforms = list(transforms)

    def __len__(self):  # of the steps, so that an empty one is false
        return len(self.transforms)

    def __call__(self, *args, force_apply=False, **data):
        if args:
            raise KeyError("You have to pass data to augmentations as named arguments, for example: aug(image=image)")
        if not isinstance(data["image"], np.ndarray):
            raise TypeError("image must be numpy array type")
        for transform in self.transforms:
            data["image"] = transform(data["image"])
        return data


def invert_array(array):
    return 255 - array


def array_to_float(array):
    return torch.from_numpy(array).permute(2, 0, 1).float() / 255


class OnKeys:
    """A transform of the fields of a dict, as MONAI has them."""

    def __init__(self, *keys, function):
        self.keys, self.function = keys, function

    def __call__(self, data):
        return {**data, **{key: self.function(data[key]) for key in self.keys}}


class Chain:
    """A composition, as MONAI has them."""

    def __init__(self, *transforms):
        self.transforms = transforms

    def __call__(self, data, start=0):
        for transform in self.transforms[start:]:
            data = transform(data)
        return data


class Dicts(Dataset):
    """Dicts through one transform, as MONAI's Dataset has them."""

    def __init__(self, data, transform):
        self.data, self.transform = data, transform

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        return self._transform(i)

    def _transform(self, i):
        return self.transform(self.data[i])


class CachedDicts(Dicts):
    """It keeps what the transforms before the first random one made, as MONAI's CacheDataset does."""

    def __init__(self, data, transform, first_random):
        super().__init__(data, transform)
        self.first_random = first_random
        self._cache = [Chain(*transform.transforms[:first_random])(item) for item in data]

    def _transform(self, i):
        return self.transform(self._cache[i], start=self.first_random)


class Wrapper(Dataset):
    """The usual one around a part of a split, with a transform of its own."""

    def __init__(self, inner, transform, name="dataset"):
        self.name = name
        setattr(self, name, inner)
        self.transform = transform

    def __len__(self):
        return len(getattr(self, self.name))

    def __getitem__(self, i):
        image, label = getattr(self, self.name)[i]
        return self.transform(image), label
