"""Decode text files: UTF-8, else what the bytes look like, said aloud."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from charset_normalizer import from_bytes

from ..errors import DataError, ParameterError

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_MAGIC = {  # files of other kinds, which are no text
    b"\x1f\x8b": "compressed with gzip; let its name end in .gz",
    **dict.fromkeys(
        (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
        "a pickle of Python, which may run code; write it as CSV or Parquet",
    ),
    b"SQLite format 3": "an SQLite database; write one of its tables as CSV or Parquet",
    b"\x89HDF": "an HDF5 file; write one of its tables as CSV or Parquet",
    b"\xd0\xcf\x11\xe0": "an old Office document; let its name end in .xls, or save it as CSV",
    b"%PDF-": "a PDF; tables have to be copied out of it first",
}
_PAGES = (b"<!doctype html", b"<html")
_WESTERN, _MAC = "cp1252", "mac_roman"
_WIDE = ["gb18030", "shift_jis", "big5"]
_OLD = [_WESTERN, _MAC, "cp1250", "cp1251", "cp437", *_WIDE]
_HEAD = 1000  # bytes
_MOST = 200_000  # bytes that are looked at


class Decoded(NamedTuple):
    """Text of a file.

    Attributes
    ----------
    text : bytes
        In UTF-8, perhaps with a byte order mark.
    encoding : str
        Python's name of the encoding of the file.
    guessed : bool
        Whether the encoding is a guess.
    """

    text: bytes
    encoding: str
    guessed: bool = False


def decode_text(data: bytes, name: str, encoding: str | None) -> Decoded:
    """Return the text of a file as UTF-8, and its encoding.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        What messages call the file.
    encoding : str or None
        What the user says; None takes UTF-8, or that of a byte order mark, or what the bytes look like.

    Raises
    ------
    DataError
        The bytes are no text in that encoding, or in any known one.
    ParameterError
        There is no such encoding.
    """
    if encoding is not None:
        return Decoded(_decode(data, name, encoding), codecs.lookup(encoding).name)
    check_kind(data, name)
    for mark, marked in _MARKS.items():
        if data.startswith(mark):
            return Decoded(data if marked == "utf-8-sig" else _decode(data, name, marked), marked)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _guess(data, name, error)
    return Decoded(data, "utf-8")


_OTHER_TEXT = {
    b"version https://git-lfs": "a pointer of Git LFS and not the file itself; fetch it by git lfs pull",
    b"@relation": "an ARFF file; read it by scipy.io.arff.loadarff, and save it as CSV",
}


def check_kind(data: bytes, name: str) -> None:
    """Raise DataError for the bytes of a file of a known kind that is no text."""
    if data[:_HEAD].lstrip().lower().startswith(_PAGES):
        raise DataError(f"{name} is a web page; download the file itself, which such pages often call raw.")
    for start, kind in _OTHER_TEXT.items():
        if data[:_HEAD].lstrip().lower().startswith(start):
            raise DataError(f"{name} is {kind}.")
    for magic, kind in _MAGIC.items():
        if data.startswith(magic) and (b"\0" in data or not _is_utf8(data)):
            raise DataError(f"{name} is {kind}.")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode(data: bytes, name: str, encoding: str) -> bytes:
    try:
        return data.decode(encoding).encode("utf-8")
    except LookupError:
        raise ParameterError(
            f"The encoding {encoding!r} does not exist; give one that Python knows, such as 'cp1252'."
        ) from None
    except UnicodeError as error:
        position = getattr(error, "start", 0)
        raise DataError(f"Byte {position} of {name} is not {encoding}; name another encoding.") from error


def _guess(data: bytes, name: str, error: UnicodeDecodeError) -> Decoded:
    """Return the text in the most likely old encoding."""
    line = 1 + data[: error.start].count(b"\n")
    refused = DataError(
        f"Line {line} of {name} holds the byte 0x{data[error.start]:02x}, which is not UTF-8; save the file as UTF-8 "
        "text, or name its encoding with encoding= (--encoding)."
    )
    start = max(0, error.start - _MOST // 2)
    part = data[start : start + _MOST]
    for likely in [] if b"\0" in data else _list_likely(part):
        try:
            return Decoded(data.decode(likely).encode("utf-8"), likely, guessed=True)
        except UnicodeError:
            continue
    raise refused from error


def _list_likely(data: bytes) -> list[str]:
    """Return old encodings of some bytes, the most likely first."""
    found = sorted(from_bytes(data, cp_isolation=_OLD), key=lambda match: float(match.chaos))
    alone = len(re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", data))
    is_single = 2 * alone > len(re.findall(rb"[\x80-\xff]", data))  # others write a letter as two bytes
    fitting = [match for match in found if not (is_single and match.encoding in _WIDE)]
    likely = [one for match in fitting if match.chaos == fitting[0].chaos for one in match.could_be_from_charset]
    if {_WESTERN, _MAC} & set(likely):
        likely.insert(0, _tell_apart(data))
    return [*likely, *(match.encoding for match in fitting)]


def _tell_apart(data: bytes) -> str:
    """Return which of two western encodings has letters, and not symbols, in the middle of words."""
    inside = [
        two[1] if two[1] > 0x7F else two[0] for two in re.findall(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]", data)
    ]
    quotes_and_dashes = range(0x91, 0x98)
    of_mac = sum(0x80 <= byte < 0xA0 and byte not in quotes_and_dashes for byte in inside)
    of_windows = sum(byte >= 0xC0 for byte in inside)
    return _MAC if of_mac > of_windows else _WESTERN
