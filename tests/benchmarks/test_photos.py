"""The benchmark of large photos makes photos, reads all of them in both ways, and prints what they took."""

from __future__ import annotations

from PIL import Image

from benchmarks import photos


def test_photos_of_two_classes_are_made_in_the_size_that_is_said(tmp_path):
    files = sorted(photos.make_photos(tmp_path, 3, (60, 90)).rglob("*.jpg"))
    assert [file.relative_to(tmp_path).as_posix() for file in files] == ["a/0.jpg", "a/2.jpg", "b/1.jpg"]
    with Image.open(files[0]) as photo:
        assert (photo.size, photo.mode) == ((90, 60), "RGB")


def test_both_ways_read_the_same_photos_in_turn_and_the_ratio_is_printed(monkeypatch, capsys):
    read = []
    monkeypatch.setattr(photos, "_SHAPE", (60, 90))
    monkeypatch.setattr(photos, "make_photos", lambda folder, n, make=photos.make_photos: make(folder, n, (60, 90)))
    monkeypatch.setattr(photos, "read_image_folder", lambda folder, size: read.append(("ours", size)))
    monkeypatch.setattr(photos, "read_whole", lambda folder: read.append(("whole", len([*folder.rglob("*.jpg")]))))
    clock = iter([0.0, 1.0, 1.0, 5.0] * 2)
    monkeypatch.setattr(photos.time, "process_time", lambda: next(clock))
    photos.main(["--photos", "4", "--repeats", "2"])
    assert read == [("ours", (64, 64)), ("whole", 4)] * 2
    assert "read_image_folder 1.00, Pillow whole 4.00: 4.0 times as fast" in capsys.readouterr().out
