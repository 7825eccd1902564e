"""Synthetic images go through what real ones go through, whatever it is called, or it is said that they do not."""

from __future__ import annotations

import copy
import functools
import pickle
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from image_sets import (
    BOTH,
    FLOAT,
    INVERT,
    INVERTED,
    KEPT,
    LABELS,
    CachedDicts,
    Chain,
    Dicts,
    Fake,
    Keywords,
    N,
    OnKeys,
    Wrapper,
    array_to_float,
    invert_array,
    made,
    raw_image,
    to_float,
)
from PIL import Image
from torch.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, Subset, random_split
from torchvision import transforms as v1
from torchvision import tv_tensors
from torchvision.transforms import v2

from ganaug.errors import DataError, DataWarning
from ganaug.mixing import MixedDataset, augment_loader


def image_of(item):
    return item["image"] if isinstance(item, dict) else item[0]


def means_of(real, augmenter=None, **options):
    """The means of the first real and the first synthetic image."""
    mixed = MixedDataset(real, augmenter or Fake(), 1.0, random_state=0, **options)
    first = [next(iter(data)) if isinstance(real, IterableDataset) else data[0] for data in (real, mixed)]
    assert type(image_of(first[0])) is type(image_of(first[1]))
    return [float(np.asarray(image_of(item), dtype=float).mean()) for item in first]


ALBUM = Keywords([invert_array, array_to_float])
INVERTING = v1.Compose([v1.RandomInvert(p=1), v1.ToTensor()])


def through_all(data, image, label):
    for transform in data.transforms:
        image = transform(image)
    return image, label


WAYS = {
    "torchvision": lambda: made(lambda d, x, y: (d.transform(x), y), transform=INVERTING),
    "torchvision v2": lambda: made(lambda d, x, y: (d.transform(x), y), transform=BOTH),
    "v2 with tv_tensors": lambda: made(
        lambda d, x, y: (d.transform(tv_tensors.Image(x)), y),
        transform=v2.Compose([v2.RandomInvert(p=1), v2.ToDtype(torch.float32, scale=True)]),
    ),
    "of image and target": lambda: made(lambda d, x, y: d.transforms(x, y), transforms=lambda x, y: (BOTH(x), y)),
    "albumentations": lambda: made(lambda d, x, y: (d.transform(image=np.array(x))["image"], y), transform=ALBUM),
    "albumentations with a mask": lambda: made(
        lambda d, x, y: (d.transform(image=np.array(x), mask=np.zeros((16, 16)))["image"], y), transform=ALBUM
    ),
    "albumentations, converted afterwards": lambda: made(
        lambda d, x, y: (array_to_float(d.aug(image=np.array(x))["image"]), y), aug=Keywords([invert_array])
    ),
    "a wrapped truth value": lambda: made(lambda d, x, y: (FLOAT(d.aug(x) if d.aug else x), y), aug=INVERT),
    "list": lambda: made(through_all, transforms=[INVERT, FLOAT]),
    "dict of them": lambda: made(lambda d, x, y: (d.steps["train"](x), y), steps={"train": BOTH, "val": FLOAT}),
    "in a configuration": lambda: made(lambda d, x, y: (d.config.tfm(x), y), config=SimpleNamespace(tfm=BOTH)),
    "two steps": lambda: made(lambda d, x, y: (d.second(d.first(x)), y), first=INVERT, second=FLOAT),
    "two steps and a conversion": lambda: made(
        lambda d, x, y: (d.second(image=np.array(d.first(x)))["image"], y),
        first=INVERT,
        second=Keywords([array_to_float]),
    ),
    "wrapper around a split": lambda: Wrapper(random_split(made(lambda d, x, y: (x, y)), [20, 10])[0], BOTH),
    "wrapper around one that inverts": lambda: Wrapper(
        Subset(made(lambda d, x, y: (d.pre(x), y), pre=INVERT), range(20)), FLOAT
    ),
    "a subset that transforms": lambda: OwnSubset(made(lambda d, x, y: (x, y)), list(range(20))),
    "a method": lambda: Methodical(),
    "another object": lambda: Helped(),
    "a method that remembers": lambda: Remembering(),
    "a method with options": lambda: Halved(),
    "of the class": lambda: OfTheClass(),
    "a variable of the module": lambda: OfTheModule(),
    "a function of the module, in another one": lambda: OfAFunction(),
    "a variable of a closure": lambda: make_enclosed(INVERT)(),
    "a stream": lambda: Stream(),
    "a batch at a time": lambda: Lazy(),
}


class OwnSubset(Subset):
    def __getitem__(self, i):
        image, label = self.dataset[self.indices[i]]
        return self.transform(image), label

    def __getitems__(self, indices):
        return [self[i] for i in indices]

    transform = staticmethod(BOTH)


class Methodical(Dataset):
    def __len__(self):
        return N

    def __getitem__(self, i):
        return self.load(i), LABELS[i]

    def load(self, i):
        return self.preprocess(raw_image())

    def preprocess(self, image):
        return 1 - to_float(image)


class Inverter:
    def apply(self, image):
        return 1 - to_float(image)


class Helped(Methodical):
    def __init__(self):
        self.own = Inverter()

    def load(self, i):
        return self.own.apply(raw_image())


class Remembering(Methodical):
    def load(self, i):
        return self.preprocess(to_float(raw_image()))

    @functools.lru_cache(maxsize=3)  # noqa: B019 - what is tried
    def preprocess(self, tensor):
        return 1 - tensor


class Halved(Methodical):
    def change(self, image, weight):
        return weight - to_float(image)

    preprocess = functools.partialmethod(change, weight=1)


class OfTheClass(Methodical):
    transform = Keywords([invert_array, array_to_float])

    def load(self, i):
        return self.transform(image=np.array(raw_image()))["image"]


class OfTheModule(Methodical):
    def load(self, i):
        return BOTH(raw_image())


def read_and_invert(i):
    return invert(raw_image())


def invert(image):
    return 1 - to_float(image)


class OfAFunction(Methodical):
    def load(self, i):
        return read_and_invert(i)


def make_enclosed(transform):
    class Enclosed(Methodical):
        def load(self, i):
            return to_float(transform(raw_image()))

    return Enclosed


class Stream(IterableDataset):
    def __init__(self):
        self.tfm = BOTH

    def __iter__(self):
        return ((self.tfm(raw_image()), label) for label in LABELS)


class Lazy:
    """No torch data set: a transform of a batch of one, in a dict, which changes the batch, as Hugging Face has it."""

    def __init__(self):
        self._kwargs = {"transform": self.make_batch}

    @staticmethod
    def make_batch(batch):
        batch["image"] = [BOTH(picture) for picture in batch["picture"]]
        del batch["picture"]
        return batch

    def __len__(self):
        return N

    def __getitem__(self, i):
        batch = self._kwargs["transform"]({"picture": [raw_image()], "label": [LABELS[i]]})
        return {key: values[0] for key, values in batch.items()}


@pytest.mark.parametrize("way", WAYS)
def test_synthetic_images_go_through_what_real_ones_go_through(way):
    assert means_of(WAYS[way]()) == pytest.approx([INVERTED, INVERTED], abs=0.01)


@pytest.mark.parametrize("name", ["tfm", "augment", "img_transform", "aug", "preprocess", "transforms", "_anything"])
def test_a_transform_may_have_any_name(name):
    real = made(lambda d, x, y: (getattr(d, name)(x), y), **{name: BOTH})
    assert means_of(real) == pytest.approx([INVERTED, INVERTED], abs=0.01)


@pytest.mark.parametrize("name", ["dataset", "subset", "base", "data", "ds"])
def test_a_wrapper_may_hold_its_data_set_under_any_name(name):
    inner = Subset(made(lambda d, x, y: (x, y)), range(20))
    assert means_of(Wrapper(inner, BOTH, name)) == pytest.approx([INVERTED, INVERTED], abs=0.01)


def to_dicts(image):
    return [{"image": image, "label": label} for label in LABELS]


def read_array(path):
    """A transform that reads a file; MONAI gives floats of 0 to 255."""
    assert isinstance(path, str)
    return np.asarray(raw_image(), dtype=np.float32)


INVERT_DICT = OnKeys("image", function=lambda x: 1 - x)
RAW_FLOATS = torch.full((3, 16, 16), KEPT)
READING = (
    OnKeys("image", function=read_array),
    OnKeys("image", function=lambda x: torch.from_numpy(x).permute(2, 0, 1) / 255),
    INVERT_DICT,
)
NOISE = OnKeys("image", function=lambda x: x + torch.randn(x.shape) / 1000)


DICTS = {
    "one transform": Dicts(to_dicts(RAW_FLOATS), INVERT_DICT),
    "a chain": Dicts(to_dicts(RAW_FLOATS), Chain(INVERT_DICT, NOISE)),
    "a cache": CachedDicts(to_dicts(RAW_FLOATS), Chain(INVERT_DICT, NOISE), first_random=1),
    "files": Dicts(to_dicts("a.png"), Chain(*READING)),
    "files and a cache": CachedDicts(to_dicts("a.png"), Chain(*READING, NOISE), first_random=3),
}


@pytest.mark.parametrize("name", DICTS)
def test_dicts_go_through_transforms_of_dicts(name):
    for augmenter in (Fake(),) if "files" in name else (Fake(), Fake("float")):
        assert means_of(DICTS[name], augmenter) == pytest.approx([INVERTED, INVERTED], abs=0.01)


def test_random_transforms_are_drawn_anew_for_each_synthetic_image():
    def darken(array):
        return (array * random.uniform(0.5, 1)).astype(np.uint8)

    real = made(lambda d, x, y: (d.t(image=np.array(x))["image"], y), t=Keywords([darken, array_to_float]))
    mixed = MixedDataset(real, Fake(), 1.0, random_state=0)
    assert len({float(mixed[i][0].max()) for i in range(N)}) > 10


def test_workers_send_synthetic_images_there_too():
    loader = DataLoader(Wrapper(PLAIN, BOTH), batch_size=10, num_workers=1)
    for x, _ in augment_loader(loader, Fake(), 1.0, random_state=0):
        assert torch.allclose(x, torch.tensor(INVERTED), atol=0.01)


class Plain(Dataset):
    def __len__(self):
        return N

    def __getitem__(self, i):
        return raw_image(), LABELS[i]


PLAIN = Plain()


def test_normalised_images_are_normalised_whatever_the_augmenter_samples():
    mean, std = np.array([0.5, 0.4, 0.3], np.float32), np.array([0.2, 0.3, 0.4], np.float32)

    def normalise(array):
        return torch.from_numpy((array / np.float32(255) - mean) / std).permute(2, 0, 1)

    real = made(lambda d, x, y: (d.aug(image=np.array(x))["image"], y), aug=Keywords([normalise]))
    for augmenter in (Fake(), Fake("float")):
        assert len(set(np.round(means_of(real, augmenter), 1))) == 1


@pytest.mark.parametrize("augmenter", [Fake(), Fake("float")])
def test_images_that_were_normalised_out_of_sight_are_refused(augmenter):
    real = made(lambda d, x, y: ((to_float(x) - 0.9) / 0.2, y))
    with pytest.raises(DataError, match=r"real ones are in \[-0.578, -0.578\]; give transform="):
        MixedDataset(real, augmenter, 1.0)
    assert means_of(real, augmenter, transform=lambda x: torch.zeros(3, 16, 16))[1] == 0


def test_floats_of_other_scales_do_not_enter_a_transform():
    bytes_as_floats = made(lambda d, x, y: (d.tfm(np.asarray(x, np.float32)), y), tfm=lambda x: (x - 128) / 16)
    with pytest.raises(
        DataError, match=r"with values in \[0.784, 0.792\] where real ones are in \[200, 200\] cannot be"
    ):
        MixedDataset(bytes_as_floats, Fake("float"))
    mixed = MixedDataset(bytes_as_floats, Fake(), 1.0, random_state=0)
    assert mixed[0][0].mean() == pytest.approx(72 / 16, abs=0.2)


def test_what_the_augmenter_learned_finished_is_not_transformed_again():
    real = made(lambda d, x, y: (d.tfm(x), y), tfm=BOTH)
    finished = Fake("float", value=55)  # learned from the items of `real`
    assert means_of(real, finished) == pytest.approx([INVERTED, INVERTED], abs=0.01)


def test_a_transform_of_ones_own_overrules_all():
    real = made(lambda d, x, y: (d.tfm(x), y), tfm=BOTH)
    assert means_of(real, transform=lambda x: torch.full((3, 16, 16), 0.5)) == pytest.approx([INVERTED, 0.5], abs=0.01)


# What is not reached, or fails


def fail_on_synthetic(image):
    if np.array(image).max() == 200:
        return BOTH(image)
    raise ValueError("no such image")


REFUSED = {
    "a transform that fails": (
        lambda: made(lambda d, x, y: (d.tfm(x), y), tfm=fail_on_synthetic),
        "through 'Made.tfm', and synthetic ones cannot: a PIL image of mode RGB fails there with ValueError: no such",
    ),
    "another size": (
        lambda: made(lambda d, x, y: (d.tfm(x.resize((32, 32))), y), tfm=FLOAT),
        r"becomes a float32 tensor of shape \(3, 16, 16\), where the data set yields a float32 tensor of shape \(3, 32",
    ),
    "another step behind": (
        lambda: made(lambda d, x, y: (1 - d.tfm(x), y), tfm=FLOAT),
        "go through 'Made.tfm', and then through something that ganaug cannot see",
    ),
    "a raw form of no meaning": (
        lambda: made(lambda d, x, y: (d.tfm(np.full((16, 16, 5), 3, np.int16)), y), tfm=lambda x: x / 1000),
        r"a uint8 array of shape \(16, 16, 3\) cannot be made a int16 array of shape \(16, 16, 5\), as images enter",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_transform_that_synthetic_images_cannot_go_through_is_named_and_refused(name):
    make, complaint = REFUSED[name]
    with pytest.raises(DataError, match=complaint + ".*give transform="):
        MixedDataset(make(), Fake(value=201))


class InMemory(Methodical):
    """It has transformed its images once and for all."""

    def __init__(self, transform):
        self.transform = transform
        self.images = [transform(raw_image()) for _ in LABELS]

    def load(self, i):
        return self.images[i]


class Sealed:
    """Its transform cannot be watched."""

    __slots__ = ("transform",)

    def __init__(self):
        self.transform = BOTH

    def __len__(self):
        return N

    def __getitem__(self, i):
        return self.transform(raw_image()), LABELS[i]


def noisy(image):
    return to_float(image) + torch.rand(3, 16, 16) / 100


WARNED = {
    "a step out of sight": (lambda: made(lambda d, x, y: (1 - to_float(x), y)), "Real images have means of 0.216 to"),
    "a step before": (
        lambda: made(lambda d, x, y: (d.tfm(INVERT(x)), y), tfm=FLOAT),
        "Images that enter 'Made.tfm' have means of 55 to 55, and synthetic ones 200 to 202",
    ),
    "a step behind": (
        lambda: made(lambda d, x, y: (d.tfm(x) * 0.95, y), tfm=FLOAT),
        "go through 'Made.tfm', and then through something that ganaug cannot see; synthetic ones do not go",
    ),
    "a random step": (lambda: made(lambda d, x, y: (noisy(x), y)), "changes its images at random by something that"),
    "a transform that was used before": (
        lambda: InMemory(v2.Compose([v2.RandomHorizontalFlip(), FLOAT])),
        "holds 'InMemory.transform', and did not call it when items were read",
    ),
    "one that cannot be watched": (Sealed, "Real images have means of 0.216 to 0.216, and synthetic ones 0.784 to"),
    "some items only": (
        lambda: ConcatWrapper(made(lambda d, x, y: (d.pre(x), y), pre=v2.RandomHorizontalFlip())),
        "differ in what they go through: 4 of 8 that were read through .*; synthetic ones all go through",
    ),
    "a stream out of sight": (lambda: Hidden(), "Real images have means of 0.216 to 0.216, and synthetic ones 0.784"),
}


class ConcatWrapper(Wrapper):
    def __init__(self, other):
        super().__init__(ConcatDataset([made(lambda d, x, y: (x, y)), other]), FLOAT)


OUT_OF_SIGHT = [BOTH]


class Hidden(IterableDataset):
    def __iter__(self):
        return ((OUT_OF_SIGHT[0](raw_image()), label) for label in LABELS)


@pytest.mark.parametrize("name", WARNED)
def test_what_only_real_images_seem_to_go_through_is_said(name):
    make, complaint = WARNED[name]
    real = make()
    with pytest.warns(DataWarning, match=complaint + ".*give transform="):
        mixed = MixedDataset(real, Fake(), 1.0)
        next(iter(mixed))
    finished = MixedDataset(real, Fake(), 1.0, transform=lambda x: torch.zeros(3, 16, 16))
    assert float(next(iter(finished))[0].max()) == 0


def test_images_that_differ_a_little_bring_no_warning():
    real = made(lambda d, x, y: (to_float(Image.fromarray(np.full((16, 16, 3), 180, np.uint8))), y))
    assert means_of(real) == pytest.approx([180 / 255, KEPT], abs=0.01)


# Nothing of the data set is changed by being watched


def test_a_data_set_is_left_as_it_was():
    inner = made(lambda d, x, y: (d.pre(x), y), pre=INVERT)
    real = Wrapper(Subset(inner, range(20)), Chain(FLOAT))
    before = [dict(vars(part)) for part in (real, real.dataset, inner, real.transform)]
    MixedDataset(real, Fake(), 1.0)
    module = dict(globals())
    MixedDataset(OfTheModule(), Fake(), 1.0)
    assert all(globals()[name] is value for name, value in module.items())
    for part, old in zip((real, real.dataset, inner, real.transform), before, strict=True):
        assert list(vars(part)) == list(old)
        assert all(vars(part)[name] is value for name, value in old.items())


def test_a_data_set_whose_items_fail_is_left_as_it_was():
    def fail(image):
        raise OSError("disk on fire")

    real = made(lambda d, x, y: (d.tfm(x), y), tfm=fail)
    with pytest.raises(OSError, match="disk on fire"):
        MixedDataset(real, Fake())
    assert real.tfm is fail


def test_a_watched_transform_passes_for_what_it_is():
    def make(data, image, label):
        transform = data.aug
        assert isinstance(transform, Keywords)
        assert callable(transform)
        assert len(transform) == 2 == len(list(transform.transforms))
        assert type(copy.copy(transform)) is type(copy.deepcopy(transform)) is Keywords
        transform.calls = getattr(transform, "calls", 0) + 1
        return transform(image=np.array(image))["image"], label

    transform = Keywords([invert_array, array_to_float])
    assert means_of(made(make, aug=transform)) == pytest.approx([INVERTED, INVERTED], abs=0.01)
    assert transform.calls > 1


def test_a_data_set_that_checks_its_transforms_closely_is_read_all_the_same():
    def make(data, image, label):
        if type(data.aug) is not Keywords:
            raise TypeError("I take albumentations only")
        return data.aug(image=np.array(image))["image"], label

    with pytest.warns(DataWarning, match="Real images have means of"):
        MixedDataset(made(make, aug=ALBUM), Fake(), 1.0)


class Strict(IterableDataset):
    def __init__(self):
        self.tfm = ALBUM

    def __iter__(self):
        if type(self.tfm) is not Keywords:
            raise TypeError("I take albumentations only")
        return ((self.tfm(image=np.array(raw_image()))["image"], label) for label in LABELS)


class LateStrict(Strict):
    def __iter__(self):
        yield from super().__iter__()


def test_a_stream_that_checks_its_transforms_closely_is_read_all_the_same():
    assert means_of(Strict()) == pytest.approx([INVERTED, INVERTED], abs=0.01)
    with pytest.warns(DataWarning, match="Real images have means of"):
        assert len(list(MixedDataset(LateStrict(), Fake(), 1.0))) == N


class Broken:
    def __getattribute__(self, name):
        if name in ("tfm", "load"):
            raise RuntimeError("not now")
        return super().__getattribute__(name)

    def tfm(self):
        raise NotImplementedError

    load = tfm


def test_an_attribute_that_cannot_be_looked_at_is_no_reason_to_fail():
    real = OfTheModule()
    real.other = Broken()
    with pytest.warns(DataWarning, match="Real images have means of"):
        mixed = MixedDataset(real, Fake(), 1.0)
    assert len(mixed) == N


def test_an_attribute_that_is_set_while_it_is_watched_stays():
    def make(data, image, label):
        data.tfm = BOTH
        return data.tfm(image), label

    real = made(make, tfm=None)
    MixedDataset(real, Fake(), 1.0)
    assert real.tfm is BOTH


def test_a_stream_is_not_watched_beyond_its_first_item():
    stream = Stream()
    mixed = iter(MixedDataset(stream, Fake(), 1.0, random_state=0))
    next(mixed)
    assert stream.tfm is BOTH
    assert len(list(mixed)) == N - 1


def test_random_states_are_as_if_no_item_had_been_watched():
    real = made(lambda d, x, y: (d.tfm(x), y), tfm=lambda x: to_float(x) * random.random())
    states = random.getstate(), torch.get_rng_state()
    MixedDataset(real, Fake())
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])


def test_a_mixed_data_set_with_stages_can_be_sent_to_other_processes():
    mixed = MixedDataset(Wrapper(PLAIN, BOTH), Fake(), 1.0, random_state=0)
    assert torch.equal(pickle.loads(pickle.dumps(mixed))[4][0], mixed[4][0])


class Deep(Fake):
    """It samples grey images of 16 bits."""

    def sample(self, n=None, y=None, random_state=None):
        labels = np.arange(n) % 3 if y is None else np.asarray(y)
        return np.broadcast_to((40_000 + labels)[:, None, None], (len(labels), 16, 16)).astype(np.uint16), labels


@pytest.mark.parametrize("transform", [v1.ToTensor(), v1.PILToTensor(), None])
def test_deep_grey_images_become_what_real_ones_become(transform):
    def make(data, x, y):
        deep = Image.fromarray(np.full((16, 16), 40_000, np.uint16))
        return (deep if transform is None else data.transform(deep)), y

    real = made(make, transform=transform)
    mixed = MixedDataset(real, Deep(), 1.0, random_state=0)
    pair = [np.asarray(data[3][0]) for data in (real, mixed)]  # of torchvision's ToTensor int16, beyond its range
    assert pair[0].dtype == pair[1].dtype
    assert np.array_equal(*pair)
