"""Ways in which a file is damaged on a disk or a wire: each changes some bytes in place."""

from __future__ import annotations

import json


def split(data):
    """Return (header, data section) of the bytes of a safetensors file."""
    length = int.from_bytes(data[:8], "little")
    return data[8 : 8 + length], data[8 + length :]


def join(header, data):
    return len(header).to_bytes(8, "little") + header + data


def flip(rng, data):
    data[rng.integers(len(data))] ^= 1 << rng.integers(8)


def overwrite(rng, data):
    start = rng.integers(len(data))
    data[start : start + rng.integers(1, 20)] = rng.bytes(int(rng.integers(0, 20)))


def cut_out(rng, data):
    start = rng.integers(len(data))
    del data[start : start + rng.integers(1, 100)]


def splice(rng, data):
    a, b = sorted(rng.integers(0, len(data), 2))
    start = rng.integers(len(data))
    data[start:start] = data[a:b]


def edit_digit(rng, data):
    """Change a digit, bracket or quote in the header, the edits most likely to leave valid JSON."""
    header = 8 + int.from_bytes(data[:8], "little")
    places = [i for i, byte in enumerate(data[:header]) if byte in b'0123456789[]{}",:.']
    data[rng.choice(places)] = rng.choice(list(b'0123456789[]{}",:. '))


def edit_header(rng, data):
    """Change one JSON value of the header, its length kept right."""
    header, rest = split(bytes(data))
    layout = json.loads(header)
    name = rng.choice(sorted(layout.keys() - {"__metadata__"}))
    metadata = json.loads(layout["__metadata__"]["ganaug"])
    edits = [
        lambda: layout.update({f"{name}x": layout.pop(name)}),
        lambda: layout.pop(name),
        lambda: layout[name].update(dtype=str(rng.choice(["F32", "I32", "F64", "U8", "BOOL"]))),
        lambda: layout[name].update(shape=[int(n) for n in rng.integers(0, 13, rng.integers(0, 3))]),
        lambda: layout[name].update(data_offsets=sorted(int(n) for n in rng.integers(0, 90, 2))),
        lambda: metadata.update(steps=int(rng.integers(100))),
        lambda: metadata.update(schema={}),
        lambda: metadata.update(sha256="0" * 64),
        lambda: metadata.pop(str(rng.choice(sorted(metadata)))),
    ]
    edits[rng.integers(len(edits))]()
    layout["__metadata__"]["ganaug"] = json.dumps(metadata)
    data[:] = join(json.dumps(layout).encode(), rest)


MUTATIONS = [flip, overwrite, cut_out, splice, edit_digit, edit_header]
