"""Make the pictures of README.md and of the start page: ``python -m benchmarks.pictures [report] [digits]``.

* ``docs/images/report.png``: the top of the gain report that the quick start of README.md makes, as Chromium shows it
  (``apt-get install chromium`` and ``pip install "ganaug[browser]"``). The verdict below it is written anew, too.
* ``docs/images/digits.png``: real digits above, synthetic ones of the same classes below, after a short training.

Both train for minutes.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FOLDER = ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
COLUMNS = 20  # digits in a row of the strip
STEPS = 3000  # of the training on digits: half of the default
ZOOM, GAP, LABEL = 5, 6, 84  # pixels on the picture: of a pixel of a digit, between digits, for the names of rows
WIDTH, HEIGHT = 860, 580  # of the report, in pixels of the page; the picture has twice as many


def draw_digits(path: Path) -> None:
    """Train on the digits of scikit-learn, and write a strip of real and of synthetic ones."""
    from sklearn.datasets import load_digits

    from ganaug import GANAugmenter

    digits = load_digits()
    images, labels = np.uint8(digits.images * 15), digits.target
    augmenter = GANAugmenter(max_steps=STEPS, random_state=0).fit(images, labels)
    wanted = np.arange(COLUMNS) % 10
    rows = np.concatenate([np.flatnonzero(labels == label)[: COLUMNS // 10] for label in range(10)])
    real = images[rows].reshape(10, -1, 8, 8).swapaxes(0, 1).reshape(COLUMNS, 8, 8)  # 0 to 9, then again
    synthetic, _ = augmenter.sample(y=wanted)
    compose_strip({"real": real, "synthetic": synthetic}).save(path, optimize=True)


def compose_strip(rows: dict[str, np.ndarray]) -> Image.Image:
    """Return rows of small images, dark on white, each behind its name."""
    step, font = rows["real"].shape[1] * ZOOM + GAP, ImageFont.load_default(15)
    strip = Image.new("L", (LABEL + COLUMNS * step, GAP + len(rows) * (step + GAP)), 255)
    for i, (name, images) in enumerate(rows.items()):
        top = GAP + i * (step + GAP)
        ImageDraw.Draw(strip).text((GAP, top + step // 2), name, 60, font, anchor="lm")
        for j, image in enumerate(images):
            strip.paste(Image.fromarray(255 - image.repeat(ZOOM, 0).repeat(ZOOM, 1)), (LABEL + j * step, top))
    return strip


def draw_report(path: Path) -> None:
    """Run the quick start of the README, write its verdict there, and a picture of the top of its report."""
    from playwright.sync_api import sync_playwright

    code = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)[0]
    names: dict[str, Any] = {}
    exec(compile(code, README.name, "exec"), names)  # noqa: S102 - the README of this repository
    verdict = "\n".join(textwrap.wrap(names["report"].verdict, 95))
    text = README.read_text(encoding="utf-8")  # which may have changed in the meantime
    README.write_text(re.sub(r"(?<=^```text\n).*?(?=^```)", f"{verdict}\n", text, flags=re.DOTALL | re.M), "utf-8")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_path, shot = Path(folder, "gain.html"), Path(folder, "shot.png")
        names["report"].to_html(page_path)
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, BROWSERS)), None), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2)
        page.goto(page_path.as_uri())
        page.add_style_tag(content="nav { display: none }")  # links that a picture cannot follow, cut at its edge
        page.screenshot(path=shot)
        browser.close()
        Image.open(shot).convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(path, optimize=True)


def main() -> None:
    """Make the pictures that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="report, digits (default: both)")
    names = parser.parse_args().names or ["report", "digits"]
    FOLDER.mkdir(exist_ok=True)
    for name in names:
        {"report": draw_report, "digits": draw_digits}[name](FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
