"""Labels from a CSV or JSON file beside images: columns found by what they hold, or named; nothing lost in silence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ganaug import augment_image_folder, read_image_folder
from ganaug.errors import DataError, DataWarning, ParameterError


@pytest.fixture
def flat(tmp_path):
    """Six images, 0.png to 5.png, of which each holds its number."""
    (tmp_path / "deep").mkdir()
    for i in range(6):
        Image.new("L", (8, 8), i).save(tmp_path / ("deep" if i > 3 else ".") / f"{i}.png")
    return tmp_path


def read(flat, labels, **options):
    """Return the label of each image, by its number."""
    X, y = read_image_folder(flat, labels=labels, **options)
    return dict(sorted(zip(X[:, 0, 0].tolist(), y.tolist(), strict=True)))


def write(flat, text, name="labels.csv"):
    (flat / name).write_text(text, encoding="utf-8")
    return flat / name


ALL = {0: "cat", 1: "dog", 2: "cat", 3: "dog", 4: "cat", 5: "dog"}
ROWS = [(f"{'deep/' if i > 3 else ''}{i}.png", label) for i, label in ALL.items()]


@pytest.mark.parametrize(
    "form",
    [
        lambda file: file,
        lambda file: Path(file).name,
        lambda file: Path(file).stem,
        lambda file: f"/kaggle/input/set/{file}",
        lambda file: f".\\images\\{file}".replace("/", "\\"),
    ],
    ids=["path", "name", "stem", "from elsewhere", "windows"],
)
def test_files_are_found_however_they_are_called(flat, form):
    text = "".join(f"{form(file)},{label}\n" for file, label in ROWS)
    assert read(flat, write(flat, "image,label\n" + text)) == ALL
    assert read(flat, write(flat, text.replace(",", "\t"), "labels.tsv")) == ALL  # without a header


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("dataset.json", {"labels": [list(row) for row in ROWS]}),
        ("a.json", dict(ROWS)),
        ("b.json", {"labels": dict(ROWS)}),
        ("c.json", [{"file_name": file, "label": label, "boxes": [1]} for file, label in ROWS]),
    ],
)
def test_labels_may_be_json(flat, name, facts):
    assert read(flat, write(flat, json.dumps(facts), name)) == ALL


def test_labels_may_be_json_lines_or_a_mapping(flat):
    lines = "\n".join(json.dumps({"file_name": file, "label": label}) for file, label in ROWS)
    assert read(flat, write(flat, lines, "metadata.jsonl")) == ALL
    assert read(flat, dict(ROWS)) == ALL
    assert read(flat, {file: i % 2 for i, (file, _) in enumerate(ROWS)})[5] == "1"


def test_numbers_are_labels_as_they_are_written(flat):
    numbers = {"labels": [[file, i % 3] for i, (file, _) in enumerate(ROWS)]}
    assert read(flat, write(flat, json.dumps(numbers), "dataset.json")) == {i: str(i % 3) for i in range(6)}
    padded = "file,code\n" + "".join(f"{file},{i % 2:03d}\n" for i, (file, _) in enumerate(ROWS))
    assert set(read(flat, write(flat, padded)).values()) == {"000", "001"}


def test_the_name_of_the_file_may_be_that_in_the_folder(flat, monkeypatch, tmp_path_factory):
    write(flat, "file,label\n" + "".join(f"{file},{label}\n" for file, label in ROWS))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert read(flat, "labels.csv") == ALL


WIDE = "id,file,age,class,sex\n" + "".join(f"{i},{file},{i % 2},{label},m\n" for i, (file, label) in enumerate(ROWS))


def test_of_several_columns_the_telling_one_is_taken_and_said(flat):
    table = write(flat, WIDE)
    with pytest.warns(
        DataWarning, match=r"column 'class' holds the labels \(by its name; label_column= names another\)"
    ):
        assert read(flat, table) == ALL
    assert set(read(flat, table, label_column="age").values()) == {"0", "1"}
    assert read(flat, table, file_column="file", label_column="class") == ALL
    with pytest.raises(DataError, match=r"several columns that may hold the labels \('age', 'kind'\).*--label-column"):
        read(flat, write(flat, WIDE.replace("class", "kind")))
    once = "".join(f"{file},{label},{i}\n" for i, (file, label) in enumerate(ROWS))
    with pytest.warns(DataWarning, match=r"'breed' holds the labels \(the only one with values that repeat"):
        assert read(flat, write(flat, "file,breed,weight\n" + once)) == ALL


def test_a_column_of_0_and_1_for_each_class_is_a_label(flat):
    rows = "".join(f"{file},{label == 'cat':d}.0,{label == 'dog':d}.0,0.0\n" for file, label in ROWS)
    with pytest.warns(DataWarning, match=r"the label is the column that is 1 \('cat', 'dog', 'owl'\)"):
        assert read(flat, write(flat, "file,cat,dog,owl\n" + rows)) == ALL


def test_images_without_a_label_and_labels_without_an_image_are_counted(flat):
    rows = "".join(f"{file},{label}\n" for file, label in ROWS[:4])
    with pytest.warns(DataWarning) as caught:
        found = read(flat, write(flat, f"file,label\n{rows}deep/4.png,\ngone.png,cat\n"))
    assert found == {i: ALL[i] for i in range(4)}
    said = " ".join(str(warning.message) for warning in caught)
    assert "images without a label (2, such as 'deep/4.png')" in said.replace("\\\\", "/")
    assert "labels of files that are not there (1, such as 'gone.png')" in said


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        (
            "l.csv",
            "file,label\nx.png,cat\ny.png,dog\n",
            r"No column of '.*l\.csv' names files of this folder: .*'x.png'",
        ),
        ("l.csv", "file,label\n0.png,cat\n1.png,cat\n", r"only the label 'cat' for the images in"),
        ("l.csv", "file,label\n0.png,cat\n0.png,dog\n", r"gives '0.png' the labels 'cat' and 'dog'.*one class"),
        ("l.csv", "file,label\n0.png,cat\n0,dog\n", r"0\.png' has the labels 'cat' and 'dog'"),
        ("l.csv", "", r"is empty"),
        ("l.json", "{", r"l\.json' are no JSON"),
        ("l.json", '{"labels": null}', r"has no labels \(null\)"),
        ("l.json", '{"images": [], "annotations": []}', r"does not list the label of each image; give an object"),
        ("l.json", "[1, 2]", r"does not list the label of each image"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(flat, name, text, error):
    with pytest.raises(DataError, match=error):
        read(flat, write(flat, text, name))


def test_a_name_of_several_files_is_refused_and_a_path_is_not(flat):
    (flat / "deep" / "0.png").write_bytes((flat / "0.png").read_bytes())
    (flat / "5.png").write_bytes((flat / "0.png").read_bytes())
    with pytest.raises(DataError, match=r"'file' of .* names '5.png', and several folders have a file of that name"):
        read(flat, write(flat, "file,label\n5.png,cat\n"))


def test_what_is_not_there_is_said(flat):
    table = write(flat, "file,label\n0.png,cat\n1.png,dog\n")
    with pytest.raises(DataError, match=r"has no column 'lable' that holds the labels.*did you mean 'label'"):
        read(flat, table, label_column="lable")
    with pytest.raises(DataError, match=r"labels '.*none\.csv' cannot be read \(No such file"):
        read(flat, flat / "none.csv")
    with pytest.raises(ParameterError, match="name columns of a file of labels; give it as labels="):
        read_image_folder(flat, label_column="x")


def test_the_copy_with_synthetic_images_has_a_folder_for_each_class(flat, tmp_path_factory):
    out = tmp_path_factory.mktemp("place") / "out"
    odd = {file: {"cat": "a/b", "dog": "dog"}[label] for file, label in ROWS}
    made = np.full((3, 8, 8), 9, np.uint8)
    assert augment_image_folder(flat, made, ["dog", "a/b", "dog"], out, labels=odd) == 3
    X, y = read_image_folder(out)
    assert sorted(zip(y.tolist(), X[:, 0, 0].tolist(), strict=True)) == sorted(
        [*(({"cat": "a/b", "dog": "dog"}[label], i) for i, label in ALL.items()), ("dog", 9), ("a/b", 9), ("dog", 9)]
    )


# Other forms of the same


@pytest.mark.parametrize(
    "form",
    [lambda file: file.replace(".png", ".jpeg"), str.upper, lambda file: f"C:\\data\\{Path(file).stem.upper()}.TIF"],
    ids=["ending", "case", "windows"],
)
def test_names_that_differ_in_ending_or_case_are_found_and_said(flat, form):
    for file in [*flat.rglob("*.png")]:
        file.rename(file.with_name(f"a{file.name}"))
    rows = [(form(file.replace(Path(file).name, f"a{Path(file).name}")), label) for file, label in ROWS]
    path = write(flat, "".join(f"{file},{label}\n" for file, label in [("image", "label"), *rows]))
    with pytest.warns(DataWarning, match="6 differ in ending or case from the files .* are taken for these"):
        assert read(flat, path) == ALL


def test_names_that_several_files_have_but_for_ending_are_not_taken_for_any(flat):
    Image.new("L", (8, 8)).save(flat / "0.bmp")
    path = write(flat, "image,label\n" + "".join(f"{i}.jpg,{label}\n" for i, label in ALL.items()))
    with pytest.warns(DataWarning) as told:
        assert 0 not in read(flat, path)
    assert any("labels of files that are not there (1, such as '0.jpg')" in str(one.message) for one in told)


def test_a_frame_a_series_and_a_parquet_file_hold_labels(flat):
    frame = pd.DataFrame(ROWS, columns=["file", "kind"])
    frame.to_parquet(flat / "labels.parquet")
    assert read(flat, frame) == read(flat, flat / "labels.parquet") == ALL
    assert read(flat, frame.set_index("file")["kind"]) == ALL
    with pytest.raises(DataError, match="The frame of labels has no column 'sort' that holds the labels"):
        read(flat, frame, label_column="sort")
    (flat / "bad.parquet").write_bytes(b"PAR1 and more")
    with pytest.raises(DataError, match=r"bad.parquet' are no Parquet \(.*\); write them anew"):
        read(flat, flat / "bad.parquet")


def test_labels_of_another_type_or_file_are_refused(flat):
    with pytest.raises(ParameterError, match=r"'labels' parameter must be the path of .* Got a list instead"):
        read(flat, ["cat", "dog"])
    (flat / "labels.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00" + bytes(40))
    with pytest.raises(DataError, match="are neither CSV, JSON nor Parquet; save them as CSV"):
        read(flat, flat / "labels.npy")


def test_lines_of_names_and_labels_may_be_parted_by_blanks(flat):
    assert read(flat, write(flat, "".join(f"{file} {label}\n" for file, label in ROWS), "val.txt")) == ALL


def test_a_list_of_files_alone_holds_no_labels(flat):
    with pytest.raises(DataError, match="has no column of labels beside the one that names files"):
        read(flat, write(flat, "image\n" + "".join(f"{file}\n" for file, _ in ROWS)))
