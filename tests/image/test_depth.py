"""Files of more than 8 bits, of signed values and of floats: read as they are, resized, and written again."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from tiff import save_tiff

from ganaug.errors import DataError, DataWarning
from ganaug.image.copying import augment_image_folder
from ganaug.image.folders import read_image_folder
from ganaug.image.picture import read_picture
from ganaug.image.png import write_image_folder
from ganaug.image.samples import take_apart


def values(*shape, dtype, low=None, high=None):
    """Images whose first values are the ends of the range."""
    rng = np.random.default_rng(0)
    if np.dtype(dtype).kind == "f":
        X = rng.uniform(low, high, shape).astype(dtype)
    else:
        limits = np.iinfo(dtype)
        low, high = (limits.min if low is None else low), (limits.max if high is None else high)
        X = rng.integers(low, high, shape, endpoint=True).astype(dtype)
    X.flat[:2] = low, high
    return X


def suffixes(folder):
    return {file.suffix for file in folder.rglob("*_0*")}


@pytest.mark.parametrize(
    ("dtype", "read"), [("uint16", "uint16"), ("int8", "int16"), ("int16", "int16"), ("int32", "int32"),
                        ("uint32", "int32"), ("float32", "float32")],
)  # fmt: skip
def test_every_depth_of_a_grey_tiff_is_read_as_it_is(tmp_path, dtype, read):
    X = values(8, 9, dtype=dtype, low=-4.5, high=9.5) if dtype == "float32" else values(8, 9, dtype=dtype)
    X = X // 2 if dtype == "uint32" else X
    save_tiff(tmp_path / "1.tif", X)
    found = read_picture(tmp_path / "1.tif")
    assert found.dtype == read
    assert np.array_equal(found, X.astype(read))
    small = read_picture(tmp_path / "1.tif", (16, 12))
    assert small.shape == (16, 12)
    assert small.dtype == read
    assert X.min() <= small.min() < small.max() <= X.max()
    with Image.open(tmp_path / "1.tif") as opened:
        assert np.array_equal(take_apart([opened], [0])[0][0], found)


def test_tiffs_turned_by_exif_keep_their_sign(tmp_path):
    X = values(8, 9, dtype="int16", low=-1024, high=3071)
    Image.fromarray(X).save(tmp_path / "1.tif", tiffinfo={0x0112: 6})  # turn by 90 degrees, clockwise
    assert np.array_equal(np.sort(read_picture(tmp_path / "1.tif"), axis=None), np.sort(X, axis=None))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("high", [4095, 65535])
def test_colours_of_16_bits_are_written_and_read_as_such(tmp_path, channels, high):
    X = values(4, 8, 9, channels, dtype="uint16", high=high)
    write_image_folder(np.moveaxis(X, -1, 1), ["a", "a", "b", "b"], tmp_path / "out", channel_axis=1)
    back, _ = read_image_folder(tmp_path / "out")
    assert back.dtype == np.uint16
    assert np.array_equal(back, X)
    small, _ = read_image_folder(tmp_path / "out", size=(16, 12))
    assert small.shape == (4, 16, 12, channels)
    assert high / 2 < small.max() <= high


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deflate", [False, True])
def test_colours_of_16_bits_are_read_from_tiff(tmp_path, order, deflate):
    X = values(8, 9, 3, dtype="uint16")
    save_tiff(tmp_path / "1.tif", X, order, deflate)
    assert np.array_equal(read_picture(tmp_path / "1.tif"), X)


def test_deep_colours_turned_by_exif_stand_upright(tmp_path):
    X = values(1, 8, 9, 3, dtype="uint16")
    write_image_folder(X, ["a"], tmp_path)
    file = tmp_path / "a/a_000001.png"
    exif = Image.Exif()
    exif[0x0112] = 6
    data = exif.tobytes()[6:]
    chunk = b"eXIf" + data
    whole = file.read_bytes()
    added = struct.pack(">I", len(data)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    file.write_bytes(whole[:33] + added + whole[33:])  # behind the header
    assert np.array_equal(read_picture(file), np.rot90(X[0], -1))


def test_grey_files_of_16_bits_beside_transparent_ones_become_opaque(tmp_path):
    (tmp_path / "b").mkdir()
    clear = values(2, 8, 9, 4, dtype="uint16")
    write_image_folder(clear, ["a", "a"], tmp_path, overwrite=True)
    Image.fromarray(values(8, 9, dtype="uint16")).save(tmp_path / "b/1.png")
    with pytest.warns(DataWarning, match="1 of 3 images .* are read as RGBA .* class 'b'"):
        X, _ = read_image_folder(tmp_path)
    assert np.array_equal(X[:2], clear)
    assert (X[2, ..., 3] == 65535).all()


def test_a_picture_whose_depth_pillow_reduces_is_refused_in_a_list(tmp_path):
    write_image_folder(values(2, 8, 9, 3, dtype="uint16"), ["a", "b"], tmp_path)
    expected = pytest.raises(DataError, match="has 16 bits in each of several channels, of which 8")
    with Image.open(tmp_path / "a/a_000001.png") as opened, expected:
        take_apart([opened], [0])


def test_grey_with_transparency_of_16_bits_is_refused_with_the_cure(tmp_path):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 8, 16, 4, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes(4 * 9) for _ in range(8))))
    (tmp_path / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b""))
    with pytest.raises(DataError, match=r"1\.png'.*16 bits in each of several channels, .* save it as RGB or RGBA"):
        read_picture(tmp_path / "1.png")


def test_signed_files_of_two_depths_are_not_mixed_in_a_list(tmp_path):
    for bits in (16, 32):
        save_tiff(tmp_path / f"{bits}.tif", values(8, 9, dtype=f"int{bits}"))
    expected = pytest.raises(DataError, match=r"Image 1 is .* pixels, int32, but the first is .* pixels, int16")
    with Image.open(tmp_path / "16.tif") as one, Image.open(tmp_path / "32.tif") as other, expected:
        take_apart([one, other], [0, 1])


@pytest.mark.parametrize(
    ("X", "suffix", "dtype"),
    [
        (values(4, 8, 9, dtype="uint8", high=16), ".png", "uint8"),
        (values(4, 8, 9, dtype="uint16", high=4095), ".png", "uint16"),
        (values(4, 8, 9, dtype="int16", low=-1024, high=3071), ".tif", "int16"),
        (values(4, 8, 9, dtype="int8"), ".tif", "int16"),
        (values(4, 8, 9, dtype="int32"), ".tif", "int32"),
        (values(4, 8, 9, dtype="int64", low=-9, high=70000), ".tif", "int32"),
        (values(4, 8, 9, dtype="float32", low=0, high=4095), ".tif", "float32"),
        (values(4, 8, 9, dtype="float64", low=-2, high=2.5), ".tif", "float32"),
        (values(4, 8, 9, 1, dtype="float32", low=-2, high=2.5), ".tif", "float32"),
        (values(4, 8, 9, 2, dtype="int16", low=-2), ".tif", "int16"),
    ],
)
def test_values_are_written_as_they_are_and_read_again(tmp_path, X, suffix, dtype):
    write_image_folder(X, ["a", "a", "b", "b"], tmp_path, channel_axis="auto" if X.ndim == 3 else -1)
    assert suffixes(tmp_path) == {suffix}
    back, _ = read_image_folder(tmp_path)
    assert back.dtype == dtype
    grey = X if X.ndim == 3 else X[..., 0]
    assert np.array_equal(back, grey.astype(dtype))


def test_floats_are_scaled_to_8_bits_or_kept(tmp_path):
    X = values(2, 8, 9, dtype="float32", low=0, high=1)
    write_image_folder(X, ["a", "b"], tmp_path)
    assert np.array_equal(read_image_folder(tmp_path)[0], np.rint(X * 255))
    write_image_folder(X, ["a", "b"], tmp_path, value_range="keep", overwrite=True)
    assert suffixes(tmp_path) == {".tif"}  # the PNG files of the first call are gone
    assert np.array_equal(read_image_folder(tmp_path)[0], X)
    write_image_folder(X, ["a", "b"], tmp_path, value_range=(0, 0.5), overwrite=True)
    assert np.array_equal(read_image_folder(tmp_path)[0], np.rint((X * 2).clip(0, 1) * 255))


@pytest.mark.parametrize(
    ("X", "suffix"),
    [
        (values(4, 8, 9, dtype="float32", low=-2, high=2.5), ".tif"),
        (values(4, 8, 9, dtype="float32", low=0, high=1), ".tif"),
        (values(4, 8, 9, dtype="uint8", high=1), ".png"),
        (values(4, 8, 9, dtype="uint16", high=1), ".png"),
    ],
)
def test_synthetic_images_have_the_depth_of_the_real_ones_beside_them(tmp_path, X, suffix):
    write_image_folder(X, ["a", "a", "b", "b"], tmp_path / "real", value_range="keep")
    augment_image_folder(tmp_path / "real", X[:1], ["a"], tmp_path / "both")
    assert (tmp_path / f"both/a/synthetic_000001{suffix}").is_file()
    back, _ = read_image_folder(tmp_path / "both")
    assert np.array_equal(back, X[[0, 1, 0, 2, 3]])
    augment_image_folder(tmp_path / "real", X[:0], [], tmp_path / "both", overwrite=True)
    assert len(read_image_folder(tmp_path / "both")[0]) == 4


def test_synthetic_floats_beside_files_of_8_bits_become_8_bits(tmp_path):
    X = values(4, 8, 9, dtype="uint8")
    write_image_folder(X, ["a", "a", "b", "b"], tmp_path / "real")
    augment_image_folder(tmp_path / "real", X[:1] / 255, ["a"], tmp_path / "both")
    assert np.array_equal(read_image_folder(tmp_path / "both")[0], X[[0, 1, 0, 2, 3]])


@pytest.mark.parametrize(
    ("X", "text"),
    [
        (values(2, 8, 9, 3, dtype="float32", low=0, high=255), r"No file of ganaug holds colours of float32 as they"),
        (values(2, 8, 9, 3, dtype="int16", low=-9, high=255), r"colours of int16 .*value_range=\(low, high\)\), for 8"),
        (values(2, 8, 9, dtype="int64", low=0, high=2**40), r"run from 0 to .* files of int32 hold -2147483648 to"),
        (values(2, 8, 9, dtype="float64", low=0, high=1e300), r"run from 0 to 1e\+300, and files of float32 hold"),
    ],
)
def test_what_no_file_holds_is_refused_with_the_cure(tmp_path, X, text):
    with pytest.raises(DataError, match=text):
        write_image_folder(X, ["a", "b"], tmp_path)


def test_a_later_chunk_that_needs_more_bits_is_refused(tmp_path):
    chunks = [(np.full((1, 8, 9), high, np.int64), ["a"]) for high in (9, 300)]
    with pytest.raises(DataError, match=r"run from 300 to 300, and files of uint8 hold 0 to 255; scale them"):
        write_image_folder(chunks, None, tmp_path)
