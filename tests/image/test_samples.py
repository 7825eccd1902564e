"""Whatever images users bring becomes one array or tensor with a label for each, or a sentence that says why not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from ganaug.errors import DataError, DataWarning
from ganaug.image import read_image_folder
from ganaug.image.samples import accepts, take_apart


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


class Items(Dataset):
    """A map-style data set of given items; an exception among them is raised."""

    def __init__(self, items):
        self.items = list(items)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        if isinstance(self.items[i], Exception):
            raise self.items[i]
        return self.items[i]


class Stream(IterableDataset):
    def __iter__(self):
        yield noise(8, 8), 0


def pil(mode="RGB", size=(9, 8)):
    return Image.fromarray(noise(size[1], size[0], 3)).convert(mode)


@pytest.mark.parametrize(
    "X",
    [
        noise(2, 8, 8),
        torch.zeros(2, 3, 8, 8),
        [pil()],
        (noise(8, 8), noise(8, 8)),
        [torch.zeros(3, 8, 8)],
        Items([]),
        Stream(),
        "pictures/",
        Path("pictures"),
    ],
)
def test_images_are_recognised(X):
    assert accepts(X)


@pytest.mark.parametrize(
    "X",
    [
        noise(2, 8), torch.zeros(3), [], (), [1, 2], [[1, 2], [3, 4]], [[[1], [2]]], None, 3, {"a": 1}, [noise(8)],
        noise(2, 2, 2, 2, 2), b"pictures", object(),
    ],
)  # fmt: skip
def test_other_things_are_not(X):
    assert not accepts(X)


def test_a_frame_is_no_image(toy_table):
    assert not accepts(toy_table[0])


def test_recognising_and_reading_arrays_imports_no_picture_library():
    code = """
import sys, numpy as np
from ganaug.image.samples import accepts, take_apart
X = np.zeros((2, 8, 8), np.uint8)
accepts(X), accepts([X[0]]), accepts("no"), take_apart([X[0], X[1]], [0, 1])
sys.exit(any(name.split(".")[0] in ("PIL", "torchvision") for name in sys.modules))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("X", [noise(2, 8, 8), torch.zeros(2, 3, 8, 8)])
def test_arrays_and_tensors_stay_as_they_are(X):
    y = ["a", "b"]
    assert take_apart(X, y)[0] is X
    assert take_apart(X, y)[1] is y


def test_lists_are_stacked():
    arrays, tensors = list(noise(3, 8, 8)), list(torch.rand(3, 3, 8, 8))
    assert np.array_equal(take_apart(arrays, [0, 1, 0])[0], noise(3, 8, 8))
    assert torch.equal(take_apart(tuple(tensors), [0, 1, 0])[0], torch.stack(tensors))
    assert take_apart([pil(), pil()], [0, 1])[0].shape == (2, 8, 9, 3)


@pytest.mark.parametrize("container", ["list", "data set", "series", "pairs"])
def test_pictures_of_several_modes_are_read_as_files_of_a_folder_are(tmp_path, container):
    modes = ["L", "P", "RGB", "RGBA", "1", "LA"]
    pictures, names = [pil(mode) for mode in modes], ["a", "b"] * 3
    for i, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        (tmp_path / name).mkdir(exist_ok=True)
        picture.save(tmp_path / name / f"{i}.png")
    told = "4 of 6 images in .* are grey or have no transparency, and are read as RGBA like the others"
    with pytest.warns(DataWarning, match=f"{told}, among them all of class 'a'"):
        from_files, labels = read_image_folder(tmp_path)
    given = {
        "list": (pictures, names),
        "series": (pd.Series(pictures), names),
        "data set": (Items([*zip(pictures, names, strict=True)]),),
        "pairs": ([*zip(pictures, names, strict=True)],),
    }
    with pytest.warns(DataWarning, match=f"{told}, among them all of class 'a'"):
        from_memory, found = take_apart(*given[container])
    order = np.argsort(names, kind="stable")
    assert np.array_equal(np.asarray(from_memory)[order], from_files) and [*np.asarray(found)[order]] == [*labels]


def test_pictures_of_one_number_of_channels_are_read_without_a_word():
    images, _ = take_apart([pil("P"), pil("RGB"), pil("CMYK")], [0, 1, 1])
    assert images.shape == (3, 8, 9, 3)
    assert take_apart([pil("L"), pil("1")], [0, 1])[0].shape == (2, 8, 9)


@pytest.mark.parametrize(
    ("mode", "shape", "dtype"),
    [
        ("L", (1, 8, 9), "uint8"),
        ("1", (1, 8, 9), "uint8"),
        ("RGB", (1, 8, 9, 3), "uint8"),
        ("P", (1, 8, 9, 3), "uint8"),
        ("CMYK", (1, 8, 9, 3), "uint8"),
        ("YCbCr", (1, 8, 9, 3), "uint8"),
        ("RGBA", (1, 8, 9, 4), "uint8"),
        ("LA", (1, 8, 9, 4), "uint8"),
        ("I", (1, 8, 9), "int32"),
        ("I;16", (1, 8, 9), "uint16"),
        ("F", (1, 8, 9), "float32"),
    ],
)
def test_every_mode_of_a_picture_has_a_form(mode, shape, dtype):
    image = pil("L").convert("I").convert(mode) if mode == "I;16" else pil(mode)
    X, _ = take_apart([image], [0])
    assert X.shape == shape
    assert X.dtype == dtype
    assert len(np.unique(X)) > 1
    if mode in ("L", "RGB", "RGBA", "I", "I;16", "F"):
        assert np.array_equal(X[0], np.asarray(image))


def test_black_and_white_pictures_are_black_and_white():
    assert np.unique(take_apart([pil("1")], [0])[0]).tolist() == [0, 255]


def test_more_than_16_bits_and_signed_values_are_kept():
    deep = Image.fromarray(np.array([[70000, -5]] * 8, np.int32).repeat(4, axis=1))
    X, _ = take_apart([pil("I", (8, 8)), deep], [0, 1])
    assert X.dtype == np.int32
    assert np.array_equal(X[1], np.asarray(deep))


@pytest.mark.parametrize("label", [np.int64(1), np.array(1), np.array([1]), torch.tensor(1), torch.tensor([1]), 1.0])
def test_labels_of_items_become_whole_numbers(label):
    X, y = take_apart(Items([(pil("L"), 0), [pil("L"), label]]))
    assert X.shape == (2, 8, 9)
    assert y.dtype == np.int64
    assert y.tolist() == [0, 1]


def test_labels_may_be_text_or_booleans():
    assert take_apart(Items([(pil(), "cat"), (pil(), "dog")]))[1].tolist() == ["cat", "dog"]
    assert take_apart(Items([(pil(), True), (pil(), np.False_)]))[1].tolist() == [True, False]


@pytest.mark.parametrize("key", ["label", "labels", "target", "targets", "y", "class"])
def test_fields_are_found_by_their_names(key):
    items = Items([{"id": i, "photo": noise(8, 8), key: i} for i in range(3)])
    X, y = take_apart(items)
    assert np.array_equal(X[2], noise(8, 8))
    assert y.tolist() == [0, 1, 2]


def test_of_several_images_the_one_called_image_is_taken():
    X, _ = take_apart(Items([{"mask": noise(9, 9), "image": noise(8, 8), "label": 0}]))
    assert X.shape == (1, 8, 8)


def test_tensor_items_stay_tensors():
    X, y = take_apart(TensorDataset(torch.rand(4, 3, 8, 8), torch.arange(4)))
    assert X.shape == (4, 3, 8, 8)
    assert isinstance(X, torch.Tensor)
    assert y.tolist() == [0, 1, 2, 3]


def test_labels_given_with_a_data_set_go_before_its_own():
    data = Items([(pil("L"), 5), (pil("L"), 6)])
    assert take_apart(data, ["a", "b"])[1] == ["a", "b"]
    assert take_apart(Items([pil("L"), pil("L")]), ["a", "b"])[0].shape == (2, 8, 9)
    assert take_apart(Items([{"image": pil("L")}]), [1])[0].shape == (1, 8, 9)


def test_torchvision_data_sets_are_read(tmp_path):
    datasets = pytest.importorskip("torchvision.datasets")
    transforms = pytest.importorskip("torchvision.transforms")
    fake = datasets.FakeData(6, (3, 8, 9), num_classes=3, random_offset=1)
    X, y = take_apart(fake)
    assert X.dtype == np.uint8
    assert X.shape == (6, 8, 9, 3)
    assert y.tolist() == [int(fake[i][1]) for i in range(6)]
    tensors, _ = take_apart(Subset(datasets.FakeData(6, (3, 8, 9), transform=transforms.ToTensor()), [4, 1]))
    assert isinstance(tensors, torch.Tensor)
    assert tensors.shape == (2, 3, 8, 9)
    for i, image in enumerate(X):
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / "ab"[i % 2] / f"{i}.png")
    X_folder, y_folder = take_apart(datasets.ImageFolder(tmp_path))
    assert np.array_equal(X_folder, X[[0, 2, 4, 1, 3, 5]])
    assert y_folder.tolist() == [0, 0, 0, 1, 1, 1]
    X_path, y_path = take_apart(tmp_path)
    assert np.array_equal(X_path, X_folder)
    assert y_path.tolist() == ["a", "a", "a", "b", "b", "b"]


@pytest.mark.parametrize(
    ("X", "y", "text"),
    [
        (noise(2, 8, 8), None, "GANAugmenter requires y to be passed, but the target y is None; give one label per"),
        ([pil()], None, "the target y is None"),
        (noise(2, 8, 8), [0], "X has 2 images and y has 1 labels"),
        (noise(2, 8, 8), np.zeros((3, 1)), "X has 2 images and y has 3 labels"),
        (noise(2, 8, 8), "ab", "and y has the single label 'ab'"),
        (noise(2, 8, 8), 7, "and y has the single label 7"),
        (noise(2, 8, 8), np.array(7), r"and y has the single label array\(7\)"),
        (np.zeros((0, 8, 8)), [], r"Found array with 0 sample\(s\)"),
        (np.zeros((2, 8, 8), complex), [0, 1], "images are complex128"),
        (np.zeros((2, 8, 8), object), [0, 1], "images are object"),
        (np.full((2, 8, 8), np.nan), [0, 1], "Image 0 holds NaN"),
        ([noise(8, 8), noise(8, 9)], [0, 1], r"Image 1 is ndarray of shape \(8, 9\), uint8, but the first is .*\(8, 8"),
        ([noise(8, 8), noise(8, 8) / 255], [0, 1], r"Image 1 is .* float64, but the first is .* uint8"),
        ([noise(8, 8), torch.zeros(8, 8)], [0, 1], r"Image 1 is tensor of shape"),
        ([noise(8, 8), "b.png"], [0, 1], r"Image 1 is a path, 'b.png'; give the folder .* or open them"),
        ([noise(8, 8), noise(8)], [0, 1], r"Image 1 is a ndarray of shape \(8,\)"),
        ([pil("L"), pil("F")], [0, 1], "Image 1 is a PIL image of 8 x 9 pixels, float32, but the first is .*, uint8"),
        ([pil(), pil(size=(9, 10))], [0, 1], "Image 1 is .* of 10 x 9 pixels, .* but the first is .* 8 x 9 .*one size"),
        ([pil(), noise(8, 9, 3)], [0, 1], "Image 1 is ndarray of shape .*, but the first is a PIL image"),
        ([noise(8, 9), pil()], [0, 1], "Image 1 is a PIL image .*, but the first is ndarray"),
        ([pil(size=(300, 20))], [0], r"Image 0 has the shape \(20, 300, 3\), and ganaug takes 8 to 256 .*resize first"),
        ("pictures/", [0, 1], "'pictures/' has its labels in the names of its class folders; leave y out"),
        ("no such folder", None, "'no such folder' does not exist; give a folder"),
        (Stream(), None, r"Stream is an iterable data set.*and give list\(data\)"),
        (Items([]), None, r"Found array with 0 sample\(s\)"),
        (
            Items([pil()]),
            None,
            r"Item 0 of Items does not fit. The data set yields a Image; let its .*\(sample, label\), .* given as y\.",
        ),
        (Items([(pil(), 0), (pil(),)]), None, r"Item 1 of Items does not fit. The data set yields \(Image\), without"),
        (
            Items([{"image": pil(), "name": None}]),
            None,
            "Item 0 of Items does not fit. .* items of 'image' .*, 'name' .*, without a label .* given as y",
        ),
        (Items([{"name": "x", "label": 1}]), None, "items of 'name' .*, 'label' .*, without an image, array or tensor"),
        (Items([{"a": pil(), "b": pil(), "label": 1}]), None, "Item 0 of Items .* 'a', 'b' could each be the image"),
        (Items([(pil(), 0), (pil(size=(8, 8)), 1)]), None, "The image of Items item 1 is .* 8 x 8 pixels.*8 x 9"),
        (
            Items([(pil(), 0), ("x", 1)]),
            None,
            r"Item 1 of Items does not fit. The data set yields \(str, int\), without",
        ),
        (
            Items([(pil(), 0), (pil(), torch.tensor([1, 1]))]),
            None,
            r"Item 1 of Items does not fit. A label is the array \[1 1\], neither one .*: give one class per image",
        ),
        (
            Items([(pil(), [1, 1])]),
            None,
            r"A label is the array \[1 1\], neither one class nor a one-hot row: give one",
        ),
        (Items([(pil(), {1})]), None, "A label is a set, neither one class nor a one-hot row: give one"),
        (Items([(pil(), 1), (pil(), None)]), None, r"Item 1 of .* label is missing \(None\); drop the items without"),
        (Items([(pil(), float("nan"))]), None, r"Item 0 of Items does not fit. Its label is missing \(nan\)"),
        (DataLoader(TensorDataset(torch.rand(4, 8, 8))), None, r"X is a DataLoader.*give its data set \(loader\.data"),
        (DataLoader(TensorDataset(torch.rand(4, 8, 8))), [0] * 4, "X is a DataLoader"),
        (Items([(pil(), 0.5)]), None, r"Item 0 of Items does not fit. Its label is a float \(0.5\)"),
        (Items([(pil(), 0), (pil(), "cat")]), None, r"several types \(int, str\); make them all text"),
        (Items([(pil(), 2**70)]), None, "beyond 64 bits"),
        (Items([(pil(), 0), OSError("broken\x00file")]), None, r"Item 1 of Items cannot be read \(OSError: broken"),
        (TensorDataset(torch.rand(4, 10), torch.arange(4)), None, r"The image of TensorDataset item 0 is a Tensor of"),
        (Items([(pil(), 0)]), [0, 1], "X has 1 images and y has 2 labels"),
    ],
)
def test_what_cannot_be_learned_is_refused_by_a_sentence(X, y, text):
    with pytest.raises(DataError, match=text):
        take_apart(X, y)


def test_a_picture_that_was_opened_and_turns_out_to_be_damaged_is_named(tmp_path):
    Image.fromarray(noise(40, 40)).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:200])
    expected = pytest.raises(DataError, match=r"Image 1 cannot be read \(.*truncated.*\); mend or drop it")
    with Image.open(tmp_path / "cut.png") as opened, expected:
        take_apart([Image.fromarray(noise(40, 40)), opened], [0, 1])


def test_a_huge_data_set_of_huge_images_is_refused_before_room_is_made():
    class Huge(Items):
        def __len__(self):
            return 10**9

    with pytest.raises(DataError, match="The image of Huge item 0 has the shape"):
        take_apart(Huge([(np.zeros((3000, 3000), np.uint8), 0)]))


def test_a_list_of_paths_of_images_is_refused_with_the_cure():
    assert accepts(["cats/1.PNG", "b.jpg"]) and accepts([Path("a.webp")]) and not accepts(["red", "blue"])
    with pytest.raises(DataError, match=r"Image 0 is a path, 'a\.png'; give the folder of the images"):
        take_apart(["a.png", "b.png"], [0, 1])
