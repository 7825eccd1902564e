"""The page in a real browser: it loads nothing, overflows nowhere, and can be read in the dark, on paper and aloud.

Needs Chromium (``apt-get install chromium``) and Playwright (the extra ``browser``); ``make test-browser`` runs it.
"""

from __future__ import annotations

import itertools
import shutil

import pytest
from report_examples import EXAMPLES

from ganaug.gain.page import render

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1280, "height": 900}}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: apt-get install chromium"),
]

# The least contrast of any text with what is behind it, as WCAG 2.2 defines it, and the text that has it.
CONTRAST = """() => {
  const parse = colour => (colour.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(at).backgroundColor);
      if (a > 0.99) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const light = rgb => {
    const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let worst = [100, ""];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.data.trim() || !parent.checkVisibility() || parent.closest("style, defs")) continue;
    const style = getComputedStyle(parent);
    const colour = parent.closest("svg") ? style.fill : style.color;
    const pair = [light(parse(colour).slice(0, 3)), light(behind(parent))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < worst[0]) worst = [ratio, `${parent.tagName} ${node.data.trim().slice(0, 40)} ${colour}`];
  }
  return worst;
}"""


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is missing: pip install ganaug[browser]")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name, make in EXAMPLES.items():
        (folder / f"{name}.html").write_text(render(make()), encoding="utf-8")
    return folder


@pytest.fixture
def visit(browser, files):
    """visit(name, size, scheme) opens a page; what it asked for and complained of is on `.asked` and `.said`."""
    contexts = []

    def open_page(name, size="desktop", scheme="light"):
        contexts.append(browser.new_context(viewport=SIZES[size], color_scheme=scheme))
        page = contexts[-1].new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto((files / f"{name}.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", EXAMPLES)
def test_page_asks_for_nothing_and_the_console_stays_empty(visit, name):
    page = visit(name)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    page.wait_for_timeout(100)
    assert [url for url in page.asked if not url.startswith("data:")] == [page.url]
    assert page.said == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_page_never_scrolls_sideways(visit, name, size):
    page = visit(name, size)
    for opened in (False, True):
        page.evaluate("open => document.querySelectorAll('details').forEach(details => details.open = open)", opened)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SIZES[size]["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["helps", "hurts", "rare", "failing"])
def test_text_stands_out_from_what_is_behind_it(visit, name, scheme):
    page = visit(name, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    ratio, where = page.evaluate(CONTRAST)
    assert ratio >= 4.5, where


def test_dark_mode_is_dark_and_light_mode_light(visit):
    def background(scheme):
        colour = visit("helps", scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour.strip("rgb()").split(","))

    assert background("dark") < 150
    assert background("light") > 650


def test_drawings_change_their_colours_with_the_page(visit):
    ink = "getComputedStyle(document.querySelector('svg text')).fill"
    assert visit("helps", scheme="dark").evaluate(ink) != visit("helps", scheme="light").evaluate(ink)


def test_text_in_drawings_can_be_read_on_a_phone(visit):
    smallest = """() => Math.min(...[...document.querySelectorAll('svg text')].map(text => {
        const svg = text.ownerSVGElement, scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
        return parseFloat(getComputedStyle(text).fontSize) * scale;
    }))"""
    for name in ("helps", "rare"):
        assert visit(name, "phone").evaluate(smallest) >= 9


def test_no_label_leaves_its_card(visit):
    outside = """() => [...document.querySelectorAll('svg text')].filter(text => {
        const own = text.getBoundingClientRect(), card = text.closest('figure').getBoundingClientRect();
        return own.left < card.left - 1 || own.right > card.right + 1;
    }).map(text => text.textContent)"""
    for name in ("helps", "hurts", "cannot_tell", "rare", "failing"):
        assert visit(name, "phone").evaluate(outside) == []


@pytest.mark.parametrize("name", ["helps", "failing", "minimal"])
def test_paper_shows_everything_in_black_on_white(visit, name):
    page = visit(name, scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("[...document.querySelectorAll('details table')].every(table => table.checkVisibility())")
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("name", EXAMPLES)
def test_headings_are_in_order_and_images_have_names(visit, name):
    page = visit(name)
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(heading => +heading.tagName[1])")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    images = page.get_by_role("img").all()
    assert images
    assert all(image.get_attribute("aria-label") for image in images)
    for landmark in ("main", "navigation", "banner", "contentinfo"):
        assert page.get_by_role(landmark).count() == 1


def test_what_strangers_wrote_does_not_run(visit):
    page = visit("hostile")
    page.wait_for_timeout(200)
    assert page.evaluate("window.stolen") is None
    assert page.evaluate("document.querySelectorAll('script, iframe, img').length") == 0
    assert "<script>window.stolen = 1</script>" in page.inner_text("main")


def test_keyboard_reaches_and_opens_what_is_folded(visit):
    page = visit("helps")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "verdict"
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")
    page.keyboard.press("Tab")
    assert "table" in page.evaluate("document.activeElement.innerHTML")


def test_wide_table_scrolls_in_its_own_box(visit):
    page = visit("helps", "phone")
    box = page.locator("#metrics ~ .scroll").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    assert box.evaluate("box => { box.scrollLeft = 50; return box.scrollLeft; }") == 50
