"""Tell what a file holds by its first bytes, whatever its name says."""

from __future__ import annotations

from pathlib import Path

_HEAD = 512  # bytes
_STARTS = {
    b"GIF8": "a GIF",
    b"\xff\xd8\xff": "a JPEG",
    b"\x89PNG\r\n\x1a\n": "a PNG",
    b"BM": "a BMP",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"8BPS": "a Photoshop file",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 file",
    b"\xff\x4f\xff\x51": "a JPEG 2000 file",
    b"\xff\x0a": "a JPEG XL file",
    b"\0\0\0\x0cJXL ": "a JPEG XL file",
    b"\0\0\x01\0": "an icon",
    b"SIMPLE  =": "a FITS file",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF",
    b"%!PS": "a PostScript file",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself (git lfs pull)",
}
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heif", b"mif1", b"msf1", b"hevc"), "a HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "an AVIF"),
    b"crx ": "a raw photo (CR3)",
}
_TEXTS = {
    "<!doctype html": "a web page (HTML)",
    "<html": "a web page (HTML)",
    "<svg": "an SVG",
    "<?xml": "XML text",
    "{": "text (JSON)",
}


def name_content(path: Path) -> str:
    """Return what a file is, such as "a GIF", "a web page (HTML)" or "empty", "" where the first bytes do not tell."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head:
        return "empty"
    if not head.strip(b"\0"):
        return "full of zeros"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "a video")
    if head[:4] == b"RIFF":
        return "a WebP" if head[8:12] == b"WEBP" else "an audio or video file"
    if head[128:132] == b"DICM":
        return "a DICOM file"
    for start, what in _STARTS.items():
        if head.startswith(start):
            return what
    text = head.decode("utf-8", "ignore").lstrip("\ufeff \t\r\n").lower()
    for word, what in _TEXTS.items():
        if text.startswith(word):
            return "an SVG" if "<svg" in text else what
    return "text" if text.isprintable() or _is_text(head) else ""


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(char.isprintable() or char in "\t\r\n" for char in text)
