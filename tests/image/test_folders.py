"""Folders of class folders: read in any common form, refused by name and cure, written under safe names only."""

from __future__ import annotations

import contextlib
import json
import os
import string
import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, PngImagePlugin
from tiff import save_tiff

from benchmarks.shared.memory import measure_peak_above, reset_peak
from ganaug.errors import DataError, DataWarning, ParameterError
from ganaug.image.copying import augment_image_folder, list_image_folder
from ganaug.image.encoder import ImageEncoder
from ganaug.image.folders import read_image_folder
from ganaug.image.names import FolderNames
from ganaug.image.png import write_image_folder
from ganaug.rng import numpy_stream

RNG = numpy_stream(0)


def noise(*shape, dtype="uint8", top=256, seed=0):
    return np.random.default_rng(seed).integers(0, top, shape).astype(dtype)


def put(root, name, image=None, **options):
    """Save an image under `root`, folders included."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    image = noise(8, 9) if image is None else image
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(root / name, **options)
    return root / name


@pytest.fixture
def folder(tmp_path):
    """Two classes with one grey image each."""
    put(tmp_path, "cat/1.png")
    put(tmp_path, "dog/1.png", noise(8, 9, seed=1))
    return tmp_path


def written(X, y, path, **options):
    return write_image_folder(X, y, path, **options)


def files_below(root):
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if not p.is_dir())


def test_classes_and_files_come_in_order(tmp_path):
    images = {name: noise(8, 9, seed=i) for i, name in enumerate(["b/2.png", "b/10.PNG", "a/z.bmp", "b/deep/er/0.tif"])}
    for name, image in images.items():
        put(tmp_path, name, image)
    X, y = read_image_folder(tmp_path)
    assert y.tolist() == ["a", "b", "b", "b"]
    assert X.dtype == np.uint8
    assert np.array_equal(X, [images[n] for n in ("a/z.bmp", "b/10.PNG", "b/2.png", "b/deep/er/0.tif")])


@pytest.mark.promise("image files")
@pytest.mark.parametrize("extension", ["jpg", "JPEG", "png", "ppm", "pgm", "bmp", "tif", "tiff", "webp"])
def test_every_extension_is_read(folder, extension):
    for name in ("cat/1.png", "dog/1.png", f"cat/2.{extension}"):
        put(folder, name, noise(8, 9) if extension == "pgm" else noise(8, 9, 3))
    assert read_image_folder(str(folder))[1].tolist() == ["cat", "cat", "dog"]


def test_other_and_hidden_files_are_left_out(folder):
    for name in (".hidden/1.png", "cat/.2.png", "cat/.thumbs/3.png"):
        put(folder, name)
    for name in ("readme.txt", "cat/notes.txt", ".DS_Store", "dog/1.png.bak"):
        (folder / name).write_text("no image")
    assert read_image_folder(folder)[1].tolist() == ["cat", "dog"]


@pytest.mark.parametrize(
    ("others", "shape"),
    [
        ([], (2, 8, 9)),
        ([("RGB", 3)], (3, 8, 9, 3)),
        ([("P", 3)], (3, 8, 9, 3)),
        ([("RGBA", 4)], (3, 8, 9, 4)),
        ([("RGB", 3), ("LA", 4)], (4, 8, 9, 4)),
        ([("1", 1)], (3, 8, 9)),
    ],
)
def test_grey_stays_grey_unless_there_are_colours(folder, others, shape):
    grey, _ = read_image_folder(folder)
    for i, (mode, _) in enumerate(others):
        put(folder, f"dog/{2 + i}.png", Image.fromarray(noise(8, 9, 3)).convert(mode))
    is_mixed = len(shape) == 4
    told = r"^. of . images in .* are read as RGBA? like the others"
    with pytest.warns(DataWarning, match=told) if is_mixed else contextlib.nullcontext():
        X, _ = read_image_folder(folder)
    assert X.shape == shape
    if is_mixed:
        assert np.array_equal(X[:2, ..., :3], np.repeat(grey[..., None], 3, axis=3))
        assert (X[:2, ..., 3:] == 255).all()


@pytest.mark.parametrize(
    ("grey", "told"),
    [
        (
            ["cat/1.png", "cat/2.png"],
            r"^2 of 4 images in .* are grey, .* among them all of class 'cat', which",
        ),
        (["cat/1.png", "dog/1.png"], r"^2 of 4 images in .* are grey, and are read as RGB like the others\.$"),
    ],
)
def test_grey_images_beside_coloured_ones_are_told_with_the_class_they_give_away(tmp_path, grey, told):
    for name in ("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"):
        put(tmp_path, name, noise(8, 9) if name in grey else noise(8, 9, 3))
    with pytest.warns(DataWarning, match=told):
        read_image_folder(tmp_path)


def test_a_palette_gives_its_colours_transparent_or_not(tmp_path):
    image = Image.fromarray(noise(8, 9, 3)).quantize(8)
    put(tmp_path, "a/1.png", image)
    put(tmp_path, "b/1.png", image, transparency=bytes([0, 255] * 4))
    X, _ = read_image_folder(tmp_path)
    assert np.array_equal(X[0], np.asarray(image.convert("RGB")))
    assert np.array_equal(X[1], X[0])


def test_16_bits_are_kept(tmp_path):
    deep = noise(2, 8, 9, dtype="uint16", top=65536)
    for i, image in enumerate(deep):
        put(tmp_path, f"{i}/1.png", image)
    X, _ = read_image_folder(tmp_path)
    assert X.dtype == np.uint16
    assert np.array_equal(X, deep)
    put(tmp_path, "1/2.png")
    with pytest.raises(DataError, match=r"0.1\.png' has pixels of uint16 and .*2\.png' of uint8; save all"):
        read_image_folder(tmp_path)


def test_pictures_are_turned_upright(tmp_path):
    image = noise(8, 9, 3)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees, clockwise
    put(tmp_path, "a/1.png", image, exif=exif)
    put(tmp_path, "b/1.png", np.rot90(image, -1))
    X, _ = read_image_folder(tmp_path)
    assert X.shape == (2, 9, 8, 3)
    assert np.array_equal(X[0], X[1])


def test_a_folder_and_the_same_array_are_encoded_alike(tmp_path):
    images = noise(4, 8, 9, 3)
    for i, image in enumerate(images):
        put(tmp_path, f"{'ab'[i // 2]}/{i}.png", image)
    X, _ = read_image_folder(tmp_path)
    assert X.dtype == images.dtype
    codes = [ImageEncoder().fit(data, RNG).transform(data, RNG) for data in (X, images)]
    assert torch.equal(*codes)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_pictures_are_resized_without_aliasing(tmp_path, dtype):
    stripes = np.zeros((160, 320), dtype)
    stripes[:, ::2] = np.iinfo(dtype).max
    put(tmp_path, "a/1.png", stripes)
    put(tmp_path, "b/1.png", noise(40, 30, dtype=dtype, top=np.iinfo(dtype).max))
    X, _ = read_image_folder(tmp_path, size=(16, 20))
    assert X.shape == (2, 16, 20)
    assert X.dtype == dtype
    grey = X[0, 2:-2, 2:-2] / np.iinfo(dtype).max
    assert grey.min() > 0.45  # every other column would be black or white
    assert grey.max() < 0.55
    assert X[1].std() > 0


@pytest.mark.parametrize("size", [(7, 20), (20, 257), (20,), 20, "20x20", (20.0, 20), (True, 20)])
def test_a_size_that_cannot_be_is_refused(folder, size):
    with pytest.raises(ParameterError, match=r"'size' parameter must be \(height, width\)"):
        read_image_folder(folder, size=size)


def test_links_to_files_and_classes_are_followed_and_loops_are_not(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    put(elsewhere, "1.png", noise(8, 9, seed=2))
    (folder / "owl").symlink_to(elsewhere)
    (folder / "cat" / "2.png").symlink_to(folder / "cat" / "1.png")
    (folder / "cat" / "loop").symlink_to(folder)
    (folder / "again").symlink_to(folder)
    (folder / "above").symlink_to(folder.parent)
    assert read_image_folder(folder)[1].tolist() == ["cat", "cat", "dog", "owl"]


@pytest.mark.promise("image files")
@pytest.mark.parametrize(
    ("leave", "text"),
    [
        (
            lambda root: [put(root, f"{i}.png") for i in range(3)],
            r"images beside the class folders \(3, such as '0.png'",
        ),
        (
            lambda root: (root / "a.gif").touch(),
            r"images beside .*\(1, such as 'a.gif'\); move each into the folder of",
        ),
        (lambda root: put(root, "..x/1.png"), r"folders that are taken for hidden.*\(1, such as '\.\.x'\); rename"),
        (lambda root: (root / "cat" / "sub").symlink_to(root / ".away"), r"links to folders .*such as 'cat.sub'\)"),
        (
            lambda root: (root / "cat" / "sub").symlink_to(root / "dog"),
            r"links .*\(1, such as 'cat.sub'\); copy the images",
        ),
    ],
    ids=["loose", "loose of another kind", "two dots", "link", "link to a class"],
)
def test_images_that_are_left_out_are_counted(folder, leave, text):
    put(folder, ".away/1.png")
    leave(folder)
    with pytest.warns(DataWarning, match=rf"Left out of '.*': {text}") as caught:
        assert read_image_folder(folder)[1].tolist() == ["cat", "dog"]
    assert len(caught) == 1


@pytest.mark.promise("image files")
@pytest.mark.parametrize("target", ["cat", "cat/deep"])
def test_a_class_that_is_a_link_into_another_is_refused(folder, target):
    put(folder, "cat/deep/1.png")
    (folder / "ant").symlink_to(folder / target)
    with pytest.raises(DataError, match=r"class folder '.*ant' are also those of '.*cat'; remove the link"):
        read_image_folder(folder)


def bomb(path, sides=(5000, 5000)):
    """A PNG whose header alone is there: it says how large it would be."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", *sides, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


def several(file):
    frames = [Image.fromarray(noise(8, 9, seed=i)) for i in range(3)]
    frames[0].save(file, save_all=True, append_images=frames[1:])


def truncated(file):
    Image.fromarray(noise(64, 64)).save(file)
    file.write_bytes(file.read_bytes()[:-900])


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 8\n%%EndComments\nshowpage\n"
SPOILT = {  # name -> how such a file is made
    "text.png": lambda file: file.write_text("no image"),
    "empty.png": lambda file: file.touch(),
    "truncated.png": truncated,
    "animated.png": several,
    "animated.webp": several,
    "pages.tiff": several,
    "large.png": bomb,
    "bomb.png": lambda file: bomb(file, (100_000, 100_000)),
    "small.png": lambda file: put(file.parent, file.name, noise(7, 9)),
    "big.png": lambda file: put(file.parent, file.name, noise(8, 257)),
    "other.png": lambda file: put(file.parent, file.name, noise(10, 12)),
    "dangling.png": lambda file: file.symlink_to("nowhere.png"),
    "pipe.png": lambda file: os.mkfifo(file),
    "postscript.png": lambda file: file.write_bytes(POSTSCRIPT),
    "deep.tif": lambda file: Image.fromarray(np.full((8, 9), -5, np.int32)).save(file),
    "deep.ppm": lambda file: file.write_bytes(b"P6 9 8 4095 " + b"\1\2" * 216),
    "unsigned.tif": lambda file: save_tiff(file, np.full((8, 9), 2**31, np.uint32)),
}


@pytest.mark.promise("image files")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("text.png", "cannot be read as an image .*replace it, or remove it"),
        ("empty.png", "cannot be read as an image"),
        ("truncated.png", "cannot be read as an image .*truncated"),
        ("animated.png", r"is animated or holds several pages \(3\); save one"),
        ("animated.webp", r"is animated or holds several pages \(3\); save one"),
        ("pages.tiff", r"is animated or holds several pages \(3\)"),
        ("large.png", "has 5000 x 5000 pixels, and files may have 4096 a side"),
        ("bomb.png", "is a decompression bomb .*remove it"),
        ("small.png", r"has 7 x 9 pixels .*8 to 256 a side; resize .*ganaug train --size"),
        ("big.png", "has 8 x 257 pixels"),
        ("other.png", r"cat.1\.png' has 8 x 9 pixels and .*png' has 10 x 12; resize .*ganaug train --size"),
        ("dangling.png", "is not a regular file, or is a broken link"),
        ("pipe.png", "is not a regular file"),
        ("postscript.png", "cannot be read as an image"),
        ("deep.tif", "has pixels of uint8 and .*deep.tif' of int32; save all alike"),
        ("deep.ppm", "has 16 bits in each of several channels, of which 8 would be read; save it as RGB"),
        ("unsigned.tif", "holds whole numbers above 2147483647; scale them"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(folder, name, text):
    if name == "pipe.png" and not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in this file system")
    SPOILT[name](folder / "dog" / name)
    with pytest.raises(DataError, match=text) as caught:
        read_image_folder(folder)
    assert name in str(caught.value)


@pytest.mark.promise("image files")
@pytest.mark.parametrize("name", ["photo.avif", "a/photo.HEIC", "photo.svg", "scan.dcm"])
def test_an_image_of_a_kind_that_is_not_read_is_no_silent_loss(folder, name):
    file = folder / "dog" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"")
    with pytest.raises(DataError, match=rf"{name}' is of a kind that is not read .*save it as PNG, or remove it"):
        read_image_folder(folder)


def test_hidden_files_and_those_that_are_no_images_are_left_out(folder):
    X, _ = read_image_folder(folder)
    for name in ("Thumbs.db", "notes.txt", ".hidden.gif"):
        (folder / "dog" / name).write_bytes(b"x")
    assert len(read_image_folder(folder)[0]) == len(X)


@pytest.mark.promise("image files")
@pytest.mark.parametrize("size", [None, (8, 8)])
def test_what_is_too_large_is_never_decoded(folder, monkeypatch, size):
    bomb(folder / "cat" / "1.png", (4097, 16))

    def decode(*_):
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decode)
    with pytest.raises(DataError, match="has 16 x 4097 pixels, and files may have 4096 a side"):
        read_image_folder(folder, size=size)


def real_bomb(file):
    """A sound PNG of few bytes and very many pixels."""
    with Image.new("1", (12_000, 12_000)) as black:
        black.save(file, optimize=True)


def text_bomb(file):
    """A PNG that carries text which unpacks to far more than the file holds."""
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "x" * 50_000_000, zip=True)
    Image.fromarray(noise(8, 9)).save(file, pnginfo=info)


def wide_bomb(file):
    bomb(file, (2_000_000_000, 2))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.promise("image files")
@pytest.mark.parametrize("explode", [real_bomb, text_bomb, wide_bomb, bomb])
def test_a_bomb_is_refused_before_it_goes_off(folder, explode, finding):
    explode(folder / "dog" / "bomb.png")
    before, started = reset_peak(), time.process_time()
    with pytest.raises(DataError, match=r"bomb\.png"):
        read_image_folder(folder)
    seconds, megabytes = time.process_time() - started, measure_peak_above(before)
    assert seconds < 1.0 and megabytes < 100
    finding("bombs of up to 4,000,000,000 pixels")


def test_the_preview_in_a_photo_is_no_second_page(folder):
    photo = folder / "dog" / "2.jpg"
    Image.fromarray(noise(8, 9)).save(photo, format="MPO", save_all=True, append_images=[Image.fromarray(noise(8, 9))])
    assert len(read_image_folder(folder)[0]) == 3


def test_folders_that_hold_no_classes_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"none' does not exist; give a folder"):
        read_image_folder(tmp_path / "none")
    with pytest.raises(DataError, match=r"has no class folders; put the images of each class .*cat.1\.png"):
        read_image_folder(tmp_path)
    file = put(tmp_path, "1.png")
    with pytest.raises(DataError, match="is a file; give a folder"):
        read_image_folder(file)
    put(tmp_path, "cat/1.png")
    with pytest.raises(DataError, match="has only the class folder 'cat'"):
        read_image_folder(tmp_path)
    (tmp_path / "dog").mkdir()
    with pytest.raises(DataError, match=r"class folder '.*dog' has no image files .*fill or remove it"):
        read_image_folder(tmp_path)


def test_a_path_that_no_file_can_have_is_refused():
    with pytest.raises(DataError, match=r"'a.x00b' does not exist"):
        read_image_folder("a\0b")


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="names are text there")
def test_a_class_name_that_is_no_text_is_refused(folder):
    try:
        put(folder, os.fsdecode(b"\xff\xfe/1.png"))
    except OSError:
        pytest.skip("the file system refuses it first")
    with pytest.raises(DataError, match="is not UTF-8; rename it"):
        read_image_folder(folder)


@pytest.mark.parametrize("text", ["[1]", "{", "nonsense", "[" * 10_000])
def test_damaged_names_are_refused(folder, text):
    (folder / "classes.json").write_text(text)
    with pytest.raises(DataError, match=r"classes\.json' is not a JSON object"):
        read_image_folder(folder)


@pytest.mark.parametrize("name", ["bird", "/bird", "../bird", ""])
def test_names_of_other_things_change_nothing_and_those_of_absent_folders_are_warned_of(folder, name):
    (folder / "classes.json").write_text(json.dumps({"cat": 0, name: "x", "dog": {"a": 1}}))
    with pytest.warns(DataWarning, match=rf"classes.json of folders that are not there \(1, such as '{name}'\)"):
        assert read_image_folder(folder)[1].tolist() == ["cat", "dog"]


@pytest.mark.promise("read back")
@pytest.mark.parametrize("shape", [(6, 8, 9), (6, 8, 9, 3), (6, 8, 9, 4), (6, 3, 8, 9)])
def test_what_is_written_is_read_again(tmp_path, shape):
    X, y = noise(*shape), ["cat", "dog", "cat", "dog", "dog", "cat"]
    assert written(X, y, tmp_path / "out") == 6
    assert files_below(tmp_path / "out") == [f"{c}/{c}_00000{i}.png" for c in ("cat", "dog") for i in (1, 2, 3)]
    back, labels = read_image_folder(tmp_path / "out")
    expected = X[[0, 2, 5, 1, 3, 4]]
    assert np.array_equal(back, expected.transpose(0, 2, 3, 1) if shape[1] == 3 else expected)
    assert labels.tolist() == ["cat"] * 3 + ["dog"] * 3


@pytest.mark.parametrize("shape", [(4, 8, 9), (4, 8, 9, 1), (4, 1, 8, 9)])
def test_16_bits_are_written_as_such(tmp_path, shape):
    X = noise(*shape, dtype="uint16", top=65536)
    written(X, [0, 0, 1, 1], tmp_path)
    back, y = read_image_folder(tmp_path)
    assert np.array_equal(back, X.reshape(4, 8, 9))
    assert y.tolist() == ["0", "0", "1", "1"]


def test_floats_and_tensors_are_scaled_by_their_range(tmp_path):
    X = torch.zeros(2, 1, 8, 8)
    X[0] = -1.0
    X[1] = 1.0
    written(X, torch.tensor([0, 1]).tolist(), tmp_path)
    back, _ = read_image_folder(tmp_path)
    assert [np.unique(image).tolist() for image in back] == [[0], [255]]


def test_numbers_go_on_from_chunk_to_chunk(tmp_path):
    X = noise(6, 8, 9)
    chunks = ((X[i : i + 2], np.array(["a", "b"])) for i in (0, 2, 4))
    assert write_image_folder(chunks, None, tmp_path) == 6
    assert np.array_equal(read_image_folder(tmp_path)[0], X[[0, 2, 4, 1, 3, 5]])


HOSTILE = [
    "../x", "a/b", "", ".", "..", "CON", "con.txt", "nul", "COM1", "LPT¹.x", "a\\b", "/etc/x", "C:\\x", "\x00", "a\nb",
    "tail.", "tail ", " x", "-rf", "x" * 5000, "é" * 300, "e\u0301", "é", "A", "a", ".hidden", "classes.json", "a:b",
    "\u202egnp", "\ud800", "?*<>|", "~", "CONIN$", "ﬁ", "fi", "ß", "ss", "a-ca978112", "\u200b",
]  # fmt: skip


def safe(name):
    """Whether a folder may have that name on every common system."""
    reserved = name.split(".")[0].strip().upper()
    return (
        0 < len(name.encode()) <= 120
        and unicodedata.is_normalized("NFC", name)
        and not set(name) & set('<>:"/\\|?*')
        and name.isprintable()
        and name == name.strip(". ")
        and not name.startswith("-")
        and reserved not in {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
        and not (reserved[:3] in ("COM", "LPT") and reserved[3:] in {*"0123456789¹²³"})
        and name.casefold() != "classes.json"
    )


@pytest.mark.promise("class names")
def test_no_class_name_chooses_a_path(tmp_path):
    X = noise(len(HOSTILE), 8, 8)
    assert written(X, HOSTILE, tmp_path / "in" / "out") == len(HOSTILE)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]
    assert [p.name for p in (tmp_path / "in").iterdir()] == ["out"]
    folders = [p.name for p in (tmp_path / "in" / "out").iterdir() if p.is_dir()]
    assert len({name.casefold() for name in folders}) == len(HOSTILE)
    assert all(safe(name) for name in folders), [name for name in folders if not safe(name)]
    assert {len(list((tmp_path / "in" / "out" / name).iterdir())) for name in folders} == {1}
    back, labels = read_image_folder(tmp_path / "in" / "out")
    assert sorted(labels.tolist()) == sorted(HOSTILE)
    assert len(np.unique(back, axis=0)) == len(HOSTILE)


@pytest.mark.promise("class names")
@given(st.lists(st.text(max_size=20) | st.sampled_from(HOSTILE), unique=True))
@settings(max_examples=150, deadline=None)
def test_folder_names_are_safe_unique_and_repeatable(labels):
    names = FolderNames()
    given_out = [names.assign(label) for label in labels]
    assert all(safe(name) for name in given_out)
    assert len({name.casefold() for name in given_out}) == len(labels)
    assert [names.assign(label) for label in labels] == given_out
    assert {names.changed.get(name, name): name for name in given_out} == dict(zip(labels, given_out, strict=True))


@given(st.text(string.ascii_lowercase + string.digits + "_", min_size=4, max_size=30))
@settings(deadline=None)
def test_a_harmless_name_stays(label):
    assert FolderNames().assign(label) == label


def test_the_name_of_a_label_does_not_hang_on_others():
    alone = FolderNames().assign("a/b")
    names = FolderNames()
    for label in ("c", "a_b", "x/y"):
        names.assign(label)
    assert names.assign("a/b") == alone
    assert alone.startswith("a_b-")


def test_a_label_like_the_name_of_another_takes_no_folder_away():
    names = FolderNames()
    assert names.assign("A") == "A"
    digits = FolderNames()
    digits.assign("A")
    guessed = digits.assign("a")
    assert names.assign(guessed) == guessed
    assert names.assign("a") not in ("A", "a", guessed)
    assert names.changed == {names.assign("a"): "a"}


def test_no_names_are_written_where_none_had_to_change(tmp_path):
    written(noise(2, 8, 8), ["cat", "dog"], tmp_path / "plain")
    assert not (tmp_path / "plain" / "classes.json").exists()
    written(noise(2, 8, 8), ["a/b", "dog"], tmp_path / "changed")
    names = json.loads((tmp_path / "changed" / "classes.json").read_text())
    assert list(names.values()) == ["a/b"]


def test_a_folder_with_files_is_refused_unless_it_may_be_overwritten(tmp_path):
    X = noise(4, 8, 8)
    written(X, ["a", "a", "b/c", "d"], tmp_path)
    (tmp_path / "a" / "own.png").write_bytes((tmp_path / "a" / "a_000001.png").read_bytes())
    (tmp_path / "empty").mkdir()
    before = files_below(tmp_path)
    with pytest.raises(DataError, match=r"holds files already; choose another folder, or .*overwrite=True .--force"):
        written(X, ["a", "a", "b/c", "d"], tmp_path)
    assert files_below(tmp_path) == before
    written(X[::-1][:2], ["a", "d"], tmp_path, overwrite=True)
    assert files_below(tmp_path) == ["a/a_000001.png", "a/own.png", "d/d_000001.png"]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a" / "a_000001.png")), X[3])
    assert (tmp_path / "empty").is_dir()


@pytest.mark.promise("class names")
def test_a_link_never_leads_out_of_the_folder(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cat").symlink_to(outside)
    with pytest.raises(DataError, match=r"cat' is a link to another place; remove it"):
        written(noise(2, 8, 8), ["cat", "dog"], tmp_path / "out", overwrite=True)
    assert not list(outside.iterdir())
    (tmp_path / "out" / "cat").unlink()
    put(tmp_path, "own.png")
    (tmp_path / "out" / "cat").mkdir()
    (tmp_path / "out" / "cat" / "cat_000001.png").symlink_to(tmp_path / "own.png")
    before = (tmp_path / "own.png").read_bytes()
    written(noise(2, 8, 8), ["cat", "dog"], tmp_path / "out", overwrite=True)
    assert (tmp_path / "own.png").read_bytes() == before
    assert not (tmp_path / "out" / "cat" / "cat_000001.png").is_symlink()


@pytest.mark.promise("full disk")
def test_a_write_that_breaks_off_leaves_no_half_file(tmp_path, monkeypatch):
    def half(self, file, **_):
        file.write(b"\x89PNG half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", half)
    with pytest.raises(DataError, match=r"cannot be written \(No space left"):
        written(noise(2, 8, 8), ["cat", "dog"], tmp_path)
    assert files_below(tmp_path) == []


def test_errors_of_what_yields_the_images_pass_through(tmp_path):
    def chunks():
        yield noise(2, 8, 8), ["a", "b"]
        raise ValueError("from elsewhere")

    with pytest.raises(ValueError, match=r"\Afrom elsewhere\Z"):
        write_image_folder(chunks(), None, tmp_path)


def test_what_cannot_be_written_is_refused(tmp_path):
    file = put(tmp_path, "1.png")
    for path, text in [(file, "is a file; name a folder"), (file / "x", "cannot be written"), ("a\0b", "null")]:
        with pytest.raises(DataError, match=text):
            written(noise(2, 8, 8), ["cat", "dog"], path)
    with pytest.raises(DataError, match="X has 2 images and y has 3 labels"):
        written(noise(2, 8, 8), ["cat", "dog", "owl"], tmp_path / "out")
    chunks = [(noise(2, size, size), ["a", "b"]) for size in (8, 9)]
    with pytest.raises(DataError, match="were learned; give the same kind"):
        write_image_folder(chunks, None, tmp_path / "other")


@pytest.mark.parametrize("make", [np.asarray, torch.from_numpy, lambda X: [Image.fromarray(x) for x in X]])
def test_images_may_be_an_array_a_tensor_or_a_list(tmp_path, make):
    X = noise(4, 8, 9, 3)
    assert write_image_folder(make(X), torch.tensor([0, 1, 0, 1]), tmp_path) == 4
    back, y = read_image_folder(tmp_path)
    assert np.array_equal(back, X[[0, 2, 1, 3]])
    assert y.tolist() == ["0", "0", "1", "1"]


@pytest.mark.parametrize(
    ("X", "value_range", "expected"),
    [
        (np.zeros((2, 8, 8), np.float32), None, 0),
        (np.zeros((2, 8, 8), np.float32), (-1, 1), 128),
        (np.ones((2, 8, 8), np.uint8), None, 255),
        (np.ones((2, 8, 8), np.uint8), (0, 255), 1),
        (np.full((2, 8, 8), 200, np.uint16), None, 200),
        (np.full((2, 8, 8), 200, np.uint16), (0, 255), 200),
        (np.full((2, 8, 8), 200, np.uint16), (0, 65535), 200),
        (np.full((2, 8, 8), 200, np.int64), (0, 255), 200),
        (np.full((2, 8, 8), 4, np.uint8), (np.int64(0), 16), 64),
        (np.full((2, 8, 8), 5.0), [0, 10.0], 128),
        (np.ones((2, 8, 8), np.uint8), "keep", 1),
        (np.ones((2, 8, 8), bool), "keep", 255),
    ],
)
def test_the_range_is_inferred_unless_it_is_given(tmp_path, X, value_range, expected):
    write_image_folder(X, ["a", "b"], tmp_path, value_range=value_range)
    back, _ = read_image_folder(tmp_path)
    assert np.unique(back).tolist() == [expected]
    assert back.dtype == (np.uint16 if X.dtype == np.uint16 and value_range != (0, 255) else np.uint8)


def test_a_range_or_an_axis_that_cannot_be_is_refused(tmp_path):
    for wrong in ((0, 65535), (-1, 1), (9, 9), (0, float("nan")), "all", (0,), 255, ("a", "b"), (False, True)):
        with pytest.raises(
            ParameterError, match=r"'value_range' parameter must be None, 'keep', or the values of black"
        ):
            write_image_folder(noise(2, 8, 8), ["a", "b"], tmp_path, value_range=wrong)
    with pytest.raises(ParameterError, match="'channel_axis' parameter"):
        write_image_folder(noise(2, 8, 8, 3), ["a", "b"], tmp_path, channel_axis=2)
    assert write_image_folder(noise(2, 8, 8, 8, top=9), ["a", "b"], tmp_path, channel_axis=-1) == 2


def test_no_images_make_an_empty_folder(tmp_path):
    assert write_image_folder(noise(0, 8, 8), [], tmp_path / "new") == 0
    assert files_below(tmp_path / "new") == []


def test_the_files_of_each_class_are_listed_in_the_order_in_which_they_are_read(folder):
    put(folder, "owl/deep/2.png")
    put(folder, "owl/1.PNG")
    (folder / "owl" / "notes.txt").touch()
    (folder / "classes.json").write_text(json.dumps({"owl": "cat"}))
    listed = list_image_folder(folder)
    names = {label: [file.relative_to(folder).as_posix() for file in files] for label, files in listed.items()}
    assert names == {"cat": ["cat/1.png", "owl/1.PNG", "owl/deep/2.png"], "dog": ["dog/1.png"]}
    with pytest.raises(DataError, match="does not exist; give a folder"):
        list_image_folder(folder / "nowhere")


def contents(root):
    return {name: (root / name).read_bytes() for name in files_below(root)}


def test_synthetic_images_come_beside_copies_of_the_real_ones(folder, tmp_path_factory):
    (folder / "classes.json").write_text(json.dumps({"cat": "a/b"}))
    out = tmp_path_factory.mktemp("place") / "out"
    before, made = contents(folder), noise(3, 8, 9, seed=5)
    assert augment_image_folder(folder, made, ["a/b", "dog", "a/b"], out) == 3
    after = contents(out)
    added = [name for name in after if name not in before]
    assert {name: after[name] for name in before} == before
    assert added == ["cat/synthetic_000001.png", "cat/synthetic_000002.png", "dog/synthetic_000001.png"]
    assert np.array_equal(np.asarray(Image.open(out / "cat" / "synthetic_000002.png")), made[2])
    assert np.unique(read_image_folder(out)[1]).tolist() == ["a/b", "dog"]

    with pytest.raises(DataError, match="holds files already"):
        augment_image_folder(folder, made, ["dog"] * 3, out)
    assert contents(out) == after
    assert augment_image_folder(folder, made[:1], ["dog"], out, overwrite=True) == 1
    assert [name for name in contents(out) if name not in before] == ["dog/synthetic_000001.png"]
    assert contents(folder) == before


def test_what_cannot_be_augmented_is_refused(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    with pytest.raises(DataError, match="has no class 'owl'; give labels"):
        augment_image_folder(folder, noise(1, 8, 9), ["owl"], out)
    for place in (folder, folder / "cat" / "new", folder.parent):
        with pytest.raises(DataError, match=r"overlaps with .*, which is read; choose another folder"):
            augment_image_folder(folder, noise(1, 8, 9), ["cat"], place, overwrite=True)


@pytest.mark.promise("class names")
def test_a_link_in_the_copy_leads_nowhere(folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("place")
    (place / "out").mkdir()
    put(place, "elsewhere/synthetic_000001.png")
    (place / "out" / "cat").symlink_to(place / "elsewhere", target_is_directory=True)
    before = contents(place / "elsewhere")
    with pytest.raises(DataError, match=r"out.cat' leads to another place; remove that link"):
        augment_image_folder(folder, noise(1, 8, 9), ["cat"], place / "out", overwrite=True)
    assert contents(place / "elsewhere") == before
