"""TIFF files of any depth and sign, which Pillow reads and does not write."""

from __future__ import annotations

import struct
import zlib

import numpy as np

MARKS = {"<": b"II*\0", ">": b"MM\0*"}


def pack_entry(order, tag, kind, count, value):
    """Return an entry of the directory; a single short number stands at its beginning."""
    last = (value, 0) if kind == 3 and count == 1 else (value,)
    return struct.pack(f"{order}HHI{'HH' if len(last) == 2 else 'I'}", tag, kind, count, *last)


def save_tiff(file, array, order="<", deflate=False):
    """Write an array of shape (h, w) or (h, w, c) as a TIFF file of the same dtype [1]_, in byte order "<" or ">".

    References
    ----------
    .. [1] Adobe, "TIFF Revision 6.0", 1992.
    """
    height, width, channels = (*array.shape, 1)[:3]
    data = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder(order)).tobytes()
    data = zlib.compress(data) if deflate else data
    bits, kind = 8 * array.dtype.itemsize, {"u": 1, "i": 2, "f": 3}[array.dtype.kind]
    after = 8 + 2 + 12 * 10 + 4  # behind the header and the directory
    lists = struct.pack(f"{order}{2 * channels}H", *[bits] * channels, *[kind] * channels)
    several = channels > 1
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, channels, after if several else bits),
        (259, 3, 1, 8 if deflate else 1),
        (262, 3, 1, 2 if several else 1),
        (273, 4, 1, after + len(lists)),
        (277, 3, 1, channels),
        (278, 4, 1, height),
        (279, 4, 1, len(data)),
        (339, 3, channels, after + 2 * channels if several else kind),
    ]
    directory = b"".join(pack_entry(order, *entry) for entry in entries)
    file.write_bytes(MARKS[order] + struct.pack(f"{order}IH", 8, 10) + directory + bytes(4) + lists + data)
