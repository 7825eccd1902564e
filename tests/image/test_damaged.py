"""Image files that cannot be used: all named in one run and by what they are, or left out and counted."""

from __future__ import annotations

import re
import time
import warnings

import numpy as np
import pytest
from PIL import Image, ImageOps

from ganaug import augment_image_folder, read_image_folder
from ganaug.errors import DataError, DataWarning
from ganaug.image import folders, picture
from ganaug.image.channels import tell_conversions
from ganaug.image.picture import read_picture

SPOILT = {
    "0.jpg": (b"", "it is empty"),
    "1.jpg": (b"<!DOCTYPE html><title>404</title>", r"it is a web page \(HTML\)"),
    "2.png": (b"GIF89a" + bytes(40), "it is a damaged GIF"),
    "3.png": (b"%PDF-1.7", "it is a PDF"),
    "4.jpg": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        r"it is a pointer of Git LFS.*git lfs pull",
    ),
    "5.jpg": (b"\0\0\0\x18ftypheic" + bytes(30), "it is a HEIC"),
    "6.jpg": (b'{"error": "not found"}', r"it is text \(JSON\)"),
    "7.png": (b"<?xml version='1.0'?><svg/>", "it is an SVG"),
    "8.jpg": (bytes(200), "it is full of zeros"),
    "9.jpg": (b"PK\x03\x04" + bytes(40), "it is a ZIP archive"),
    "a.jpg": (b"RIFF\0\0\0\0AVI LIST", "it is an audio or video file"),
    "b.bmp": (b"\x01\x02\x03\x04\xff\xfe" * 9, "it is no image of a kind that is read"),
    "c.jpg": (b"Access denied\n", "it is text"),
    "e.jpg": (b"\xff\xd8\xff\xe0" + bytes(9), "it is a damaged JPEG"),
    "d.jpg": (bytes(128) + b"DICM" + b"\x02\0" * 9, "it is a DICOM file"),
}


@pytest.fixture
def folder(tmp_path):
    """Two classes with four images each."""
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for i in range(4):
            Image.new("L", (9, 8), 20 * i).save(tmp_path / label / f"good {i}.png")
    return tmp_path


def spoil(folder, names):
    for i, name in enumerate(names):
        (folder / ("cat", "dog")[i % 2] / name).write_bytes(SPOILT[name][0])


@pytest.mark.parametrize("name", list(SPOILT))
def test_a_file_is_called_what_it_is(folder, name):
    spoil(folder, [name])
    with pytest.raises(DataError, match=rf"{name}' cannot be read as an image \({SPOILT[name][1]}") as caught:
        read_image_folder(folder)
    assert "skip_damaged=True, --skip-damaged" in str(caught.value)


def test_a_sound_image_of_another_kind_than_its_name_is_read(folder):
    Image.new("L", (9, 8), 7).save(folder / "cat" / "png.jpg", "PNG")
    assert len(read_image_folder(folder)[0]) == 9


def test_all_damaged_files_are_named_in_one_run(folder):
    spoil(folder, list(SPOILT)[:4])
    (folder / "dog" / "x.gif").write_bytes(b"GIF89a")
    with pytest.raises(DataError) as caught:
        read_image_folder(folder)
    text = str(caught.value)
    assert text.startswith("5 of 13 image files cannot be used; replace or remove them, or leave them out")
    for name in list(SPOILT)[:4]:
        assert f"{name}' cannot be read as an image (" in text
    assert re.search(r"it is a damaged GIF\), likewise '.*x\.gif'", text)
    assert len(text.splitlines()) == 5


def test_of_many_damaged_files_ten_are_named_and_all_counted(folder):
    spoil(folder, SPOILT)
    with pytest.raises(DataError) as caught:
        read_image_folder(folder)
    assert str(caught.value).startswith("15 of 23 image files")
    assert str(caught.value).count("cannot be read as an image") == 10
    assert str(caught.value).endswith("and 5 more.")


def test_what_is_wrong_with_many_files_is_said_once(folder):
    for i in range(25):
        (folder / "cat" / f"photo {i:02d}.heic").write_bytes(b"")
    spoil(folder, ["0.jpg"])
    with pytest.raises(DataError, match=r"^26 of 34 image files") as caught:
        read_image_folder(folder)
    lines = str(caught.value).splitlines()
    assert "0.jpg' cannot be read as an image (it is empty);" in lines[1]
    assert re.search(r"photo 00.heic' is of a kind .*, likewise '.*01.heic', .*04.heic' and 20 more.$", lines[2])
    assert len(lines) == 3


def test_files_that_are_spoilt_alike_are_all_named(folder):
    for i in range(4):
        (folder / "dog" / f"empty {i}.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"empty 0.jpg' .*\(it is empty\), likewise .*1.jpg', .*2.jpg', .*3.jpg'\.$"):
        read_image_folder(folder)


def test_a_gif_of_one_picture_is_an_image_and_an_animation_is_none(folder):
    pictures = [Image.new("RGB", (9, 8), colour) for colour in ("red", "blue")]
    pictures[0].save(folder / "cat" / "still.gif")
    with pytest.warns(DataWarning, match="8 of 9 images in .* are grey, and are read as RGB"):
        X, _ = read_image_folder(folder)
    assert X[4].tolist() == np.broadcast_to([255, 0, 0], (8, 9, 3)).tolist()
    pictures[0].save(folder / "dog" / "moving.gif", save_all=True, append_images=pictures[1:])
    with pytest.raises(DataError, match=r"moving.gif' is animated or holds several pages \(2\); save one of them"):
        read_image_folder(folder)


@pytest.mark.parametrize(("name", "kind"), [("a.jfif", "JPEG"), ("a.JPE", "JPEG"), ("a.pbm", "PPM"), ("a.pnm", "PPM")])
def test_less_usual_names_of_the_same_kinds_are_read(folder, name, kind):
    Image.new("1" if name == "a.pbm" else "L", (9, 8)).save(folder / "cat" / name, kind)
    assert len(read_image_folder(folder)[0]) == 9


@pytest.mark.parametrize("count", [1, 4])
def test_damaged_files_are_left_out_and_counted_on_demand(folder, count):
    spoil(folder, list(SPOILT)[:count])
    with pytest.warns(DataWarning, match=rf"damaged files \({count} of {8 + count}\):\n'.*0\.jpg' cannot be read"):
        X, y = read_image_folder(folder, skip_damaged=True)
    assert (len(X), y.tolist()) == (8, ["cat"] * 4 + ["dog"] * 4)


def test_a_class_of_which_no_file_can_be_read_is_refused(folder):
    for file in (folder / "cat").iterdir():
        file.write_bytes(b"")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        with pytest.raises(DataError, match=r"No image of class 'cat' in .* can be read; replace its files, or remove"):
            read_image_folder(folder, skip_damaged=True)


def test_damaged_files_are_not_copied_where_they_are_left_out(folder, tmp_path_factory):
    spoil(folder, ["0.jpg", "1.jpg"])
    out = tmp_path_factory.mktemp("place") / "out"
    augment_image_folder(folder, np.zeros((1, 8, 9), np.uint8), ["cat"], out, skip_damaged=True)
    assert len(read_image_folder(out)[0]) == 9


def photo(seed=0, shape=(2000, 3000)):
    """A large photo: soft shapes, sharp stripes and the noise of a camera."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)).resize(
        shape[::-1], Image.Resampling.BICUBIC
    )
    pixels = np.asarray(soft).astype(np.int16) + rng.integers(-6, 7, (*shape, 1), dtype=np.int16)
    pixels[shape[0] // 2 :, ::2] = 255
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("orientation", [None, 6])
@pytest.mark.parametrize("size", [(64, 64), (24, 96)])
def test_a_large_photo_is_decoded_small_and_looks_the_same(tmp_path, orientation, size):
    file, exif = tmp_path / "photo.jpg", Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    original = photo(shape=(600, 900))
    original.save(file, quality=90, exif=exif)
    if orientation:
        original = original.transpose(Image.Transpose.ROTATE_270)
    with Image.open(file) as image:
        whole = ImageOps.exif_transpose(image).resize(size[::-1], Image.Resampling.BICUBIC)

    def error(pixels):
        return np.abs(np.asarray(pixels, float) - np.asarray(original.resize(size[::-1], Image.Resampling.BICUBIC)))

    assert error(read_picture(file, size)).mean() < error(whole).mean() + 0.5  # of 255
    assert error(read_picture(file, size)).max() < error(whole).max() + 8


def test_a_large_photo_is_not_decoded_at_its_full_size(tmp_path, monkeypatch):
    file = tmp_path / "photo.jpg"
    photo().save(file, quality=85)
    decoded = []
    monkeypatch.setattr(picture, "_resize", lambda image, size, stored: decoded.append(image.size) or np.zeros(size))
    read_picture(file, (64, 64))
    assert decoded == [(375, 250)]


def test_large_files_are_decoded_several_at_a_time_and_small_ones_are_not(tmp_path, monkeypatch):
    begun = []
    threads = folders.iterate_in_threads
    monkeypatch.setattr(
        folders, "iterate_in_threads", lambda work, files: begun.append(len(files)) or threads(work, files)
    )
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        Image.fromarray(rng.integers(0, 256, (8, 9), dtype=np.uint8)).save(tmp_path / label / "small.png")
    read_image_folder(tmp_path)
    assert not begun
    for label in ("cat", "dog"):
        noise = rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / label / "large.png")
    with pytest.warns(DataWarning, match="2 of 4 images in .* are grey"):
        assert read_image_folder(tmp_path, size=(8, 9))[0].shape == (4, 8, 9, 3)
    assert begun == [4]


def test_many_images_are_not_compared_with_each_other():
    n = 50_000
    began = time.process_time()
    tell_conversions([1] * n, ["cat", "dog"] * (n // 2), "it", stacklevel=2)
    assert time.process_time() - began < 5  # some hundredths of a second; with each other, they took half a minute


def test_a_float_image_that_holds_no_numbers_is_named(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.ones((8, 8), np.float32)).save(tmp_path / name / "0.tif")
    Image.fromarray(np.full((8, 8), np.nan, np.float32)).save(tmp_path / "dog" / "1.tif")
    with pytest.raises(DataError, match=r"1\.tif' holds values that are no numbers \(NaN, or infinite\)"):
        read_image_folder(tmp_path)


def test_files_that_are_cut_at_various_bytes_share_one_reason(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for i in range(4):
        file = tmp_path / "ab"[i % 2] / f"{i}.jpg"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(noise).save(file)
        file.write_bytes(file.read_bytes()[: -100 - 20 * i])
    with pytest.raises(DataError, match="truncated") as caught:
        read_image_folder(tmp_path)
    assert str(caught.value).count("truncated") == 1 and str(caught.value).count(".jpg") == 4


def test_a_class_folder_of_other_files_says_what_it_holds(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "scan.npy", np.zeros((8, 8)))
    with pytest.raises(DataError, match=r"has no image files \(.*\), but files of other kinds, such as 'scan\.npy'"):
        read_image_folder(tmp_path)
