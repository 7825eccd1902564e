"""Folders of images as real data sets have them: read rightly, or refused with what they are and the cure."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganaug import augment_image_folder, list_image_folder, read_image_folder
from ganaug.errors import DataError, DataWarning
from ganaug.image.parts import find_roles
from ganaug.image.samples import take_apart


def put(root, *names):
    """Write a small image, which no other name has, at each place."""
    for name in names:
        file = Path(root, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(list(name.encode())).integers(0, 255, (8, 8, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(file, "JPEG" if file.suffix.lower() in (".jpg", ".jpeg") else "PNG")
    return Path(root)


def put_many(root, *folders, n=2, ending=".png"):
    return put(root, *(f"{folder}/{i}{ending}" for folder in folders for i in range(n)))


def read_counts(root, **options):
    """Read a folder; return the counts of its labels, and what was said."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, y = read_image_folder(root, **options)
    assert all(issubclass(warning.category, DataWarning) for warning in caught)
    return dict(Counter(y.tolist())), " ".join(str(warning.message) for warning in caught)


# parts of a data set


@pytest.mark.parametrize(
    ("training", "others"),
    [
        ("train", ["val", "test"]),
        ("Training", ["Testing"]),
        ("TRAIN", ["TEST", "TEST_SIMPLE"]),
        ("train", ["valid"]),
        ("training_set", ["test_set"]),
        ("seg_train", ["seg_test", "seg_pred"]),
        ("asl_alphabet_train", ["asl_alphabet_test"]),
        ("train2017", ["val2017"]),
        ("TrainingData", ["ValidationData"]),
        ("train", ["validation", "holdout"]),
        ("train", ["test", "unlabeled"]),
        ("trainset", ["devset"]),
        ("train", []),
        ("train", ["test", "chest_xray", "__MACOSX"]),
        ("Entrenamiento", ["prueba", "validación"]),
        ("ENTRAÎNEMENT", ["test"]),
        ("entrai\u0302nement", ["Test"]),  # as some systems write it
        ("treino", ["teste"]),
        ("训练集", ["测试集"]),
        ("обучение", ["тест"]),
    ],
)
def test_of_the_parts_of_a_data_set_the_training_part_is_read(tmp_path, training, others):
    put_many(tmp_path, f"{training}/cat", f"{training}/dog", n=3)
    put_many(tmp_path, *(f"{other}/{label}" for other in others for label in ("cat", "dog")))
    counts, said = read_counts(tmp_path)
    assert counts == {"cat": 3, "dog": 3}
    assert f"Only the part {training!r} of" in said
    assert all(repr(other) in said for other in others if other != "__MACOSX")


@pytest.mark.parametrize(
    "classes",
    [
        ["train", "bus", "car"],
        ["bullet_train", "test_tube", "bus"],
        ["valid", "invalid"],
        ["part", "tool"],
        ["group1", "group2"],
        ["fold", "crease"],
        ["with_mask", "without_mask"],
        ["mask", "no_mask"],
        ["image", "text"],
        ["thumbs_up", "thumbs_down"],
    ],
)
def test_classes_whose_names_recall_parts_or_masks_are_classes(tmp_path, classes):
    counts, said = read_counts(put_many(tmp_path, *classes))
    assert counts == dict.fromkeys(classes, 2)
    assert said == ""


def test_a_part_is_named_as_its_folder_or_by_what_it_is_for(tmp_path):
    put_many(tmp_path, "train/cat", "train/dog", n=3)
    put_many(tmp_path, "Validation/cat", "Validation/dog")
    for split in ("Validation", "validation", "val"):
        assert read_counts(tmp_path, split=split) == ({"cat": 2, "dog": 2}, "")
    assert read_counts(tmp_path, split="train")[0] == {"cat": 3, "dog": 3}
    with pytest.raises(DataError, match=r"has no part 'test'; name one of 'Validation', 'train'\."):
        read_image_folder(tmp_path, split="test")


def test_the_folder_itself_may_be_named_where_parts_are_classes_after_all(tmp_path):
    counts, _ = read_counts(put_many(tmp_path, "train", "test"), split=".")
    assert counts == {"test": 2, "train": 2}


@pytest.mark.parametrize(
    ("folders", "text"),
    [
        (["val", "test"], r"none is for training; name the one to read, such as split='test' \(--split test\)"),
        (["train1", "train2"], r"several are for training \('train1', 'train2'\)"),
        (["fold1", "fold2", "fold3"], r"look like parts of a data set \('fold1', 'fold2', 'fold3'\)"),
        (["trainA", "trainB", "testA", "testB"], r"several are for training \('trainA', 'trainB'\)"),
    ],
)
def test_parts_of_which_none_is_the_one_to_read_are_refused(tmp_path, folders, text):
    put_many(tmp_path, *(f"{folder}/{label}" for folder in folders for label in ("cat", "dog")))
    with pytest.raises(DataError, match=text):
        read_image_folder(tmp_path)
    assert read_counts(tmp_path, split=folders[0])[0] == {"cat": 2, "dog": 2}


def test_folders_that_differ_in_more_than_their_part_are_no_parts():
    assert find_roles([Path("train"), Path("bus")]) == {}
    assert find_roles([Path("bullet_train"), Path("test_tube"), Path("bus")]) == {}
    assert set(find_roles([Path("train"), Path("test"), Path("notes")]).values()) == {"training", "test"}


def test_classes_that_hold_the_same_folders_are_mentioned(tmp_path):
    counts, said = read_counts(put_many(tmp_path, "siteA/ill", "siteA/well", "siteB/ill", "siteB/well"))
    assert counts == {"siteA": 4, "siteB": 4}
    assert "each holds 'ill', 'well'; if these are the classes, read one folder at a time with split=" in said


def test_parts_within_classes_are_refused_and_read_together_where_that_is_said(tmp_path):
    root = put_many(tmp_path, "cat/train", "cat/test", "dog/train", "dog/test")
    with pytest.raises(
        DataError, match=r"cat' holds parts of a data set \('test', 'train'\), and not .*train.cat', or say split='.'"
    ):
        read_image_folder(root)
    assert read_counts(root, split=".")[0] == {"cat": 4, "dog": 4}


def test_synthetic_images_go_into_the_training_part_alone(tmp_path):
    put_many(tmp_path / "pets", "train/cat", "train/dog", "test/cat", "test/dog")
    put(tmp_path / "pets", "test/cat/odd.gif")
    made = np.zeros((3, 8, 8, 3), np.uint8)
    with pytest.warns(DataWarning, match="Only the part 'train'"):
        augment_image_folder(tmp_path / "pets", made, ["cat", "cat", "dog"], tmp_path / "out")
    files = {file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("*.*")}
    real = {file.relative_to(tmp_path / "pets").as_posix() for file in (tmp_path / "pets").rglob("*.*")}
    assert files - real == {
        "train/cat/synthetic_000001.png",
        "train/cat/synthetic_000002.png",
        "train/dog/synthetic_000001.png",
    }
    assert real <= files
    augment_image_folder(tmp_path / "pets", made[:1], ["dog"], tmp_path / "out", split="train", overwrite=True)
    assert len(list((tmp_path / "out").rglob("synthetic_*"))) == 1


# what is no image of the user


@pytest.mark.parametrize(
    "name",
    ["@eaDir", ".thumbnails", "thumbnails", "__MACOSX", "$RECYCLE.BIN", "lost+found", "@__thumb", "#recycle"],
)
def test_folders_of_systems_and_thumbnails_are_left_out_and_said(tmp_path, name):
    put_many(tmp_path, "cat", "dog", name, f"dog/{name}/deep")
    counts, said = read_counts(tmp_path)
    assert counts == {"cat": 2, "dog": 2}
    assert "folders of thumbnails or of a system (2, such as " in said
    assert name in said
    empty = tmp_path / "cat" / name
    empty.mkdir()
    assert "(2, such as" in read_counts(tmp_path)[1]


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        ("images", "masks"),
        ("images", "labels"),
        ("imgs", "annotations"),
        ("JPEGImages", "SegmentationClass"),
        ("image_2", "label_2"),
        ("leftImg8bit", "gtFine"),
        ("Images", "Ground Truth"),
        ("train_images", "train_masks"),
        ("train", "train_masks"),
        ("photos", "labels"),
    ],
)
def test_images_beside_their_masks_are_refused_by_what_they_are(tmp_path, images, masks):
    put_many(tmp_path, images, masks)
    with pytest.raises(DataError, match=rf"segmentation or detection: '{images}' stands beside '{masks}'"):
        read_image_folder(tmp_path)
    put_many(tmp_path / "parts", f"train/{images}", f"train/{masks}", f"val/{images}")
    with pytest.raises(DataError, match="data set of segmentation or detection"):
        read_image_folder(tmp_path / "parts")


def test_boxes_without_images_tell_a_data_set_of_detection(tmp_path):
    put_many(tmp_path, "images/train", "images/val")
    (tmp_path / "labels" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train" / "0.txt").write_text("0 .5 .5 .1 .1")
    with pytest.raises(DataError, match="'images' stands beside 'labels'"):
        read_image_folder(tmp_path)


def test_masks_within_the_classes_are_left_out_and_said(tmp_path):
    put_many(tmp_path, *(f"{label}/{kind}" for label in ("COVID", "Normal") for kind in ("images", "masks")), n=3)
    put(tmp_path, "COVID/images/0_mask.png", "COVID/images/0_mask_1.png", "Normal/images/face_mask.png")
    counts, said = read_counts(tmp_path)
    assert counts == {"COVID": 3, "Normal": 4}
    assert "taken for classes" not in said
    assert "masks and labels of other images (4, such as" in said


# folders around folders


@pytest.mark.parametrize("wrapper", ["data", "data/images", "chest/chest"])
@pytest.mark.parametrize("below", [["cat", "dog"], ["train/cat", "train/dog", "val/cat"]])
def test_classes_that_lie_deeper_are_refused_with_the_right_path(tmp_path, wrapper, below):
    put_many(tmp_path, *(f"{wrapper}/{folder}" for folder in below))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as caught:
        read_image_folder(tmp_path)
    assert str(caught.value).endswith(f"give {str(tmp_path / wrapper)!r}.")
    read_counts(tmp_path / wrapper)


# well-known data sets


def make_cats_and_dogs(root):
    put(root, *(f"train/{kind}.{i}.jpg" for kind in ("cat", "dog") for i in range(4)))
    put(root, *(f"test1/{i}.jpg" for i in range(3)))


def make_pets(root):
    put(root, *(f"images/{breed}_{i}.jpg" for breed in ("Abyssinian", "american_bulldog") for i in (1, 12, 100)))
    put(root, "annotations/trimaps/Abyssinian_1.png")


def make_lfw(root):
    put(root, *(f"lfw/{name}/{name}_0001.jpg" for name in ("Aaron_Eckhart", "Bill_Gates", "Cate_Blanchett")))


def make_tiny_imagenet(root):
    put_many(root, "train/n01443537/images", "train/n01629819/images", ending=".JPEG", n=3)
    put_many(root, "val/images", "test/images", ending=".JPEG", n=3)
    (root / "val" / "val_annotations.txt").write_text(
        "".join(f"{i}.JPEG\t{'n01443537' if i else 'n01629819'}\t0\t{32 + i}\t44\t{62 - i}\n" for i in range(3))
    )
    (root / "wnids.txt").write_text("n01443537\nn01629819\n")


def make_cub(root):
    put_many(root, "images/001.Black_footed_Albatross", "images/002.Laysan_Albatross")
    for name in ("attributes/attributes.txt", "parts/parts.txt", "images.txt", "classes.txt"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("1 001.Black_footed_Albatross\n")


def make_food(root):
    put_many(root, "images/apple_pie", "images/baby_back_ribs", ending=".jpg")
    (root / "meta").mkdir()
    (root / "meta" / "classes.txt").write_text("apple_pie\nbaby_back_ribs\n")


def make_voc(root):
    put_many(root, "VOC2007/JPEGImages", "VOC2007/SegmentationClass", "VOC2007/SegmentationObject")
    (root / "VOC2007" / "Annotations").mkdir()
    (root / "VOC2007" / "ImageSets").mkdir()


def make_celeba(root):
    put(root, *(f"img_align_celeba/img_align_celeba/{i:06d}.jpg" for i in range(1, 7)))
    rows = "".join(f"{i:06d}.jpg,{1 if i % 2 else -1},{1 if i > 3 else -1}\n" for i in range(1, 7))
    (root / "list_attr_celeba.csv").write_text("image_id,Bald,Smiling\n" + rows)


def make_isic(root):
    put(root, *(f"ISIC_00243{i:02d}.jpg" for i in range(8)))
    rows = "".join(f"ISIC_00243{i:02d},{1.0 - i % 2},{i % 2:.1f},0.0\n" for i in range(8))
    (root / "ISIC2018_GroundTruth.csv").write_text("image,MEL,NV,BCC\n" + rows)


def make_ham(root):
    put_many(root / "HAM10000_images_part_1", ".", n=3, ending=".jpg")
    put_many(root / "HAM10000_images_part_2", ".", n=3, ending=".jpg")
    for i, file in enumerate(sorted(root.rglob("*.jpg"))):
        file.rename(file.with_name(f"ISIC_002{i:04d}.jpg"))
    rows = [f"HAM_{i // 2:04d},ISIC_002{i:04d},{('nv', 'mel')[i % 2]},histo,{30 + 5 * (i % 3)}.0\n" for i in range(6)]
    (root / "HAM10000_metadata.csv").write_text("lesion_id,image_id,dx,dx_type,age\n" + "".join(rows))


def make_breeds(root):
    put(root, *(f"{part}/{i:032x}.jpg" for part, i in [("train", 1), ("train", 2), ("train", 3), ("test", 4)]))
    (root / "labels.csv").write_text(f"id,breed\n{1:032x},pug\n{2:032x},boxer\n{3:032x},pug\n")


@pytest.mark.parametrize(
    ("make", "options", "expected"),
    [
        (make_tiny_imagenet, {}, {"n01443537": 3, "n01629819": 3}),
        (
            make_tiny_imagenet,
            {"split": "val", "labels": "val/val_annotations.txt", "label_column": "column_2"},
            {"n01443537": 2, "n01629819": 1},
        ),
        (make_isic, {"labels": "ISIC2018_GroundTruth.csv"}, {"MEL": 4, "NV": 4}),
        (make_ham, {"labels": "HAM10000_metadata.csv", "label_column": "dx"}, {"mel": 3, "nv": 3}),
        (make_breeds, {"labels": "labels.csv"}, {"boxer": 1, "pug": 2}),
        (make_celeba, {"labels": "list_attr_celeba.csv", "label_column": "Smiling"}, {"-1": 3, "1": 3}),
    ],
)
def test_well_known_data_sets_are_read(tmp_path, make, options, expected):
    make(tmp_path)
    assert read_counts(tmp_path, **options)[0] == expected


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            make_cats_and_dogs,
            r"train' has no class folders; the names .* begin with the class \('cat' 4, 'dog' 4\): move",
        ),
        (make_pets, r"segmentation or detection: 'images' stands beside 'annotations'.*labels= \(--labels\)"),
        (make_lfw, r"give '.*lfw'\."),
        (make_cub, r"give '.*images'\."),
        (make_food, r"give '.*images'\."),
        (make_voc, r"give '.*VOC2007'\."),
        (make_celeba, r"list_attr_celeba\.csv' names its images: if it holds their labels, give it as labels="),
        (make_isic, r"ISIC2018_GroundTruth\.csv' names its images"),
        (make_ham, r"HAM10000_metadata.csv' names its images"),
        (make_breeds, r"train' has no class folders; '.*labels\.csv' names its images"),
    ],
)
def test_well_known_data_sets_are_refused_with_the_cure(tmp_path, make, text):
    make(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        with pytest.raises(DataError, match=text):
            read_image_folder(tmp_path)


def test_what_holds_one_image_of_each_class_is_read(tmp_path):
    make_lfw(tmp_path)
    assert read_counts(tmp_path / "lfw")[0] == {"Aaron_Eckhart": 1, "Bill_Gates": 1, "Cate_Blanchett": 1}


# images that ganaug made


def test_a_folder_that_is_learned_gives_its_real_images_and_all_are_read_by_name(tmp_path):
    put_many(tmp_path / "real", "cat", "dog")
    augment_image_folder(tmp_path / "real", np.zeros((2, 8, 8, 3), np.uint8), ["cat", "cat"], tmp_path / "both")
    (tmp_path / "both/cat/synthetic_000001.png").rename(tmp_path / "both/dog/renamed.png")
    assert read_counts(tmp_path / "both") == ({"cat": 3, "dog": 3}, "")
    assert sum(map(len, list_image_folder(tmp_path / "both").values())) == 6
    with pytest.warns(DataWarning, match=r"images that ganaug made \(2, such as 'cat.synthetic_000002.png'\)"):
        X, y = take_apart(str(tmp_path / "both"))
    assert (len(X), Counter(y.tolist())) == (4, {"cat": 2, "dog": 2})
    with pytest.warns(DataWarning, match="images that ganaug made"):
        assert {len(files) for files in list_image_folder(tmp_path / "both", real_only=True).values()} == {2}
