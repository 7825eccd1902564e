"""The model file: what comes back is what was saved, or a ModelFileError that says what is wrong."""

import errno
import gc
import gzip
import io
import json
import math
import os
import pickle
import stat
import subprocess
import sys
import textwrap
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import MUTATIONS, join, split

from ganaug.errors import ModelFileError
from ganaug.files import atomic
from ganaug.storage import (
    FORMAT_VERSION,
    TensorSpec,
    flatten_optimizer,
    read_metadata,
    read_model,
    restore_optimizer,
    write_model,
)
from ganaug.storage import reading as reading_module

DTYPES = [torch.bool, torch.uint8, torch.int32, torch.int64, torch.bfloat16, torch.float32, torch.float64]
ADDED = {"format_version", "ganaug_version", "sha256"}


def specs_of(tensors):
    return {name: TensorSpec(tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items()}


def small_model():
    tensors = {
        "weight": torch.arange(12, dtype=torch.float32).reshape(3, 4) / 7,
        "bias": torch.tensor([1.5, -2.5], dtype=torch.float64),
        "mask": torch.tensor([True, False, True]),
        "step": torch.tensor(7, dtype=torch.int64),
        "nothing": torch.empty((0, 3)),
    }
    return tensors, {"schema": {"columns": ["age", "city"], "prior": [0.25, 0.75]}, "steps": 7}


def read_back(path, tensors):
    return read_model(path, lambda metadata: specs_of(tensors))


def same_tensors(a, b):
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and a[k].shape == b[k].shape and raw(a[k]) == raw(b[k]) for k in a
    )


def raw(tensor):
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def listing(folder):
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def model(tmp_path):
    """A small model on disk: (path, tensors, metadata)."""
    tensors, metadata = small_model()
    path = tmp_path / "model.safetensors"
    write_model(path, tensors, metadata)
    return path, tensors, metadata


def rewrite(path, change_metadata=None, change_layout=None):
    """Change the JSON of a model file and leave everything else (checksum included) as it is."""
    header, data = split(path.read_bytes())
    layout = json.loads(header)
    if change_metadata:
        metadata = json.loads(layout["__metadata__"]["ganaug"])
        change_metadata(metadata)
        layout["__metadata__"]["ganaug"] = json.dumps(metadata)
    if change_layout:
        change_layout(layout)
    path.write_bytes(join(json.dumps(layout).encode(), data))


# --- round trip ------------------------------------------------------------------------------------------------------


def test_what_is_read_is_what_was_written(model):
    path, tensors, metadata = model
    read, described = read_back(path, tensors)
    assert same_tensors(read, tensors)
    assert {key: described[key] for key in described.keys() - ADDED} == metadata
    assert described["format_version"] == FORMAT_VERSION
    assert described == read_metadata(path)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
TENSORS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=10).filter(lambda name: name != "__metadata__"),
    st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 4), max_size=3), st.integers(0, 2**32)),
    max_size=5,
)


def random_tensor(dtype, shape, seed):
    size = math.prod(shape) * dtype.itemsize
    data = bytearray(np.random.default_rng(seed).bytes(size))
    if not data:
        return torch.empty(shape, dtype=dtype)
    if dtype is torch.bool:
        data = bytearray(byte & 1 for byte in data)
    return torch.frombuffer(data, dtype=dtype).reshape(shape)


@settings(max_examples=40, deadline=None)
@given(described=TENSORS, metadata=st.dictionaries(st.text(max_size=8).filter(lambda k: k not in ADDED), JSON_VALUES))
def test_any_tensors_and_any_json_come_back_bit_for_bit(tmp_path_factory, described, metadata):
    tensors = {name: random_tensor(*facts) for name, facts in described.items()}
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    write_model(path, tensors, metadata)
    read, back = read_back(path, tensors)
    assert same_tensors(read, tensors)
    assert json.dumps({k: v for k, v in back.items() if k not in ADDED}, sort_keys=True) == json.dumps(
        metadata, sort_keys=True
    )


def test_tensors_that_share_memory_or_are_views_are_stored_whole(tmp_path):
    base = torch.nn.Parameter(torch.arange(12.0).reshape(3, 4))
    tensors = {"a": base, "tied": base, "turned": base.T, "part": base[:, 1], "wide": base[:1].expand(5, 4)}
    write_model(tmp_path / "m", tensors, {})
    assert same_tensors(read_back(tmp_path / "m", tensors)[0], {k: v.detach() for k, v in tensors.items()})


def test_tensors_read_are_writable_and_apart_from_the_file(model):
    path, tensors, _ = model
    before = path.read_bytes()
    read, _ = read_back(path, tensors)
    read["weight"].add_(1)
    assert path.read_bytes() == before
    assert same_tensors(read_back(path, tensors)[0], tensors)


def test_tensors_are_read_to_the_cpu_whatever_the_default_device_is(model):
    path, tensors, _ = model
    with torch.device("meta"):
        read, _ = read_back(path, tensors)
    assert all(tensor.device.type == "cpu" for tensor in read.values())


def test_same_content_gives_the_same_bytes(tmp_path):
    tensors, metadata = small_model()
    write_model(tmp_path / "a", tensors, metadata)
    write_model(tmp_path / "b", dict(reversed(tensors.items())), dict(reversed(metadata.items())))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_was_read_can_be_written_again(model, tmp_path):
    path, tensors, _ = model
    write_model(tmp_path / "again", *read_back(path, tensors))
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_other_programs_can_open_the_file(model):
    path, tensors, _ = model
    assert same_tensors(safetensors.torch.load_file(path), tensors)


def test_file_holds_no_device_and_no_path(model):
    path, _, _ = model
    header, _ = split(path.read_bytes())
    assert not any(word in header for word in (b"cuda", b"cpu", str(path.parent).encode()))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_model_saved_from_a_gpu_is_the_same_file(model, tmp_path):
    path, tensors, metadata = model
    write_model(tmp_path / "gpu", {name: tensor.cuda() for name, tensor in tensors.items()}, metadata)
    assert (tmp_path / "gpu").read_bytes() == path.read_bytes()


# --- the caller's mistakes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "metadata",
    [
        {"a": math.nan},
        {"a": [math.inf]},
        {"a": {1, 2}},
        {"a": np.int64(1)},
        {"a": {1: 1}},
        {"a": (1, 2)},
        {"a": {None: 1}},
    ],
    ids=repr,
)
def test_metadata_that_would_not_come_back_are_refused(tmp_path, metadata):
    with pytest.raises((TypeError, ValueError), match="JSON"):
        write_model(tmp_path / "m", {}, metadata)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "tensor"), [("c", torch.zeros(2, dtype=torch.complex64)), ("__metadata__", torch.zeros(2))]
)
def test_tensor_that_the_format_cannot_hold_is_refused(tmp_path, name, tensor):
    with pytest.raises(TypeError, match=f"cannot hold the tensor '{name}'"):
        write_model(tmp_path / "m", {name: tensor}, {})


@pytest.mark.parametrize("metadata", [{"names": ["x" * 2**24]}, {"numbers": [1] * 500_001}], ids=["bytes", "values"])
def test_metadata_too_large_to_read_back_are_not_written(tmp_path, metadata):
    with pytest.raises(ModelFileError, match=r"m was not written .* too large .*: leave out columns with very many"):
        write_model(tmp_path / "m", {}, metadata)
    assert list(tmp_path.iterdir()) == []


# --- wrong kinds of file ---------------------------------------------------------------------------------------------


def zipped(name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, b"x" * 100)
    return buffer.getvalue()


def torch_checkpoint(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


WRONG_KINDS = {
    "empty": (b"", "an empty file"),
    "csv": (b"age,city\n31,Paris\n45,Rome\n", "a text file, such as CSV"),
    "short text": (b"a,b\n", "a text file, such as CSV"),
    "latin-1 text": ("n\xe4me;Stra\xdfe\n".encode("latin-1"), "a text file, such as CSV"),
    "json lines": (b'{"a":1}\n{"a":2}\n', "a text file, such as CSV"),
    "utf-16": ("age,city\n".encode("utf-16"), "a text file in UTF-16"),
    "png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "a PNG image"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG image"),
    "gzip": (gzip.compress(b"a,b\n" * 100, mtime=0), "a gzip archive"),
    "parquet": (b"PAR1" + b"\0" * 50 + b"PAR1", "a Parquet table"),
    "numpy": (b"\x93NUMPY\x01\0v\0{'descr'", "a NumPy array"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 20, "an HDF5 file"),
    "zip": (zipped("table.csv"), "a zip archive"),
    "torch": (torch_checkpoint({"w": torch.zeros(3)}), "a PyTorch checkpoint, which can run code when it is opened"),
    "binary": (bytes(range(40)), "a file of another kind"),
    "safetensors": (safetensors.torch.save({"w": torch.zeros(2)}), "a safetensors file of another program"),
    "safetensors with notes": (
        safetensors.torch.save({"w": torch.zeros(2)}, {"format": "pt"}),
        "a safetensors file of another program",
    ),
} | {
    f"pickle {protocol}": (pickle.dumps({"a": 1}, protocol), "a pickle, which can run code when it is opened")
    for protocol in (2, 3, 4, 5)
}


@pytest.mark.promise("crafted")
@pytest.mark.parametrize("kind", WRONG_KINDS)
def test_wrong_kind_of_file_is_named(tmp_path, kind):
    content, words = WRONG_KINDS[kind]
    path = tmp_path / "fraud.bin"
    path.write_bytes(content)
    for read in (read_metadata, lambda path: read_back(path, {})):
        with pytest.raises(
            ModelFileError, match=rf"fraud\.bin is {words}, not a ganaug model: 'ganaug train' makes one"
        ):
            read(path)


@pytest.mark.promise("crafted")
def test_missing_file_is_named(tmp_path):
    with pytest.raises(ModelFileError, match=r"no\.safetensors does not exist: check the path"):
        read_back(tmp_path / "no.safetensors", {})


@pytest.mark.promise("crafted")
def test_folder_is_named(tmp_path):
    with pytest.raises(ModelFileError, match="is a folder, not a ganaug model"):
        read_back(tmp_path, {})


@pytest.mark.promise("crafted")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_pipe_and_device_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(ModelFileError, match="is a pipe or a device, not a ganaug model"):
            read_back(path, {})
        with pytest.raises(ModelFileError, match=r"could not be written \(it is a pipe or a device\)"):
            write_model(path, {}, {})


def test_file_that_may_not_be_read_is_named(model, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ModelFileError, match=r"could not be read \(Permission denied\): check its permissions"):
        read_metadata(model[0])


def test_path_that_no_system_allows_is_a_model_file_error(tmp_path):
    for action in (read_metadata, lambda path: write_model(path, {}, {})):
        with pytest.raises(ModelFileError, match="null"):
            action(f"{tmp_path}/a\0b")


# --- damaged files ---------------------------------------------------------------------------------------------------


def header_file(metadata_text, layout="", data=b""):
    """A file with this text as its metadata, whatever it says."""
    header = b'{"__metadata__":{"ganaug":' + json.dumps(metadata_text).encode() + b"}" + layout.encode() + b"}"
    return join(header, data)


def empty_tensors(count):
    return b",".join(b'"%x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}' % number for number in range(count))


GOOD = '{"format_version":1}'
DAMAGED = {
    "length beyond the bound": (b"\xff" * 7 + b"\0" + b"{" * 20, "its header claims .* bytes of at most"),
    "length beyond the file": ((1000).to_bytes(8, "little") + b'{"a":1}', "it is cut short"),
    "header is no JSON": (join(b"{nonsense}", b""), "Expecting property name"),
    "header is no UTF-8": (join(b'{"\xff":1}', b""), "codec can't decode"),
    "text after the header": (join(b"{}{}", b""), "Extra data"),
    "header too deep": (join(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", b""), "recursion"),
    "tensor named twice": (header_file(GOOD, ',"a":1,"a":2'), "same key twice"),
    "foreign notes": (join(b'{"__metadata__":{"ganaug":"{}","x":"y"}}', b""), "foreign notes"),
    "metadata is no JSON": (header_file("{"), "Expecting property name"),
    "metadata is a list": (header_file("[1]"), "not a JSON object"),
    "metadata has a key twice": (header_file('{"a":1,"format_version":1,"a":1}'), "same key twice"),
    "metadata has NaN": (header_file('{"a":NaN,"format_version":1}'), "the number NaN"),
    "metadata has Infinity": (header_file('{"a":-Infinity,"format_version":1}'), "the number -Infinity"),
    "metadata has 1e999": (header_file('{"a":1e999,"format_version":1}'), "the number 1e999"),
    "metadata has a huge integer": (header_file('{"a":' + "1" * 5000 + "}"), "a number of 5000 digits"),
    "metadata too deep": (header_file('{"a":' + "[" * 200_000 + "]" * 200_000 + "}"), "recursion"),
    "no format version": (header_file("{}"), "format version is 'None'"),
    "format version is text": (header_file('{"format_version":"1"}'), "format version is '1'"),
    "format version is true": (header_file('{"format_version":true}'), "format version is 'True'"),
    "format version is 0": (header_file('{"format_version":0}'), "format version is '0'"),
    "format version is 1.0": (header_file('{"format_version":1.0}'), "format version is '1.0'"),
    "no checksum": (header_file(GOOD), "does not fit its checksum"),
    "data that nothing names": (header_file(GOOD, "", b"1234"), "holds 4 bytes of data instead of 0"),
}


@pytest.mark.promise("crafted")
@pytest.mark.parametrize("fault", DAMAGED)
def test_damaged_file_is_refused_with_the_reason(tmp_path, fault):
    content, reason = DAMAGED[fault]
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=rf"m\.safetensors is damaged \(.*{reason}.*\): restore it from a copy"):
        read_back(path, {})


ENTRY = '"dtype":"F32","shape":[2],"data_offsets":'
LAYOUTS = {
    "missing": ("", "'a' is missing"),
    "not expected": (f',"a":{{{ENTRY}[0,8]}},"b":{{{ENTRY}[8,16]}}', "'b' is not expected"),
    "other dtype": (',"a":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}', "'a' is .*I32.* instead of .*F32"),
    "unknown dtype": (',"a":{"dtype":"Q8","shape":[2],"data_offsets":[0,8]}', "'a' is .*Q8.* instead of"),
    "other shape": (',"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}', r"\[1, 2\].* instead of .*\[2\]"),
    "huge shape": (',"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,8]}', "instead of"),
    "no shape": (',"a":{"dtype":"F32","data_offsets":[0,8]}', "instead of"),
    "more than that": (f',"a":{{{ENTRY}[0,8],"code":"x"}}', "'code': 'x'.* instead of"),
    "not an object": (',"a":[0,8]', "'a' is {} instead of"),
    "no offsets": (',"a":{"dtype":"F32","shape":[2]}', "wrong length"),
    "one offset": (f',"a":{{{ENTRY}[0]}}', "wrong length"),
    "text offsets": (f',"a":{{{ENTRY}["0","8"]}}', "wrong length"),
    "fractional offsets": (f',"a":{{{ENTRY}[0.0,8.0]}}', "wrong length"),
    "negative offsets": (f',"a":{{{ENTRY}[-8,0]}}', "wrong length"),
    "backward offsets": (f',"a":{{{ENTRY}[8,0]}}', "wrong length"),
    "too short": (f',"a":{{{ENTRY}[0,4]}}', "wrong length"),
    "gap in front": (f',"a":{{{ENTRY}[4,12]}}', "'a' leave a gap or overlap"),
}


@pytest.mark.promise("crafted")
@pytest.mark.parametrize("fault", LAYOUTS)
def test_tensors_other_than_the_schema_implies_are_refused(tmp_path, fault):
    layout, reason = LAYOUTS[fault]
    path = tmp_path / "m"
    path.write_bytes(header_file(GOOD, layout, b"\0" * 8))
    with pytest.raises(ModelFileError, match=rf"is damaged \(.*{reason}"):
        read_model(path, lambda metadata: {"a": TensorSpec(torch.float32, (2,))})


@pytest.mark.promise("crafted")
@pytest.mark.parametrize("second", ["[4,12]", "[0,8]", "[12,20]"])
def test_overlapping_and_scattered_tensors_are_refused(tmp_path, second):
    path = tmp_path / "m"
    path.write_bytes(header_file(GOOD, f',"a":{{{ENTRY}[0,8]}},"b":{{{ENTRY}{second}}}', b"\0" * 16))
    with pytest.raises(ModelFileError, match=r"leave a gap or overlap"):
        read_model(path, lambda metadata: dict.fromkeys("ab", TensorSpec(torch.float32, (2,))))


@pytest.mark.promise("crafted")
@pytest.mark.parametrize("shape", [(0, 2**70), (0, 2**62, 2**62)], ids=str)
def test_empty_tensor_with_an_impossible_side_is_refused(tmp_path, shape):
    layout = f',"a":{{"dtype":"F32","shape":{list(shape)},"data_offsets":[0,0]}}'
    (tmp_path / "m").write_bytes(header_file(GOOD, layout))
    with pytest.raises(ModelFileError, match="'a' has the impossible shape"):
        read_model(tmp_path / "m", lambda metadata: {"a": TensorSpec(torch.float32, shape)})


@pytest.mark.promise("mutated")
def test_file_cut_at_any_byte_is_refused(model):
    path, tensors, _ = model
    whole = path.read_bytes()
    for size in range(0, len(whole), 5):
        path.write_bytes(whole[:size])
        with pytest.raises(ModelFileError, match="model"):
            read_back(path, tensors)


def test_file_that_shrinks_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path, tensors = tmp_path / "m", {"a": torch.zeros(50_000)}
    write_model(path, tensors, {})
    check = reading_module._check_layout

    def check_and_cut(*arguments):
        os.truncate(path, 100_000)
        return check(*arguments)

    monkeypatch.setattr(reading_module, "_check_layout", check_and_cut)
    with pytest.raises(ModelFileError, match=r"is damaged \(it is cut short\)"):
        read_back(path, tensors)


@pytest.mark.promise("crafted")
def test_too_many_tensors_are_refused_on_both_ways(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(header_file(GOOD, "," + empty_tensors(10_001).decode()))
    with pytest.raises(ModelFileError, match="holds 10001 tensors of at most 10000"):
        read_back(path, {})
    with pytest.raises(ModelFileError, match=r"not written .* holds 10001 tensors of at most 10000"):
        write_model(path, {str(number): torch.zeros(1) for number in range(10_001)}, {})


@pytest.mark.promise("crafted")
@pytest.mark.parametrize(
    "error", [KeyError("columns"), TypeError("x"), ValueError("x"), IndexError(), RecursionError()]
)
def test_schema_that_cannot_be_used_is_refused(model, error):
    def expect(metadata):
        raise error

    with pytest.raises(ModelFileError, match=f"its schema cannot be used, {type(error).__name__}"):
        read_model(model[0], expect)


def test_model_file_error_from_the_schema_passes_unchanged(model):
    def expect(metadata):
        raise ModelFileError("an image model")

    with pytest.raises(ModelFileError, match=r"^an image model$"):
        read_model(model[0], expect)


@pytest.mark.promise("golden")
def test_newer_format_is_refused_with_the_version_to_get(model):
    path, _, _ = model
    rewrite(path, lambda metadata: metadata.update(format_version=FORMAT_VERSION + 1, ganaug_version="9.1"))
    text = rf"written by ganaug 9\.1 with file format {FORMAT_VERSION + 1}, .* to {FORMAT_VERSION}: upgrade ganaug"
    with pytest.raises(ModelFileError, match=text):
        read_metadata(path)


def test_version_text_cannot_steer_the_terminal(model):
    path, _, _ = model
    rewrite(path, lambda metadata: metadata.update(format_version=99, ganaug_version="\x1b[2J\nx"))
    with pytest.raises(ModelFileError) as caught:
        read_metadata(path)
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.promise("mutated")
def test_any_change_of_the_metadata_is_noticed(model):
    path, tensors, _ = model
    rewrite(path, lambda metadata: metadata["schema"]["prior"].reverse())
    with pytest.raises(ModelFileError, match="its content does not fit its checksum"):
        read_back(path, tensors)
    assert read_metadata(path)["schema"]["prior"] == [0.75, 0.25]


@pytest.mark.promise("mutated")
def test_swapped_tensors_are_noticed(tmp_path):
    tensors = {"a": torch.zeros(2), "b": torch.ones(2)}
    write_model(tmp_path / "m", tensors, {})

    def swap(layout):
        layout["a"], layout["b"] = layout["b"], layout["a"]

    rewrite(tmp_path / "m", change_layout=swap)
    with pytest.raises(ModelFileError, match="checksum"):
        read_back(tmp_path / "m", tensors)


@pytest.mark.promise("mutated")
@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("renamed", TensorSpec(torch.float32, (2, 3))),
        ("a", TensorSpec(torch.int32, (2, 3))),
        ("a", TensorSpec(torch.float32, (3, 2))),
    ],
    ids=["name", "dtype", "shape"],
)
def test_change_that_the_schema_would_allow_is_noticed(tmp_path, name, spec):
    path = tmp_path / "m"
    write_model(path, {"a": torch.rand((2, 3), generator=torch.Generator().manual_seed(0))}, {})

    def change(layout):
        entry = layout.pop("a")
        dtype = {torch.float32: "F32", torch.int32: "I32"}[spec.dtype]
        layout[name] = {**entry, "dtype": dtype, "shape": list(spec.shape)}

    rewrite(path, change_layout=change)
    with pytest.raises(ModelFileError, match="its content does not fit its checksum"):
        read_model(path, lambda metadata: {name: spec})


@pytest.mark.promise("mutated")
@pytest.mark.parametrize("mutate", MUTATIONS)
def test_no_mutated_file_loads_with_other_content(model, mutate):
    path, tensors, _ = model
    original, (good, described) = path.read_bytes(), read_back(path, tensors)
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        data = bytearray(original)
        mutate(rng, data)
        path.write_bytes(data)
        try:
            read, metadata = read_back(path, tensors)
        except ModelFileError:
            refused += data != original
        else:
            assert same_tensors(read, good)
            assert metadata == described
    assert refused > 150


# --- writing ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_new_file_has_the_mode_that_open_would_give(tmp_path, umask):
    write_model(tmp_path / "m", {}, {})
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "m").stat().st_mode & 0o777 == (tmp_path / "plain").stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_existing_file_keeps_its_mode(model, umask):
    path, tensors, _ = model
    path.chmod(0o604)
    write_model(path, tensors, {"new": True})
    assert path.stat().st_mode & 0o777 == 0o604
    assert read_metadata(path)["new"]


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need a privilege")
def test_symbolic_link_stays_and_its_target_is_replaced(model):
    path, tensors, _ = model
    link = path.parent / "link"
    link.symlink_to(path.name)
    write_model(link, tensors, {"new": True})
    assert link.is_symlink()
    assert read_metadata(path)["new"]


def disk_full(*args):
    raise OSError(errno.ENOSPC, "No space left on device")


def no_permission(*args, **kwargs):
    raise PermissionError(errno.EACCES, "Permission denied")


def interrupt(*args):
    raise KeyboardInterrupt


@pytest.mark.promise("full disk")
@pytest.mark.parametrize(
    ("target", "failure", "text"),
    [
        ("os.fsync", disk_full, r"\(No space left on device\): free some space or choose another disk"),
        ("pathlib.Path.replace", no_permission, r"\(Permission denied\): choose a place where you may write"),
        ("pathlib.Path.open", no_permission, r"\(Permission denied\): choose a place where you may write"),
    ],
)
def test_failed_save_leaves_the_old_file_and_nothing_else(model, monkeypatch, target, failure, text):
    path, tensors, _ = model
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(target, failure)
        with pytest.raises(ModelFileError, match=r"model\.safetensors could not be written " + text):
            write_model(path, tensors, {"new": True})
    assert path.read_bytes() == before
    assert listing(path.parent) == [path.name]


@pytest.mark.promise("full disk")
def test_read_only_file_is_not_replaced(model, monkeypatch):
    path, tensors, _ = model
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # chmod would not stop root
    with pytest.raises(ModelFileError, match=r"could not be written \(the file there is read-only\)"):
        write_model(path, tensors, {"new": True})
    assert "new" not in read_metadata(path)


@pytest.mark.promise("signals")
def test_interrupted_save_leaves_the_old_file_and_nothing_else(model, monkeypatch):
    path, tensors, _ = model
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_model(path, tensors, {"new": True})
    assert path.read_bytes() == before
    assert listing(path.parent) == [path.name]


@pytest.mark.promise("full disk")
def test_file_size_limit_leaves_the_old_file_and_nothing_else(model):
    resource = pytest.importorskip("resource")
    path, _, _ = model
    before = path.read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
    try:
        with pytest.raises(ModelFileError, match=r"could not be written \(File too large\): free some space"):
            write_model(path, {"big": torch.zeros(100_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert path.read_bytes() == before
    assert listing(path.parent) == [path.name]


@pytest.mark.promise("full disk")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("missing/m", r"\(No such file or directory\): create the folder first"),
        (".", r"\(it is a folder\): name a file inside the folder"),
        ("n" * 300, r"\(File name too long\): choose a shorter name"),
    ],
    ids=["missing folder", "folder", "long name"],
)
def test_place_where_no_file_can_be_is_refused(tmp_path, name, text):
    with pytest.raises(ModelFileError, match="could not be written " + text):
        write_model(tmp_path / name, {}, {})
    assert list(tmp_path.iterdir()) == []


def test_windows_waits_for_a_reader_of_the_old_file(model, monkeypatch):
    path, tensors, _ = model
    real, calls = Path.replace, []

    def busy_twice(self, target):
        calls.append(target)
        if len(calls) < 3:
            no_permission()
        return real(self, target)

    monkeypatch.setattr(Path, "replace", busy_twice)
    monkeypatch.setattr(atomic, "_REPLACE_TRIES", 6)
    write_model(path, tensors, {"new": True})
    assert len(calls) == 3
    assert read_metadata(path)["new"]


def test_folder_that_cannot_be_synced_does_not_fail_the_save(model, monkeypatch):
    path, tensors, _ = model
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", no_permission)
        write_model(path, tensors, {"new": True})
    assert read_metadata(path)["new"]


@pytest.mark.skipif(os.name != "posix", reason="only POSIX can sync a folder")
def test_file_and_folder_are_synced_around_the_rename(model, monkeypatch):
    path, tensors, _ = model
    events, sync, rename = [], os.fsync, Path.replace

    def noted_sync(handle):
        events.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def noted_rename(self, target):
        events.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(Path, "replace", noted_rename)
    write_model(path, tensors, {})
    assert events == ["file", "rename", "folder"]


@pytest.mark.promise("killed saving")
def test_leftovers_of_killed_writers_are_swept_but_not_those_of_live_ones(tmp_path):
    names = [".ganaug-0123456789abcdef.tmp", ".ganaug-fedcba9876543210.tmp", ".ganaug-notes"]
    for name in names:
        (tmp_path / name).write_bytes(b"half")
    days_ago = time.time() - 3 * 24 * 3600
    for name in (names[0], names[2]):
        os.utime(tmp_path / name, (days_ago, days_ago))
    write_model(tmp_path / "m", {}, {})
    assert listing(tmp_path) == sorted(["m", names[1], names[2]])


# --- processes -------------------------------------------------------------------------------------------------------


def run_script(script, *arguments):
    """Run Python code in a process of its own; what it prints is one JSON value."""
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# Everything that would mean code from the file: compiling, importing, spawning, connecting, unpickling.
RUNS_NO_CODE = """
    import json, os, pickle, sys
    import torch
    from ganaug.errors import ModelFileError
    from ganaug.storage import TensorSpec, read_model

    watched = ("exec", "compile", "import", "os.system", "os.exec", "subprocess", "socket", "pickle", "ctypes")
    events, on = [], False

    def hook(event, arguments):
        if on and event.startswith(watched):
            events.append(event)

    sys.addaudithook(hook)
    folder, (evil, *rest) = sys.argv[1], sorted(os.listdir(sys.argv[1]))
    with open(os.path.join(folder, evil), "rb") as file:
        on = True
        pickle.load(file)
        on = False
    proof, events[:] = list(events), []
    refused = 0
    on = True
    for name in [evil, *rest]:
        try:
            read_model(os.path.join(folder, name), lambda metadata: {"a": TensorSpec(torch.float32, (2,))})
        except ModelFileError:
            refused += 1
    on = False
    print(json.dumps({"proof": proof, "events": events, "refused": refused}))
"""


class Attack:
    def __reduce__(self):
        return os.system, ("exit 0",)


@pytest.mark.promise("no code")
def test_reading_runs_no_code_from_the_file(tmp_path):
    crafted = [content for content, _ in (*DAMAGED.values(), *WRONG_KINDS.values())]
    crafted += [header_file(GOOD, layout, b"\0" * 8) for layout, _ in LAYOUTS.values()]
    crafted += [header_file('{"format_version":99,"ganaug_version":"__import__(\'os\')"}')]
    crafted += [torch_checkpoint(Attack())]
    for number, content in enumerate([pickle.dumps(Attack()), *crafted]):
        (tmp_path / f"{number:03}").write_bytes(content)
    result = run_script(RUNS_NO_CODE, tmp_path)
    assert {"pickle.find_class", "os.system"} <= set(result["proof"]), "the hook is blind"
    assert result["events"] == []
    assert result["refused"] == len(crafted) + 1


def list_of(value, count):
    return join(b'{"a":[' + (value + b",") * count + b"1]}", b"")


TERABYTE = ',"a":{"dtype":"F32","shape":[250000000000],"data_offsets":[0,1000000000000]}'
# Small files that ask for much: Python objects, time or memory. Made when needed, for they are not that small.
COSTLY = {
    "a million tensors": lambda: join(b"{" + empty_tensors(1_000_000) + b"}", b""),
    "as many tensors as fit": lambda: join(b"{" + empty_tensors(70_000) + b"}", b""),
    "empty lists": lambda: list_of(b"[]", 5_000_000),
    "fewer empty lists": lambda: list_of(b"[]", 249_000),
    "empty objects": lambda: list_of(b"{}", 249_000),
    "floats": lambda: list_of(b"1.25", 490_000),
    "strings": lambda: list_of(b'"%s"' % (b"x" * 30), 490_000),
    "wide text": lambda: join(b'{"a":"' + "\U0001f600".encode() + b"x" * 16_000_000 + b'"}', b""),
    "long integer": lambda: join(b'{"a":' + b"9" * 16_000_000 + b"}", b""),
    "deep": lambda: join(b'{"a":' + b"[" * 400_000, b""),
    "values in the metadata": lambda: header_file('{"a":[' + "[]," * 200_000 + "[]]}"),
    "a terabyte": lambda: header_file(GOOD, TERABYTE),
}


def seconds_to_refuse(path):
    start = time.process_time()  # not the clock on the wall, which other programs stretch
    with pytest.raises(ModelFileError):
        read_back(path, {})
    return time.process_time() - start


@pytest.mark.promise("crafted")
@pytest.mark.parametrize("name", COSTLY)
def test_refusing_a_file_is_cheap(tmp_path, name):
    path = tmp_path / "m"
    path.write_bytes(COSTLY[name]())
    gc.collect()
    gc.freeze()  # what earlier tests left behind must not be walked again and again
    try:
        quick = any(seconds_to_refuse(path) < 1 for _ in range(3))
    finally:
        gc.unfreeze()
    tracemalloc.start()
    with pytest.raises(ModelFileError):
        read_back(path, {})
    megabytes = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert quick
    assert megabytes < 200


# --- optimizers ------------------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=1e-2, betas=(0.5, 0.9)),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=1e-2, betas=(0.0, 0.99), amsgrad=True),
    "rmsprop": lambda parameters: torch.optim.RMSprop(parameters, lr=1e-3, momentum=0.9, centered=True),
    "tensor rate": lambda parameters: torch.optim.Adam(parameters, lr=torch.tensor(1e-2), fused=True),
}


def small_net():
    net = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 1))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return net


def train(net, optimizer, steps):
    for step in steps:
        x = torch.randn((8, 3), generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        (net(x) - x.sum(1, keepdim=True)).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_training_resumes_bit_for_bit(tmp_path, kind):
    straight = small_net()
    train(straight, OPTIMIZERS[kind](straight.parameters()), range(60))

    net = small_net()
    optimizer = OPTIMIZERS[kind](net.parameters())
    train(net, optimizer, range(30))
    state, groups = flatten_optimizer("optimizer", optimizer)
    tensors = {**{f"net.{name}": value for name, value in net.state_dict().items()}, **state}
    write_model(tmp_path / "m", tensors, {"groups": groups})
    read, metadata = read_back(tmp_path / "m", tensors)
    snapshot = {name: value.clone() for name, value in read.items()}

    resumed = small_net()
    optimizer = OPTIMIZERS[kind](resumed.parameters())
    resumed.load_state_dict({n.removeprefix("net."): v for n, v in read.items() if n.startswith("net.")})
    restore_optimizer("optimizer", optimizer, read, metadata["groups"])
    train(resumed, optimizer, range(30, 60))
    assert same_tensors(resumed.state_dict(), straight.state_dict())
    assert same_tensors(read, snapshot), "training on must not change what was read"


def test_tuples_are_tuples_again_and_options_come_from_the_file():
    saved = torch.optim.Adam(small_net().parameters(), lr=0.125, betas=(0.5, 0.75))
    tensors, groups = flatten_optimizer("d", saved)
    assert tensors == {}
    assert groups[0]["betas"] == [0.5, 0.75]
    fresh = torch.optim.Adam(small_net().parameters())
    restore_optimizer("d", fresh, tensors, groups)
    assert fresh.state_dict() == saved.state_dict()


def test_a_rate_that_is_a_tensor_is_a_number_in_the_file_and_a_tensor_again():
    saved = torch.optim.Adam(small_net().parameters(), lr=torch.tensor(0.1))
    tensors, groups = flatten_optimizer("d", saved)
    assert groups[0]["lr"] == torch.tensor(0.1).item() != 0.1
    fresh = torch.optim.Adam(small_net().parameters(), lr=torch.tensor(0.5))
    restore_optimizer("d", fresh, tensors, groups)
    assert torch.equal(fresh.param_groups[0]["lr"], torch.tensor(0.1))


def test_a_rate_that_is_no_number_is_refused_for_a_tensor():
    optimizer = torch.optim.Adam(small_net().parameters(), lr=torch.tensor(0.5))
    tensors, groups = flatten_optimizer("d", optimizer)
    with pytest.raises(ModelFileError, match="optimizer 'd' belongs to another network, optimizer or torch version"):
        restore_optimizer("d", optimizer, tensors, [{**groups[0], "lr": "fast"}])
    assert optimizer.param_groups[0]["lr"].item() == 0.5


def test_flattened_state_is_a_snapshot():
    net = small_net()
    optimizer = torch.optim.Adam(net.parameters())
    train(net, optimizer, range(2))
    tensors, _ = flatten_optimizer("g", optimizer)
    before = {name: value.clone() for name, value in tensors.items()}
    train(net, optimizer, range(2))
    assert same_tensors(tensors, before)


def test_two_optimizers_share_one_file():
    nets = {"g": small_net(), "g2": torch.nn.Linear(3, 1)}
    tensors, groups = {}, {}
    for name, net in nets.items():
        optimizer = torch.optim.Adam(net.parameters())
        train(net, optimizer, range(3))
        state, groups[name] = flatten_optimizer(name, optimizer)
        tensors |= state
    again = {}
    for name, net in nets.items():
        fresh = torch.optim.Adam(net.parameters())
        restore_optimizer(name, fresh, tensors, groups[name])
        again |= flatten_optimizer(name, fresh)[0]
    assert same_tensors(again, tensors)


def test_optimizer_with_state_other_than_tensors_is_refused():
    parameter = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    optimizer.state[parameter]["history"] = [1.0]
    with pytest.raises(TypeError, match="SGD keeps 'history' as list, not a tensor"):
        flatten_optimizer("o", optimizer)


FOREIGN_STATE = {
    "another optimizer": lambda tensors, groups: (
        tensors,
        flatten_optimizer("o", OPTIMIZERS["rmsprop"]([torch.ones(1)]))[1],
    ),
    "option missing": lambda tensors, groups: (tensors, [{k: v for k, v in groups[0].items() if k != "eps"}]),
    "fewer groups": lambda tensors, groups: (tensors, []),
    "other parameters": lambda tensors, groups: (tensors, [{**groups[0], "params": [0]}]),
    "groups of text": lambda tensors, groups: (tensors, ["lr"]),
    "no groups": lambda tensors, groups: (tensors, None),
    "other shape": lambda tensors, groups: ({**tensors, "o.0.exp_avg": torch.zeros(7)}, groups),
    "other index": lambda tensors, groups: ({**tensors, "o.99.exp_avg": torch.zeros(7)}, groups),
    "odd name": lambda tensors, groups: ({**tensors, "o.x": torch.zeros(7)}, groups),
}


@pytest.mark.parametrize("fault", FOREIGN_STATE)
def test_state_of_another_optimizer_is_refused_and_changes_nothing(fault):
    net = small_net()
    optimizer = OPTIMIZERS["adam"](net.parameters())
    train(net, optimizer, range(2))
    before = flatten_optimizer("o", optimizer)
    with pytest.raises(ModelFileError, match=r"optimizer 'o' belongs to another network, optimizer or torch version"):
        restore_optimizer("o", optimizer, *FOREIGN_STATE[fault](*before))
    after = flatten_optimizer("o", optimizer)
    assert same_tensors(after[0], before[0])
    assert after[1] == before[1]
