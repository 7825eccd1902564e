"""The command line takes a folder of class folders for images, and gives folders of images back."""

from __future__ import annotations

import json
import re
import shutil
import struct
import warnings
import zlib
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from command_line import run
from PIL import Image
from sklearn.base import clone
from small import quick_augmenter

import ganaug
from ganaug import CollapseWarning, GANAugmenter, TunedAugmenterCV, read_image_folder, write_image_folder, write_table
from ganaug.gain import classifiers
from ganaug.image import AUGMENTATIONS, PAIRS, pixels
from ganaug_cli import budget, folders, image_options
from ganaug_cli.main import cli

USAGE, DATA = 2, 1
QUICK = ["--max-steps", 2, "--filters", "none", "--architecture", "mlp"]
MODEL = "digits.safetensors"


def make_image(path, place=2, shape=(8, 10), seed=0, mode="L"):
    """Write a bar on noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, place])
    pixels = rng.integers(0, 60, (*shape, 3) if mode == "RGB" else shape).astype(np.uint8)
    pixels[:, place : place + 2] = 200
    Image.fromarray(pixels).save(path)


def make_folder(root, counts=None, **options):
    """Write class folders, by default with 9 images of a and 5 of b."""
    for place, (name, n) in enumerate((counts or {"a": 9, "b": 5}).items()):
        for i in range(n):
            make_image(Path(root) / name / f"{i}.png", 2 + 3 * place, seed=i, **options)
    return Path(root)


def contents(root):
    """Every file of a folder and its bytes."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in Path(root).rglob("*") if path.is_file()}


def save_model(path, X, y, **options):
    """Write a model that was trained in a moment, and badly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        quick_augmenter(max_steps=2, **options).fit(X, y).save(path)


def save_image_model(path, labels=("a", "b"), channels=1):
    """Write a model of images of 8 x 10 pixels."""
    images = np.random.default_rng(0).integers(0, 255, (12, 8, 10, channels)).astype(np.uint8)
    save_model(path, images, np.array(labels * 6), architecture="mlp", channel_axis=-1)


def save_table_model(path, **options):
    """Write a model of a table of numbers."""
    save_model(path, np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2, **options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with digits/, a model of it and previews, and what was said in training."""
    folder = tmp_path_factory.mktemp("trained")
    make_folder(folder / "digits")
    done = run("train", f"{folder / 'digits'}/", "--preview", folder / "shown", "--seed", 3, *QUICK)
    return folder, done


@pytest.fixture
def folder(tmp_path, monkeypatch, trained):
    """The working folder, with digits/ and a model of it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained[0] / "digits", "digits")
    shutil.copy(trained[0] / MODEL, MODEL)
    return tmp_path


# what is offered


def test_the_names_in_help_are_those_of_the_library():
    assert set(image_options.AUGMENTATIONS) == set(AUGMENTATIONS)
    assert set(image_options.ARCHITECTURES) == {"auto", *PAIRS}
    assert (image_options.MIN_SIDE, image_options.MAX_SIDE) == (pixels.MIN_SIDE, pixels.MAX_SIDE)


@pytest.mark.parametrize("command", ["train", "sample", "augment", "report"])
def test_help_speaks_of_images(command):
    shown = run(command, "--help").stdout
    assert re.search(r"images", shown)
    assert re.search(r"digits", shown.split("Example:")[1])


# train


def test_train_puts_the_model_beside_the_folder_and_says_what_it_found(trained):
    place, done = trained
    assert {path.name for path in place.iterdir()} == {"digits", "digits.safetensors", "shown"}
    assert done.stderr.splitlines()[0] == "14 images of 8 x 10, grey, in 2 classes: a 9, b 5"
    assert f"model: {place / MODEL}" in done.stderr
    assert done.stdout == ""


def test_options_reach_the_augmenter_and_previews_are_written(trained):
    augmenter = GANAugmenter.load(trained[0] / MODEL)
    assert (augmenter.architecture, augmenter.max_steps, augmenter.random_state) == ("mlp", 2, 3)
    assert augmenter.filters is None
    assert augmenter.classes_.tolist() == ["a", "b"]
    assert [path.name for path in (trained[0] / "shown").glob("*.png")] == ["step_000002.png"]


@pytest.fixture
def asked(monkeypatch):
    """The augmenter that is to be fitted, and to what; it is interrupted at once."""
    calls = []

    def interrupt(self, X, y):
        calls.append((self, X, y))
        raise KeyboardInterrupt

    monkeypatch.setattr(GANAugmenter, "fit", interrupt)
    return calls


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["--augmentation", "flip,color"], "augmentation", ["flip", "color"]),
        (["--augmentation", "none"], "augmentation", None),
        ([], "augmentation", "auto"),
        (["--architecture", "residual"], "architecture", "residual"),
        (["--skip-rare"], "skip_rare", True),
        (["--max-seconds", "5"], "max_seconds", 5.0),
        (["--filters", "label_agreement"], "filters", ["label_agreement"]),
    ],
)
def test_each_option_reaches_the_augmenter(folder, asked, arguments, name, value):
    run("train", "digits", "--force", *arguments, code=130)
    assert asked[0][0].get_params()[name] == value
    assert asked[0][0].checkpoint_path == f"{MODEL}.checkpoint"


@pytest.mark.parametrize(("size", "shape"), [("12x9", (12, 9)), ("16", (16, 16)), ("9X8", (9, 8))])
def test_images_are_resized_to_height_and_width(folder, asked, size, shape):
    make_image(Path("digits/b/other.png"), shape=(20, 31))
    done = run("train", "digits", "--size", size, "--force", code=130)
    assert asked[0][1].shape == (15, *shape)
    assert f"15 images of {shape[0]} x {shape[1]}, grey" in done.stderr


def test_what_was_found_is_said_of_any_images(tmp_path):
    for mode, deep, expected in [("RGB", 1, "RGB"), ("L", 257, "grey, 16 bits")]:
        root = make_folder(tmp_path / f"{mode}{deep}", {"a": 2, "b": 2}, mode=mode)
        for path in root.rglob("*.png") if deep > 1 else ():
            Image.fromarray(np.full((8, 10), deep, np.uint16)).save(path)
        images = folders.ImageFolder(str(root), *read_image_folder(root))
        assert folders.describe_images(images) == f"4 images of 8 x 10, {expected}, in 2 classes: a 2, b 2"
    many = folders.ImageFolder("", np.zeros((1200, 28, 28, 4), np.float32), np.arange(1200) % 10)
    said = folders.describe_images(many)
    assert said.startswith("1,200 images of 28 x 28, RGBA, float32, in 10 classes: 0 120, 1 120,")


def test_of_many_classes_the_first_ten_are_listed():
    many = folders.ImageFolder("", np.zeros((3000, 8, 8), np.uint8), np.sort(np.arange(3000) % 12))
    listed = ", ".join(f"{label} 250" for label in range(10))
    assert folders.describe_images(many).endswith(f"in 12 classes: {listed} and 2 more")


@pytest.mark.parametrize("path", [".", "../digits", "../digits/"])
def test_the_folder_may_be_named_from_within(folder, monkeypatch, asked, path):
    monkeypatch.chdir("digits")
    Path("../digits.safetensors").unlink()
    run("train", path, code=130)
    assert Path(asked[0][0].checkpoint_path).resolve() == folder / f"{MODEL}.checkpoint"


def test_previews_go_into_a_folder_with_files_only_when_told_or_resumed(folder, asked):
    Path("shown").mkdir()
    Path("shown/step_000001.png").touch()
    command = ("train", "digits", "--preview", "shown", "-o", "new")
    assert "'shown' holds files; replace them with --force" in run(*command, code=USAGE).stderr
    run(*command, "--force", code=130)
    run(*command, "--resume", code=130)
    assert asked[0][0].preview_path == "shown"


# sample


def test_samples_are_class_folders_of_pictures_beside_the_model(folder):
    done = run("sample", MODEL, "-n", 11)
    X, y = read_image_folder("digits_synthetic")
    assert (X.shape, X.dtype) == ((11, 8, 10), np.uint8)
    assert set(y) == {"a", "b"}
    assert done.stderr.splitlines()[-1] == "11 synthetic images: digits_synthetic"
    made, labels = GANAugmenter.load(MODEL).sample(11)
    assert np.array_equal(X[y == "a"], made[np.array(labels) == "a"])


def test_counts_per_class_are_exact_for_images(folder):
    for arguments, expected in [
        (["--class", "a=3", "--class", "b=2"], {"a": 3, "b": 2}),
        (["--class", "b=4", "-n", "5"], {"a": 1, "b": 4}),
        (["--class", "b=1", "-n", "1"], {"b": 1}),
        (["-n", "0"], {}),
    ]:
        run("sample", MODEL, *arguments, "-o", "new/", "--force")
        found = {place.name: len(list(place.iterdir())) for place in Path("new").iterdir() if place.is_dir()}
        assert found == expected, "what an earlier call left is gone"


@pytest.mark.parametrize(
    ("dtype", "low", "high", "shape", "suffix", "said"),
    [
        ("uint8", 0, 16, (8, 10), ".png", "grey, in 2"),
        ("uint8", 0, 1, (8, 10), ".png", "grey, in 2"),
        ("uint16", 0, 4080, (8, 10), ".png", "grey, 16 bits, in 2"),
        ("uint16", 0, 4080, (8, 10, 3), ".png", "RGB, 16 bits, in 2"),
        ("int16", -1024, 3056, (8, 10), ".tif", "grey, int16, in 2"),
        ("float32", 0, 0.0625, (8, 10), ".tif", "grey, float32, in 2"),
    ],
)
def test_samples_have_the_depth_and_the_range_of_the_files(
    tmp_path, monkeypatch, dtype, low, high, shape, suffix, said
):
    monkeypatch.chdir(tmp_path)
    X = np.random.default_rng(0).uniform(low, high, (12, *shape))
    X = (np.rint(X) if dtype != "float32" else X).astype(dtype)
    X[:, 0], X[:, 1] = low, high
    write_image_folder(X, ["a"] * 8 + ["b"] * 4, "scans", value_range="keep")
    assert said in run("train", "scans", *QUICK).stderr
    run("sample", "scans.safetensors", "-n", 9)
    made, _ = read_image_folder("scans_synthetic")
    assert {file.suffix for file in Path("scans_synthetic").rglob("*_0*")} == {suffix}
    assert made.dtype == dtype
    assert made.shape == (9, *shape)
    assert low <= made.min() < made.max() <= high
    run("augment", "scans", "--model", "scans.safetensors")
    both, labels = read_image_folder("scans_augmented")
    assert both.dtype == dtype
    assert labels.tolist() == ["a"] * 8 + ["b"] * 8
    assert f"{dtype} from {low} to {high}" in " ".join(run("inspect", "scans.safetensors").stdout.split())
    said = run("train", "scans_augmented", *QUICK, "-o", "again.safetensors").stderr
    assert "images that ganaug made (4, such as" in said


def test_float_colours_of_a_model_become_8_bits(folder):
    images = np.random.default_rng(0).uniform(0, 4095, (12, 8, 10, 3))
    save_model("new.safetensors", images, np.arange(12) % 2, architecture="mlp")
    run("sample", "new.safetensors", "-n", 9)
    X, _ = read_image_folder("new_synthetic")
    assert (X.shape, X.dtype) == ((9, 8, 10, 3), np.uint8)
    assert X.max() > 127


def test_a_folder_that_holds_files_is_kept_unless_forced(folder):
    Path("new").mkdir()
    Path("new/mine.txt").write_text("precious")
    said = run("sample", MODEL, "-o", "new", code=DATA).stderr
    assert "new' holds files already, and none that ganaug wrote there" in said and "(--force)" in said
    assert contents("new") == {"mine.txt": b"precious"}
    run("sample", MODEL, "-n", 2, "-o", "new", "--force")
    assert contents("new")["mine.txt"] == b"precious"


def test_seed_and_latent_scale_decide_the_samples(folder):
    def made(*arguments):
        run("sample", MODEL, "-n", 6, "-o", "new", "--force", *arguments)
        return contents("new")

    plain, again, wide, other = made(), made("--latent-scale", 1), made("--latent-scale", 3), made("--seed", 9)
    assert plain == again
    assert wide != plain != other


def test_latent_scale_holds_for_tables_and_by_default_is_the_models(folder):
    save_table_model("t", latent_scale=2.0)
    plain, same, other = (
        run("sample", "t", "-n", 9, "-o", "-", *arguments).stdout
        for arguments in ([], ["--latent-scale", 2], ["--latent-scale", 1])
    )
    assert plain == same != other


@pytest.mark.promise("class names")
def test_class_names_never_choose_a_path(folder):
    save_image_model("m", ("../../out", "/tmp/x"))
    run("sample", "m", "--class", "../../out=2", "--class", "/tmp/x=1", "-o", "deep/new", code=DATA)
    Path("deep").mkdir()
    before = contents(folder)
    run("sample", "m", "--class", "../../out=2", "--class", "/tmp/x=1", "-o", "deep/new")
    added = set(contents(folder)) - set(before)
    assert len(added) == 5  # with classes.json and _ganaug.json
    assert all(name.startswith("deep/new/") for name in added)
    assert sorted(read_image_folder("deep/new")[1]) == ["../../out", "../../out", "/tmp/x"]


def test_channels_that_a_png_file_cannot_hold_are_mentioned(folder):
    save_image_model("m", channels=5)
    assert "5 channels, and a file holds the first of them, as grey" in run("sample", "m", "-n", 2, "-o", "new").stderr
    save_image_model("m", channels=3)
    assert "channels" not in run("sample", "m", "-n", 2, "-o", "new", "--force").stderr


def test_the_same_command_makes_the_images_that_are_missing(folder):
    command = ("sample", MODEL, "-n", 10, "--shard-rows", 4, "--jobs", 1, "-o", "new")
    assert "10 synthetic images: new" in run(*command).stderr
    before = contents("new")
    next(Path("new").rglob("*.png")).unlink()
    run(*command)
    assert contents("new") == before
    assert "differs in the seed" in run(*command, "--seed", 9, code=DATA).stderr


# inspect


def test_inspect_shows_images_networks_and_classes(trained):
    shown = " ".join(run("inspect", trained[0] / MODEL).stdout.split())
    for text in (
        "kind of data image",
        "images 8 x 10, grey, uint8 from 0 to 255",
        "networks mlp, width 32",
        "training images 14,",
        "training 2 steps",
        "too few images to hold any out",
        "a 64.29%",
    ):
        assert text in shown
    assert "columns" not in shown


def test_inspect_as_json_has_what_the_encoder_learned(trained):
    facts = json.loads(run("inspect", trained[0] / MODEL, "--json").stdout)
    assert facts["modality"] == "image"
    assert (facts["images"]["height"], facts["images"]["width"], facts["images"]["channels"]) == (8, 10, 1)
    assert facts["networks"]["kind"] == "mlp"
    assert [one["label"] for one in facts["classes"]] == ["a", "b"]
    assert facts["steps"] == 2
    assert "columns" not in facts


# augment


def counts(root):
    return dict(Counter(read_image_folder(root)[1].tolist()))


@pytest.mark.filterwarnings("ignore:13 of 18 images .* are grey")
def test_augment_copies_the_real_files_and_balances_the_classes(folder):
    Path("digits/b/more").mkdir()
    Path("digits/b/0.png").rename("digits/b/more/photo.PNG")
    make_image(Path("digits/a/0.png").replace("digits/a/0.BMP"), mode="RGB")
    Path("digits/a/notes.txt").touch()
    Path("digits/.hidden").mkdir()
    Path("digits/.hidden/1.png").touch()
    before = contents("digits")
    done = run("augment", "digits/", "--balance", *QUICK)
    after = contents("digits_augmented")
    real = {name: data for name, data in before.items() if name not in ("a/notes.txt", ".hidden/1.png")}
    synthetic = sorted(set(after) - set(real))
    assert {name: after[name] for name in real} == real
    assert synthetic == [f"b/synthetic_{i:06d}.png" for i in (1, 2, 3, 4)]
    assert counts("digits_augmented") == {"a": 9, "b": 9}
    assert "synthetic images added: b +4" in done.stderr
    assert done.stderr.splitlines()[-1] == "folder: digits_augmented (14 real images, 4 synthetic)"
    assert contents("digits") == before
    assert not list(folder.glob("*.checkpoint"))


def test_augment_with_a_model_trains_nothing_and_replaces_what_it_left(folder, monkeypatch):
    monkeypatch.setattr(GANAugmenter, "fit", None)
    command = ("augment", "digits", "--model", MODEL)
    run(*command, "-o", "one/")
    one = contents("one")
    assert counts("one") == {"a": 9, "b": 9}
    assert "'one' holds files" in run(*command, "-o", "one", code=USAGE).stderr
    Path("one/b/mine.txt").touch()
    Path("one/a/synthetic_000007.png").touch()
    run(*command, "-o", "one", "--force", "--seed", 8)
    again = contents("one")
    assert set(again) == {*one, "b/mine.txt"}
    assert again["b/synthetic_000001.png"] != one["b/synthetic_000001.png"]


def test_augment_keeps_the_model_if_asked_and_follows_the_strategy(folder):
    done = run("augment", "digits", "--strategy", "0.8", "--save-model", "m.safetensors", "--preview", "pv", *QUICK)
    assert "model: m.safetensors" in done.stderr
    assert len(list(Path("digits_augmented/b").iterdir())) == 7
    assert GANAugmenter.load("m.safetensors").sampling_strategy == 0.8
    assert len(list(Path("pv").iterdir())) >= 1


def test_classes_called_otherwise_than_their_folder_stay_where_they_are(folder):
    Path("digits/classes.json").write_text(json.dumps({"b": "a/b"}))
    run("augment", "digits", "--balance", *QUICK)
    assert {path.name for path in Path("digits_augmented").iterdir()} == {"a", "b", "classes.json"}
    assert len(list(Path("digits_augmented/b").glob("synthetic_*.png"))) == 4
    assert sorted(set(read_image_folder("digits_augmented")[1])) == ["a", "a/b"]


def test_real_files_keep_their_size_when_images_are_resized(folder):
    run("augment", "digits", "--balance", "--size", 12, *QUICK)
    for name, size in (("synthetic_000001", (12, 12)), ("1", (10, 8))):
        with Image.open(f"digits_augmented/b/{name}.png") as image:
            assert image.size == size


@pytest.mark.parametrize("command", ["train {} -o new", "augment {} --balance -o new", "report {}"])
def test_images_that_ganaug_made_are_never_taken_for_real_ones(folder, monkeypatch, command):
    learned = []

    def interrupt(self, X, y):
        learned.append(Counter(y.tolist()))
        raise KeyboardInterrupt

    run("augment", "digits", "--model", MODEL)
    run("sample", MODEL, "-n", 6, "-o", "made")
    for i, file in enumerate(sorted(Path("made").rglob("*.png"))):
        shutil.copy(file, f"digits_augmented/b/photo {i}.png")  # known by the mark, whatever its name
    monkeypatch.setattr(GANAugmenter, "fit", interrupt)
    done = run(*command.format("digits_augmented").split(), code=130)
    assert "images that ganaug made (10, such as 'b/photo 0.png')" in done.stderr
    assert "14 images of 8 x 10, grey, in 2 classes: a 9, b 5" in done.stderr
    assert learned == [{"a": 9, "b": 5}]


def test_a_folder_of_synthetic_images_alone_is_refused(folder):
    run("sample", MODEL, "-n", 6, "-o", "made")
    done = run("train", "made", "-o", "new", code=DATA)
    assert re.search(r"class folder 'made/a' has only images that ganaug made", done.stderr)


def test_what_is_augmented_again_holds_no_old_synthetic_images(folder):
    run("augment", "digits", "--model", MODEL)
    run("augment", "digits_augmented", "--model", MODEL, "--seed", 9, "-o", "again")
    assert counts("again") == {"a": 9, "b": 9}
    made = "b/synthetic_000001.png"
    assert contents("again").keys() == contents("digits_augmented").keys()
    assert contents("again")[made] != contents("digits_augmented")[made]


@pytest.fixture
def quick_networks(monkeypatch):
    """Let the networks that measure be done in a moment."""
    for name, network in classifiers._NETWORKS.items():
        monkeypatch.setitem(classifiers._NETWORKS, name, clone(network).set_params(steps=2))


def test_augment_adds_the_share_that_was_chosen_and_says_so(folder, choosing, quick_networks):
    choosing(0.5)
    done = run("augment", "digits", "--jobs", 1, "--save-model", "m.safetensors", *QUICK)
    assert "choosing the share of synthetic images on held-out images" in done.stderr
    assert "share chosen: 50 % synthetic, in the proportions of the classes (ROC AUC" in done.stderr
    assert re.search(r"on held-out images \d\.\d{3} against \d\.\d{3} without\)", done.stderr)
    assert done.stderr.splitlines()[-1] == "folder: digits_augmented (14 real images, 14 synthetic)"
    assert counts("digits_augmented") == {"a": 18, "b": 10}
    assert GANAugmenter.load("m.safetensors").model_.facts["n_rows"] == 14


def test_where_nothing_helps_the_images_are_copied_and_nothing_is_added(folder, choosing, quick_networks):
    choosing(0.0)
    done = run("augment", "digits", "--jobs", 1, "--save-model", "m.safetensors", *QUICK)
    assert "no synthetic images: none of the shares tried did better" in done.stderr
    assert "the images are written as they were" in done.stderr
    assert contents("digits_augmented") == contents("digits")
    assert not Path("m.safetensors").exists()


def test_options_reach_the_sampler_that_chooses(folder, monkeypatch):
    made = []

    def interrupt(self, X, y):
        made.append(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(TunedAugmenterCV, "fit_resample", interrupt)
    run("augment", "digits", "--classifier", "cnn", "--seed", 4, "--augmentation", "flip", *QUICK, code=130)
    tuned = made[0]
    assert (tuned.classifier, tuned.random_state) == (["cnn"], 4)
    assert (tuned.augmenter.augmentation, tuned.augmenter.architecture) == (["flip"], "mlp")


def test_a_link_in_the_output_leads_nowhere(folder):
    Path("out").mkdir()
    Path("elsewhere").mkdir()
    Path("out/b").symlink_to(folder / "elsewhere", target_is_directory=True)
    done = run("augment", "digits", "--model", MODEL, "-o", "out", "--force", code=DATA)
    assert "'out/b' leads to another place" in done.stderr
    assert list(Path("elsewhere").iterdir()) == []
    Path("out/b").unlink()
    Path("out/b").mkdir()
    Path("mine.png").write_text("precious")
    Path("out/b/1.png").symlink_to(folder / "mine.png")
    run("augment", "digits", "--model", MODEL, "-o", "out", "--force")
    assert Path("mine.png").read_text() == "precious"


def test_a_folder_that_changes_meanwhile_is_not_mixed_up(folder, monkeypatch):
    resample = GANAugmenter.resample

    def meanwhile(self, X, y):
        make_image(Path("digits/a/new.png"))
        return resample(self, X, y)

    monkeypatch.setattr(GANAugmenter, "resample", meanwhile)
    assert "'digits' changed while it was in use" in run("augment", "digits", "--model", MODEL, code=DATA).stderr


# folders as people have them


def make_parts(root):
    make_folder(root / "train", {"a": 9, "b": 5})
    make_folder(root / "val", {"a": 3, "b": 3})
    make_folder(root / "test", {"a": 2, "b": 2})
    return root


@pytest.mark.parametrize("command", ["train {} -o new", "augment {} --balance -o new", "report {}"])
def test_every_command_learns_from_the_training_part_and_says_so(folder, asked, command):
    make_parts(folder / "pets")
    done = run(*command.format("pets").split(), code=130)
    assert "warning: Only the part 'train' of 'pets' is read; left out: 'test', 'val'; " in done.stderr
    assert "14 images of 8 x 10, grey, in 2 classes: a 9, b 5" in done.stderr
    run(*command.format("pets").split(), "--split", "val", "--force", code=130)
    assert [len(y) for _, _, y in asked] == [14, 6]


def test_synthetic_images_are_written_into_the_training_part_alone(folder):
    make_parts(folder / "pets")
    done = run("augment", "pets", "--balance", *QUICK)
    made = {path.parent.relative_to("pets_augmented").as_posix() for path in Path("pets_augmented").rglob("synth*")}
    assert made == {"train/b"}
    assert contents("pets").items() <= contents("pets_augmented").items()
    assert "folder: pets_augmented (14 real images, 4 synthetic)" in done.stderr


def make_flat(root):
    """Write images into one folder, and a table of their labels beside them."""
    for i in range(14):
        make_image(root / f"{i:03d}.png", 2 + 3 * (i > 8), seed=i)
    rows = "".join(f"{i:03d},{'b' if i > 8 else 'a'},{i % 3}\n" for i in range(14))
    Path("labels.csv").write_text(f"id,kind,site\n{rows}")


def test_labels_may_come_from_a_table(folder):
    make_flat(folder / "flat")
    refused = run("train", "flat", code=DATA)
    assert re.search(r"'flat' has no class folders; '.*labels.csv' names its images.*\(--labels\)", refused.stderr)
    run("train", "flat", "--labels", "labels.csv", "--label-column", "kind", *QUICK)
    assert GANAugmenter.load("flat.safetensors").classes_.tolist() == ["a", "b"]
    run("augment", "flat", "--labels", "labels.csv", "--label-column", "kind", "--balance", *QUICK)
    assert counts("flat_augmented") == {"a": 9, "b": 9}


def test_damaged_files_are_all_named_or_left_out_and_counted(folder):
    for name in ("a/1.png", "a/2.png", "b/3.png"):
        cut(f"digits/{name}")
    done = run("train", "digits", "-o", "new", code=DATA)
    assert len(done.stderr.splitlines()) == 1
    assert "3 of 14 image files cannot be used" in done.stderr
    assert "'digits/a/1.png' cannot be read" in done.stderr
    assert all(f"'digits/{name}'" in done.stderr for name in ("a/1.png", "a/2.png", "b/3.png"))
    done = run("augment", "digits", "--model", MODEL, "--skip-damaged")
    assert "warning: Left out of 'digits': damaged files (3 of 14): 'digits/a/1.png' cannot be read" in done.stderr
    assert "11 images of 8 x 10, grey, in 2 classes: a 7, b 4" in done.stderr
    assert counts("digits_augmented") == {"a": 7, "b": 7}


def test_filters_are_not_spoken_of_where_there_are_none(folder, monkeypatch):
    monkeypatch.setattr("ganaug.image.classifier.default_steps", lambda *_: 2)
    command = ["train", "digits", "-o", "new", "--max-steps", 2, "--architecture", "mlp"]
    assert "fitting the filters" not in run(*command, "--filters", "none").stderr
    assert "fitting the filters" in run(*command, "--filters", "label_agreement", "--force").stderr


# report


@pytest.mark.slow
def test_report_measures_on_images_and_writes_a_page(folder, quick_networks, monkeypatch):
    monkeypatch.setattr(ganaug, "gain_report", partial(ganaug.gain_report, fidelity=False))  # which takes long
    make_folder("many", {"a": 12, "b": 9})
    brief = ["--classifier", "cnn", "--folds", 2, "--jobs", 1, "--balance", "--metric", "accuracy"]
    done = run("report", "many/", *brief, "--json", "gain.json", *QUICK)
    design = json.loads(Path("gain.json").read_text(encoding="utf-8"))["design"]
    assert (design["name"], design["folds"]) == ("many", 2)
    assert "augmented" in done.stdout
    assert "page: many_gain.html" in done.stderr
    assert "ganaug report many/ --classifier cnn" in Path("many_gain.html").read_text(encoding="utf-8")


def test_options_reach_gain_report(folder, monkeypatch):
    calls = []

    def interrupt(augmenter, X, y, **options):
        calls.append((augmenter, X.shape, options))
        raise KeyboardInterrupt

    monkeypatch.setattr(ganaug, "gain_report", interrupt)
    run("report", "digits", "--size", 9, "--share", 0.3, "--classifier", "cnn, affine", "--full", *QUICK, code=130)
    run("report", "digits", "--full", *QUICK, code=130)
    brief = run("report", "digits", code=130)
    (plain, shape, options), (tuned, _, usual), (small, _, quick) = calls
    assert shape == (14, 9, 9)
    assert (plain.architecture, options["synthetic_fraction"]) == ("mlp", 0.3)
    assert (options["classifier"], options["groups"]) == (["cnn, affine"], None)
    assert (type(tuned), usual["classifier"], usual["cv"]) == (TunedAugmenterCV, None, 5)
    assert (tuned.augmenter.max_seconds, tuned.augmenter.filters) == (None, None)

    # Without --full there is a budget, which is said before anything is trained
    said = [line.split(":")[0] for line in brief.stderr.splitlines()]
    assert said[:2] == ["14 images of 8 x 10, grey, in 2 classes", "budget"]
    assert (quick["cv"], list(quick["classifier"]), quick["fidelity"]) == (3, ["cnn, affine"], False)
    network = quick["classifier"]["cnn, affine"]
    assert (network.augmentation, network.steps, small.classifier.keys()) == ("affine", 100, {"cnn, affine"})
    assert (small.augmenter.max_steps, small.augmenter.filters) == (187, None)


def plan(n=45, side=12, **options):
    images = folders.ImageFolder("", np.zeros((n, side, side), np.uint8), np.arange(n) % 2)
    usual = {"minutes": None, "folds": None, "classifiers": [], "balance": False, "share": None}
    return budget.plan_budget(images, usual | options)


def test_few_images_need_less_than_the_budget_and_many_or_large_ones_get_fewer_steps():
    small, many, large = plan(folds=2), plan(5000, 16), plan(5000, 64)
    assert (small.network_steps, small.generator_steps) == (100, 335)
    assert small.minutes < 1
    assert plan(minutes=60) == plan()
    assert large.network_steps < many.network_steps < plan(5000, 16, minutes=60).network_steps == 800
    assert large.generator_steps < many.generator_steps
    assert [round(one.minutes) for one in (many, large, plan(5000, 64, minutes=20))] == [5, 5, 20]


def test_what_is_named_stays_within_a_budget(folder, monkeypatch):
    calls = []
    monkeypatch.setattr(ganaug, "gain_report", lambda *args, **options: calls.append((args[0], options)) or 1 / 0)
    command = ["report", "digits", "--folds", 4, "--classifier", "cnn", "--max-steps", 9]
    run(*command, "--filters", "label_agreement", "--share", 0.5, code=DATA)
    (augmenter, options), *_ = calls
    assert (augmenter.max_steps, augmenter.filters) == (9, ["label_agreement"])
    assert (options["cv"], list(options["classifier"])) == (4, ["cnn"])


# what bad input gets


def bomb(path):
    """A PNG file of a few bytes that claims 40,000 pixels a side."""

    def chunk(kind, data=b""):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", 40_000, 40_000, 8, 0, 0, 0, 0)
    Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT") + chunk(b"IEND"))


def animate(path):
    frames = [Image.new("L", (10, 8), value) for value in (0, 100, 200)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def cut(path):
    Path(path).write_bytes(Path(path).read_bytes()[:-30])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda: make_image(Path("digits/b/x.png"), shape=(9, 10)), r"8 x 10 .*'digits/b/x.png' has 9 x 10.*--size"),
        (lambda: make_image(Path("digits/a/x.png"), shape=(300, 10)), r"a/x.png'.*300 x 10.*8 to 256.*--size"),
        (lambda: cut("digits/b/1.png"), r"'digits/b/1.png' cannot be read as an image"),
        (lambda: Path("digits/b/1.jpg").write_text("no image"), r"'digits/b/1.jpg' cannot be read as an image"),
        (lambda: animate("digits/b/x.tif"), r"'digits/b/x.tif'.*animated or holds several"),
        (lambda: bomb("digits/b/x.png"), r"'digits/b/x.png'.*(4096 a side|bomb)"),
        (lambda: Path("digits/c").mkdir(), r"class folder 'digits/c' has no image files"),
        (lambda: shutil.rmtree("digits/b"), r"'digits' has only the class folder 'a'"),
        (lambda: Path("digits/classes.json").write_text("["), r"'digits/classes.json' is not a JSON object"),
    ],
    ids=["mixed sizes", "too large", "cut", "no image", "animated", "bomb", "empty class", "one class", "names"],
)
@pytest.mark.parametrize("command", ["train digits -o new", "augment digits -o new --balance", "report digits"])
def test_a_folder_that_cannot_be_read_is_refused_before_training(folder, asked, command, spoil, sentence):
    spoil()
    done = run(*command.split(), code=DATA)
    assert len(done.stderr.splitlines()) == 1
    assert re.search(rf"^ganaug: .*{sentence}", done.stderr)
    assert asked == []
    assert not Path("new").exists()


def test_a_class_of_one_image_is_refused_or_left_out(folder):
    make_image(Path("digits/rare/1.png"))
    done = run("train", "digits", "-o", "new", *QUICK, code=DATA)
    assert re.search(r"'rare' has 1 .*--skip-rare", done.stderr)
    run("train", "digits", "-o", "new", *QUICK, "--skip-rare")
    assert "not learned" in run("inspect", "new").stdout


MISTAKES = [
    ("train digits --target a -o new", USAGE, r"--target is for tables, and 'digits' is a folder of images"),
    ("train digits --exclude a -o new", USAGE, r"--exclude is for tables"),
    ("train digits --separator ; -o new", USAGE, r"--separator is for tables"),
    ("train digits --kind a=numeric -o new", USAGE, r"--kind is for tables"),
    ("train t.csv --size 8 -o new", USAGE, r"--size is for folders of images, and 't.csv' is none"),
    ("train t.csv --preview pv -o new", USAGE, r"--preview is for folders of images"),
    ("train t.csv --augmentation flip -o new", USAGE, r"--augmentation is for folders of images"),
    ("train t.csv --architecture mlp -o new", USAGE, r"--architecture is for folders of images"),
    ("train - --size 8 -o new", USAGE, r"--size is for folders of images, and '-' is none"),
    ("train nowhere/ --size 8 -o new", USAGE, r"--size is for folders of images, and 'nowhere/' is none"),
    ("train digits --size 7 -o new", USAGE, r"--size.*'7' is neither HxW.*8 to 256"),
    ("train digits --size 8x257 -o new", USAGE, r"--size.*'8x257' is neither"),
    ("train digits --size 8x -o new", USAGE, r"--size.*'8x' is neither"),
    ("train digits --augmentation flop -o new", USAGE, r"--augmentation.*'flop' is none of auto, none, flip"),
    ("train digits --architecture gan -o new", USAGE, r"--architecture.*'gan'.*'dcgan'"),
    ("train digits --filters density_ratio -o new", USAGE, r"'label_agreement' for image data.*'density_ratio'"),
    ("train digits", USAGE, r"'digits.safetensors' exists.*--force"),
    ("train digits -o digits", USAGE, r"'digits' is a folder; name a file in it"),
    ("train digits -o new --preview digits/shown", USAGE, r"'digits/shown' overlaps with 'digits', which is read"),
    ("train digits -o new --preview t.csv", USAGE, r"local folder, not to 't.csv'; name one with --preview"),
    ("train digits -o new --preview no/where", DATA, r"folder of 'no/where' does not exist"),
    ("sample digits.safetensors --spreadsheet-safe -o new", USAGE, r"--spreadsheet-safe is for tables"),
    ("sample digits.safetensors -o new.csv", USAGE, r"Images go to a local folder, not to 'new.csv'"),
    ("sample digits.safetensors -o new.csv.gz", USAGE, r"Images go to a local folder"),
    ("sample digits.safetensors -o new.png", USAGE, r"Images go to a local folder"),
    ("sample digits.safetensors -o t.csv --force", USAGE, r"Images go to a local folder, not to 't.csv'"),
    ("sample digits.safetensors -o -", USAGE, r"Images go to a local folder, not to '-'"),
    ("sample digits.safetensors -o memory://new", USAGE, r"Images go to a local folder"),
    ("sample digits.safetensors -o no/where", DATA, r"folder of 'no/where' does not exist; create"),
    ("sample digits.safetensors --class c=1", USAGE, r"'c', but the classes of the model are 'a', 'b'"),
    ("sample digits.safetensors --latent-scale 0", USAGE, r"--latent-scale.*0"),
    ("sample t.safetensors -o digits", DATA, r"digits' holds files already, and none that ganaug wrote there"),
    ("sample t.safetensors -o new/ --where a=1", USAGE, r"--where is for a single file, and -o names a folder"),
    ("sample t.safetensors -o new/ --out-separator ;", USAGE, r"--out-separator is for a single file"),
    ("sample t.safetensors -o new.csv --jobs 2", USAGE, r"--jobs is for a folder, and -o names none"),
    ("augment digits --mark origin", USAGE, r"--mark is for tables"),
    ("augment digits --spreadsheet-safe", USAGE, r"--spreadsheet-safe is for tables"),
    ("augment digits --classifier cnn --classifier forest", USAGE, r"--classifier 'forest' is for tables"),
    ("report t.csv --classifier cnn", USAGE, r"--classifier 'cnn' is for folders of images, and 't.csv' is none"),
    ("augment t.csv --size 8", USAGE, r"--size is for folders of images"),
    ("augment digits -o digits/new", USAGE, r"'digits/new' overlaps with 'digits'"),
    ("augment digits -o . --force", USAGE, r"'.' overlaps with 'digits'"),
    ("augment digits -o digits --force", USAGE, r"'digits' overlaps with 'digits'"),
    ("augment digits -o new.csv", USAGE, r"Images go to a local folder, not to 'new.csv'"),
    ("augment digits --preview pv", USAGE, r"--preview shows a single training.*--balance"),
    ("augment digits --resume", USAGE, r"--resume continues a single training.*--balance"),
    ("augment digits --model digits.safetensors --preview pv", USAGE, r"--preview is for training"),
    ("augment digits --model digits.safetensors --architecture mlp", USAGE, r"--architecture is for training"),
    ("augment digits --model t.safetensors", USAGE, r"'t.safetensors' is a model of a table, and 'digits' holds im"),
    ("augment t.csv --model digits.safetensors", USAGE, r"is a model of images, and 't.csv' holds a table"),
    ("augment digits --model digits.safetensors --size 12", DATA, r"\(12, 12\).*\(8, 10\).*were learned"),
    ("augment digits --strategy 0.1 --model digits.safetensors", USAGE, r"the classes have 5 and 9 members"),
    ("augment three --strategy 0.5", USAGE, r"share for two classes, and 'three' has 3"),
    ("report digits --groups a", USAGE, r"--groups is for tables"),
    ("report digits --full --minutes 3", USAGE, r"--full has no limit, and --minutes is one"),
    ("report t.csv --minutes 3", USAGE, r"--minutes is for folders of images"),
    ("report t.csv --full", USAGE, r"--full is for folders of images"),
    ("train t.csv --labels l.csv -o new", USAGE, r"--labels is for folders of images"),
    ("train t.csv --split val -o new", USAGE, r"--split is for folders of images"),
    ("train t.csv --skip-damaged -o new", USAGE, r"--skip-damaged is for folders of images"),
    ("train digits --label-column x -o new", USAGE, r"name columns of a file of labels"),
    ("train digits --split val -o new", DATA, r"'digits' has no part 'val'; name one of 'a', 'b'"),
    ("train digits --labels no.csv -o new", DATA, r"labels 'no.csv' cannot be read \(No such file"),
    ("report digits --preview pv", USAGE, r"No such option.*--preview"),
    ("report t.csv --size 9", USAGE, r"--size is for folders of images"),
]


@pytest.fixture(scope="module")
def files(trained, tmp_path_factory):
    place = tmp_path_factory.mktemp("mistakes")
    shutil.copytree(trained[0] / "digits", place / "digits")
    shutil.copy(trained[0] / MODEL, place / MODEL)
    make_folder(place / "three", {"a": 2, "b": 2, "c": 2})
    save_table_model(place / "t.safetensors")
    write_table(pd.DataFrame({"x": np.arange(40) / 3, "y": np.arange(40) % 2}), place / "t.csv")
    return place


@pytest.mark.promise("mistakes")
@pytest.mark.parametrize(("line", "code", "sentence"), MISTAKES, ids=[line for line, _, _ in MISTAKES])
def test_a_mistake_gets_one_sentence(files, monkeypatch, line, code, sentence):
    monkeypatch.chdir(files)
    before = contents(files)
    result = CliRunner().invoke(cli, line.split())
    spoken = [text for text in result.stderr.splitlines() if " images of " not in text]
    assert len(spoken) == 1, result.stderr
    assert re.search(rf"^ganaug: .*{sentence}", spoken[0]), spoken[0]
    assert "unexpected" not in spoken[0]
    assert result.exit_code == code
    assert result.stdout == ""
    assert contents(files) == before
