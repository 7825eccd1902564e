"""Which fields of an item are image and label can be said; what cannot be known is asked for, not guessed."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from ganaug import GANAugmenter
from ganaug.data.fields import list_fields
from ganaug.errors import DataError, DataWarning, ParameterError
from ganaug.image.samples import take_apart
from ganaug.mixing import MixedDataset, SyntheticMix, augment_loader

N = 60
BASE = 200  # a synthetic image of class c has the grey BASE + c; a real one of index i has 199 - i
IMAGES = np.broadcast_to((199 - np.arange(N)).astype(np.uint8)[:, None, None], (N, 8, 8))


def label(i):
    return i % 3


def hospital(i):
    return i // 20


class Made:
    """A sampler of images that tell their class."""

    classes_ = (0, 1, 2)

    def sample(self, n=None, y=None, random_state=None):
        y = [i % 3 for i in range(n)] if y is None else list(y)
        greys = np.array([BASE + self.classes_.index(c) for c in y], np.uint8)
        return np.broadcast_to(greys[:, None, None], (len(y), 8, 8)), y


class Items(Dataset):
    """Items that a function makes of an index."""

    def __init__(self, make, **attributes):
        self.make = make
        self.__dict__.update(attributes)

    def __len__(self):
        return N

    def __getitem__(self, i):
        return self.make(i)


class Stream(IterableDataset):
    def __init__(self, make):
        self.make = make

    def __iter__(self):
        return map(self.make, range(N))


def mixed_items(data, **options):
    mixed = MixedDataset(data, Made(), 1.0, random_state=0, **options)
    return list(mixed) if isinstance(data, IterableDataset) else [mixed[i] for i in range(N)]


def classes_of(images):
    return [int(np.asarray(image).max()) - BASE for image in images]


def assert_all_learn(data, get_image, **names):
    """`fit` reads image and label, and each synthetic image is of the class that its item has."""
    X, y = take_apart(data, **names)
    assert np.asarray(X)[:, 0, 0].tolist() == IMAGES[:, 0, 0].tolist()
    assert list(y) == [label(i) for i in range(N)]
    assert classes_of(map(get_image, mixed_items(data, **names))) == [label(i) for i in range(N)]


def assert_both_refuse(data, complaint, **names):
    with pytest.raises(DataError, match=complaint):
        MixedDataset(data, Made(), **names)
    with pytest.raises(DataError, match=complaint):
        take_apart(data, **names)


# Which field is the label

TWO = Items(lambda i: (IMAGES[i], hospital(i), label(i)))


def test_two_fields_that_could_be_the_label_are_refused_by_name():
    assert_both_refuse(TWO, r"1 \(0 in the first\) and 2 \(0 .* could each be the label; say .* label=1 or label=2")
    keyed = Items(lambda i: {"img": IMAGES[i], "fine_label": label(i), "coarse_label": hospital(i)})
    assert_both_refuse(keyed, r"'fine_label' .* and 'coarse_label' .* could each be the label; .* label='fine_label'")
    both = Items(lambda i: {"image": IMAGES[i], "label": label(i), "target": hospital(i)})
    assert_both_refuse(both, r"'label' .* and 'target' .* could each be the label")


@pytest.mark.parametrize("named", [2, -1, lambda item: item[2]])
def test_the_label_can_be_named_by_position_or_function(named):
    assert take_apart(TWO, label=named)[1].tolist() == [label(i) for i in range(N)]
    items = mixed_items(TWO, label=named, keep=(1,))
    assert classes_of(item[0] for item in items) == [label(i) for i in range(N)]
    assert [item[1:] for item in items] == [(hospital(i), label(i)) for i in range(N)]


def test_the_label_can_be_made_by_a_function_of_the_item():
    data = Items(lambda i: {"photo": IMAGES[i], "file": f"{'abc'[label(i)]}_{i}.png"})
    assert_all_learn(data, lambda item: item["photo"], label=lambda item: "abc".index(item["file"][0]))


@pytest.mark.parametrize(
    "make",
    [
        lambda i: (IMAGES[i], f"{i}.png", label(i)),
        lambda i: (IMAGES[i], Path("photos", str(i)), label(i)),
        lambda i: (i, IMAGES[i], label(i)),
        lambda i: {"png": IMAGES[i], "cls": label(i), "__key__": f"{i:03}"},
        lambda i: {"img": IMAGES[i], "fine_label": label(i)},
        lambda i: {"img": IMAGES[i], "fine_label": label(i), "id": N - i},
        lambda i: {"photo": IMAGES[i], "species": label(i), "weight": 0.5},
    ],
)
def test_a_path_an_index_and_a_weight_are_no_label_and_the_only_other_field_is(make):
    data = Items(make)
    place = next(key for key, field in list_fields(data[0]).items() if isinstance(field, np.ndarray))
    assert_all_learn(data, lambda item: item[place])


def test_text_that_differs_in_every_item_is_no_label_and_the_choice_is_said():
    data = Items(lambda i: (IMAGES[i], f"P{i}", label(i)))
    with pytest.warns(DataWarning, match="taken to be 2, because 1 is never or always the same. .* label=2"):
        _, y = take_apart(data)
    assert y.tolist() == [label(i) for i in range(N)]
    with pytest.warns(DataWarning, match="taken to be 2"):
        MixedDataset(data, Made())
    assert_both_refuse(Items(lambda i: (IMAGES[i], f"P{i}")), "another text in every item .* it is no label; name")


def test_a_constant_beside_a_label_is_no_label_and_the_choice_is_said():
    data = Items(lambda i: {"png": IMAGES[i], "part": "train", "cls": label(i)})
    with pytest.warns(DataWarning, match="taken to be 'cls', because 'part' is never or always the same"):
        assert take_apart(data)[1].tolist() == [label(i) for i in range(N)]


@pytest.mark.parametrize("name", ["targets", "labels", "y"])
def test_labels_that_a_data_set_stores_tell_which_field_is_the_label(name):
    stored = {name: [label(i) for i in range(N)]}
    data = Items(lambda i: (IMAGES[i], hospital(i), label(i)), **stored)
    assert take_apart(data)[1].tolist() == [label(i) for i in range(N)]
    assert classes_of(item[0] for item in mixed_items(data, keep=(1,))) == [label(i) for i in range(N)]
    renumbered = Items(lambda i: (IMAGES[i], hospital(i), label(i)), **{name: ["cba"[label(i)] for i in range(N)]})
    assert take_apart(renumbered)[1].tolist() == [label(i) for i in range(N)]


def test_the_last_tensor_of_a_tensor_data_set_is_not_taken_for_the_label():
    columns = [torch.tensor(IMAGES.copy()), torch.arange(N) % 3, torch.arange(N) // 20]
    assert_both_refuse(TensorDataset(*columns), "1 .* and 2 .* could each be the label")
    mixed = MixedDataset(TensorDataset(*columns), Made(), label=1, keep=(2,))
    assert [int(mixed[i][1]) for i in range(N)] == [label(i) for i in range(N)]


# Which field is the image

NESTED = Items(lambda i: ((IMAGES[i], IMAGES[0]), label(i)))
ANSWER = {"image": lambda item: item[0][0], "label": 1}


def test_several_images_are_refused_by_name_and_can_be_chosen():
    assert_both_refuse(Items(lambda i: (IMAGES[i], IMAGES[0], label(i))), "0, 1 could each be the image; .* image=0")
    keyed = Items(lambda i: {"image": IMAGES[i], "images": IMAGES[0], "label": label(i)})
    assert_both_refuse(keyed, "'image', 'images' could each be the image; say which is, by image='image'")
    assert take_apart(keyed, image="image")[0][:, 0, 0].tolist() == IMAGES[:, 0, 0].tolist()


def test_an_image_inside_of_a_field_can_be_pointed_at_and_replaced():
    with pytest.raises(
        DataError, match=r"^Item 0 .*yields \(tuple, int\), without an image.* image=lambda item: item\[0\]\[0\]"
    ):
        take_apart(NESTED)
    assert take_apart(NESTED, **ANSWER)[0][:, 0, 0].tolist() == IMAGES[:, 0, 0].tolist()
    with pytest.raises(DataError, match=r"an item has \(0, 1\) \(ndarray of shape \(8, 8\)\)"):
        MixedDataset(NESTED, Made(), **ANSWER)
    for keep in ([(0, 1)], [0]):
        items = mixed_items(NESTED, **ANSWER, keep=keep)
        assert classes_of(item[0][0] for item in items) == [label(i) for i in range(N)]
    assert all(np.array_equal(item[0][1], IMAGES[0]) and item[1] == label(i) for i, item in enumerate(items))


def test_items_of_several_samples_are_refused_with_the_cure():
    data = Items(lambda i: [{"image": IMAGES[i], "label": label(i)}] * 2)  # as crops of MONAI come
    with pytest.raises(DataError, match=r"yields \(dict, dict\), .* let an item be one sample of these, or put Synth"):
        MixedDataset(data, Made())


def test_an_image_that_a_function_makes_anew_can_be_learned_but_not_replaced():
    data = Items(lambda i: {"pixels": IMAGES[i].ravel().tolist(), "label": label(i)})
    make = {"image": lambda item: np.array(item["pixels"], np.uint8).reshape(8, 8)}
    assert take_apart(data, **make)[0].tolist() == IMAGES.tolist()
    with pytest.raises(DataError, match="image= returned an object that is no field of the item"):
        MixedDataset(data, Made(), **make)


def test_functions_read_items_of_any_class():
    class Scan:
        def __init__(self, i):
            self.voxels, self.finding = IMAGES[i], label(i)

    X, y = take_apart(Items(Scan), image=lambda scan: scan.voxels, label=lambda scan: scan.finding)
    assert X.tolist() == IMAGES.tolist()
    assert y.tolist() == [label(i) for i in range(N)]
    with pytest.raises(DataError, match=r"Item 0 of Items does not fit. The data set yields a Scan"):
        take_apart(Items(Scan))


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ({"image": "picture"}, "has no field 'picture'; it has 'image', 'label'"),
        ({"label": "cls"}, "has no field 'cls'; it has 'image', 'label'"),
        (
            {"label": lambda item: item["cls"]},
            "label= failed on an item, a dict, with KeyError: 'cls'; let it take one",
        ),
        ({"label": 1}, "has no field 1"),
    ],
)
def test_a_name_that_no_field_has_is_refused(names, complaint):
    assert_both_refuse(Items(lambda i: {"image": IMAGES[i], "label": label(i)}), complaint, **names)


def test_a_position_from_the_end_holds_in_items_of_any_length():
    data = Items(lambda i: (IMAGES[i], f"{i}.png", label(i)) if i % 2 else (IMAGES[i], label(i)))
    assert_all_learn(data, lambda item: item[0], label=-1)


# Items of other classes

Named = namedtuple("Named", ["scan", "ward", "finding"])


@dataclass(frozen=True)
class Record:
    scan: np.ndarray
    ward: int
    finding: int


@pytest.mark.parametrize("kind", [Named, Record])
@pytest.mark.parametrize("named", ["finding", 2, -1])
def test_fields_with_names_can_be_named_by_name_and_position(kind, named):
    data = Items(lambda i: kind(IMAGES[i], hospital(i), label(i)))
    assert_both_refuse(data, "'ward' .* and 'finding' .* could each be the label")
    assert take_apart(data, label=named)[1].tolist() == [label(i) for i in range(N)]
    items = mixed_items(data, label=named, keep=["ward"])
    assert {type(item) for item in items} == {kind}
    assert classes_of(item.scan for item in items) == [item.finding for item in items] == [label(i) for i in range(N)]


# What stays of the real item

MASK = np.zeros((8, 8), np.uint8)
CONTENT = {
    "a mask": MASK,
    "a mask that is a picture": Image.fromarray(MASK),
    "boxes": np.zeros((2, 4)),
    "a box": torch.zeros(4),
    "a box as a list": [0, 0, 3, 4],
    "objects as in COCO": [{"bbox": [0, 0, 1, 1], "category_id": 3}],
    "what a detector takes": {"boxes": torch.zeros(1, 4), "labels": torch.zeros(1)},
    "a volume": np.zeros((2, 8, 8, 8)),
    "bytes of a file": b"....",
    "tokens of a caption": [5, 3, 8],
}


@pytest.mark.parametrize("kind", CONTENT)
def test_what_belongs_to_the_image_is_refused_by_name_or_stays_by_name(kind):
    data = Items(lambda i: {"image": IMAGES[i], "extra": CONTENT[kind], "label": label(i)})
    with pytest.raises(DataError, match=r"an item has 'extra' \(.*stay that of the real image .* keep=\('extra',\)"):
        MixedDataset(data, Made())
    with pytest.raises(DataError, match="an item has 'extra'"):
        augment_loader(DataLoader(data), Made())
    items = mixed_items(data, keep=["extra"])
    assert all(item["extra"] is CONTENT[kind] for item in items)
    assert take_apart(data)[1].tolist() == [label(i) for i in range(N)]


def test_a_mask_in_a_tuple_is_refused_by_position():
    data = Items(lambda i: (torch.zeros(1, 8, 8), label(i), torch.zeros(4)))
    with pytest.raises(DataError, match=r"an item has 2 \(tensor of shape \(4,\)\), .* keep=\(2,\)"):
        MixedDataset(data, Made())
    assert len(mixed_items(data, keep=(-1,))) == N


def test_numbers_and_texts_that_are_no_names_stay_with_a_warning():
    data = Items(lambda i: {"image": IMAGES[i], "label": label(i), "ward": hospital(i), "note": f"a {i} b", "id": i})
    with pytest.warns(DataWarning, match=r"get 'ward', 'note' of the real ones .* Say keep=\('ward', 'note'\)"):
        MixedDataset(data, Made())
    for item, i in zip(mixed_items(data, keep=("ward", "note")), range(N), strict=True):
        assert (item["ward"], item["note"], item["id"]) == (hospital(i), f"a {i} b", i)


@pytest.mark.parametrize(
    "make",
    [
        lambda i: {"path": f"photo {i % 7}"},
        lambda i: {"image_id": i % 7, "__url__": "x y"},
        lambda i: {"number": i},
        lambda i: {"file": Path(str(i))},
        lambda i: {"code": f"P{i:03}"},
        lambda i: {"name": "abc"[label(i)], "group": "aab"[label(i)]},
        lambda i: {"row": torch.eye(3)[label(i)]},
        lambda i: {"weight": 1.0},
        lambda i: {"nothing": None, "empty": []},
    ],
)
def test_names_of_items_and_what_follows_from_the_label_stay_without_a_word(make):
    data = Items(lambda i: {"image": IMAGES[i], "label": label(i), **make(i)})
    for i, item in enumerate(mixed_items(data)):
        assert {key: str(value) for key, value in item.items() if key not in ("image", "label")} == {
            key: str(value) for key, value in make(i).items()
        }


def test_a_misspelt_field_to_keep_is_refused():
    data = Items(lambda i: {"image": IMAGES[i], "mask": MASK, "label": label(i)})
    with pytest.raises(DataError, match=r"keep= names 'maks', which no item has .* did you mean 'mask'"):
        MixedDataset(data, Made(), keep=["maks"])


# Streams and batches


def test_a_stream_shows_its_fields_in_the_first_item():
    found = mixed_items(Stream(lambda i: {"png": IMAGES[i], "cls": label(i), "__key__": str(i)}))
    assert classes_of(item["png"] for item in found) == [label(i) for i in range(N)]
    two = Stream(lambda i: (IMAGES[i], hospital(i), label(i)))
    with pytest.raises(DataError, match="could each be the label"):
        mixed_items(two)
    assert classes_of(item[0] for item in mixed_items(two, label=2, keep=(1,))) == [label(i) for i in range(N)]
    with pytest.raises(DataError, match="an item has 'mask'"):
        mixed_items(Stream(lambda i: {"image": IMAGES[i], "mask": MASK, "label": label(i)}))
    assert len(mixed_items(Stream(lambda i: {"image": IMAGES[i], "mask": MASK, "label": label(i)}), keep=["mask"])) == N


def test_a_batch_shows_its_fields_in_its_items():
    x, y, ward = torch.tensor(IMAGES.copy()), torch.arange(N) % 3, torch.arange(N) // 20
    with pytest.raises(DataError, match=r"1 .* and 2 .* could each be the label"):
        SyntheticMix(Made(), 1.0)([x, ward, y])
    mixed, *rest = SyntheticMix(Made(), 1.0, label=2, keep=(1,))([x, ward, y])
    assert classes_of(mixed) == y.tolist()
    assert rest == [ward, y]
    with pytest.raises(DataError, match=r"an item has 'mask' \(tensor of shape \(8, 8\)\)"):
        SyntheticMix(Made(), 1.0)({"image": x, "mask": x, "label": y})
    batch = SyntheticMix(Made(), 1.0, keep=["mask"])({"image": x, "mask": x, "label": y})
    assert classes_of(batch["image"]) == y.tolist()
    assert batch["mask"] is x
    with pytest.warns(DataWarning, match="get 'ward' of the real ones"):
        SyntheticMix(Made(), 1.0)({"image": x, "ward": ward, "label": y, "path": [f"{i}.png" for i in range(N)]})


# Options


@pytest.mark.parametrize("wrong", [True, 0.5, (1, 2)])
def test_a_field_is_named_by_position_key_or_function(wrong):
    for names in ({"image": wrong}, {"label": wrong}):
        with pytest.raises(ParameterError, match="must be a position, a key or a function of an item"):
            MixedDataset(TWO, Made(), **names)
        with pytest.raises(ParameterError, match="must be a position, a key or a function of an item"):
            take_apart(TWO, **names)
    with pytest.raises(ParameterError, match=r"'keep' parameter .* a list or tuple of positions and keys"):
        MixedDataset(TWO, Made(), keep="ward")


def test_names_of_fields_are_refused_where_there_are_no_items():
    with pytest.raises(ParameterError, match=r"X is a DataFrame; give the columns as fit\(X\[image\], X\[label\]\)"):
        take_apart(pd.DataFrame({"a": [1]}), label="a")
    for X in (IMAGES, torch.tensor(IMAGES.copy()), "folder"):
        with pytest.raises(ParameterError, match=r"name fields of the items of a data set, and X is a"):
            take_apart(X, label=1)
    with pytest.raises(ParameterError, match="Both y and label= say"):
        take_apart(TWO, [0] * N, label=2)
    with pytest.raises(ParameterError, match="label= name fields of the items of a data set, and X is table data"):
        GANAugmenter(modality="table").fit(TWO, label=2)


def test_a_function_for_the_label_is_refused_with_soft_labels():
    with pytest.raises(ParameterError, match="'label' parameter of MixedDataset must be a position or key with soft_l"):
        MixedDataset(TWO, Made(), label=lambda item: item[2], soft_labels=lambda X: np.eye(3)[: len(X)])


def test_the_image_can_be_named_where_labels_are_given():
    data = Items(lambda i: (IMAGES[0], IMAGES[i]))
    with pytest.raises(DataError, match="0, 1 could each be the image"):
        take_apart(data, [label(i) for i in range(N)])
    assert take_apart(data, [label(i) for i in range(N)], image=1)[0].tolist() == IMAGES.tolist()


def test_a_number_that_may_belong_to_the_image_stays_with_a_warning_whatever_its_order():
    for weight in (
        float,
        lambda i: 20.5 + i,
        lambda i: (7 * i) % 90 + 0.5,
        lambda i: i % 4 / 4,
        lambda i: torch.tensor(i % 4),
    ):
        data = Items(lambda i, weight=weight: {"image": IMAGES[i], "label": label(i), "weight": weight(i)})
        with pytest.warns(DataWarning, match="get 'weight' of the real ones"):
            MixedDataset(data, Made())


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ([{"bbox": [0, 0, 1, 1]}], "A label is a list|A label is a dict"),
        (
            {"boxes": torch.zeros(2, 4)},
            "A label is a dict with .* neither one class .* by a function of the item with label=",
        ),
        (torch.tensor([1, 0, 1]), r"A label is the array \[1 0 1\], neither .* each combination of classes a number"),
    ],
)
def test_several_labels_of_an_image_are_refused_with_the_way_to_one(extra, complaint):
    data = Items(lambda i: (IMAGES[i], extra))
    with pytest.raises(DataError, match=complaint):
        MixedDataset(data, Made())
    with pytest.raises(DataError, match=r"neither one class nor a one-hot row: .* with label="):
        take_apart(data)
    assert take_apart(data, label=lambda item: len(item[1]))[1].tolist() == [len(extra)] * N


def test_a_mask_under_the_key_of_a_label_is_no_label():
    data = Items(lambda i: {"image": IMAGES[i], "label": MASK, "class": label(i)})
    assert take_apart(data)[1].tolist() == [label(i) for i in range(N)]
    with pytest.raises(DataError, match="an item has 'label'"):
        MixedDataset(data, Made())


def test_boxes_and_masks_of_torchvision_are_no_images():
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    boxes = tv_tensors.BoundingBoxes(torch.tensor([[0, 0, 8, 8.0]] * 9), format="XYXY", canvas_size=(8, 8))
    for other in (boxes, tv_tensors.Mask(torch.zeros(8, 8))):
        data = Items(lambda i, other=other: (torch.zeros(1, 8, 8), other, label(i)))
        with pytest.raises(DataError, match=r"Beside image and label an item has 1 .*keep=\(1,\)"):
            MixedDataset(data, Made())
        assert take_apart(data)[0].shape == (N, 1, 8, 8)


def test_a_loader_is_no_data_set():
    loader = DataLoader(Items(lambda i: (torch.zeros(1, 8, 8), label(i))))
    with pytest.raises(DataError, match=r"is a DataLoader; give its data set \(loader\.dataset\), or take augment_lo"):
        MixedDataset(loader, Made())
