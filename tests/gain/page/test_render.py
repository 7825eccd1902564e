"""The page says what was measured, needs nothing but itself, and shows whatever strangers wrote without running it."""

from __future__ import annotations

import copy
import itertools
import json
import re
import subprocess
import sys
import warnings

import matplotlib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_examples import EXAMPLES, HOSTILE, example, few, hostile, minimal, rare
from report_page import Page

from ganaug.errors import DataError
from ganaug.gain.page import render, write_page
from ganaug.gain.page.drawings import draw_whiskers
from ganaug.gain.page.units import page_unit
from ganaug.plots.text import format_compact, format_signed, make_printable, shorten
from ganaug.plots.whiskers import Whisker, axis_limits


class Kept(dict):
    """What `make(name)` gives, made when it is first asked for."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def __missing__(self, name):
        self[name] = self.make(name)
        return self[name]


@pytest.fixture(scope="module")
def htmls():
    return Kept(lambda name: render(EXAMPLES[name]()))


@pytest.fixture(scope="module")
def pages(htmls):
    return Kept(lambda name: Page(htmls[name]))


@pytest.fixture(params=list(EXAMPLES))
def page(request, pages):
    return pages[request.param]


@pytest.fixture(params=list(EXAMPLES))
def html(request, htmls):
    return htmls[request.param]


def test_every_tag_is_closed_in_order(page):
    assert page.faults == []
    assert page.open == []


def test_ids_are_unique_and_every_reference_leads_somewhere(page):
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a}
    wanted |= {a["href"][1:] for _, a in page.tags if a.get("href", "").startswith("#")}
    wanted |= {found for _, a in page.tags for found in re.findall(r"url\(#([^)]*)\)", a.get("clip-path") or "")}
    assert wanted <= set(ids)


def test_headings_begin_with_the_verdict_and_skip_no_level(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_drawing_has_a_name_and_a_table_of_its_numbers(page):
    drawings = page.all("svg")
    assert drawings
    for attributes in drawings:
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"]) > 20
    names = [tag for tag, _ in page.tags if tag in ("svg", "table", "figure")]
    figures = " ".join(names).split("figure")[1:]
    alone = [figure for figure in figures if "table" not in figure]
    assert len(alone) <= 1  # the one of the verdict, whose numbers stand beside it


def test_tables_have_captions_and_scopes(page):
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attributes.get("scope") in ("col", "row", "rowgroup") for attributes in page.all("th"))


def test_nothing_is_loaded_and_nothing_runs(html, page):
    assert {"script", "iframe", "img", "object", "embed", "form", "base", "video"} & {
        tag for tag, _ in page.tags
    } == set()
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcset", "xmlns")]
        assert attributes.get("href", "#").startswith(("#", "data:image/svg+xml,"))
        assert "javascript:" not in (attributes.get("href") or "")
    styles = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert len(styles) == 1
    assert "@import" not in styles[0]
    assert "url(" not in styles[0]
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_drawings_take_every_colour_from_the_page(html):
    for drawing in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        styles = re.findall(r'style="([^"]*)"', drawing)
        assert not [style for style in styles if re.search("#[0-9a-f]{3}", style)]
        assert any("var(--" in style for style in styles)


@pytest.mark.parametrize("kind", ["helps", "no_better", "hurts", "cannot_tell"])
def test_verdict_comes_first_with_its_interval(pages, kind):
    text = pages[kind].section_text("verdict")
    assert text.split("Against")[0].endswith(example(kind)["verdict"]["sentence"] + " ")
    assert re.search(r"Against real rows only \S+ points 95 % interval \S+ to \S+ Against SMOTE", text)
    assert list(pages[kind].sections)[:3] == ["top", "verdict", "meaning"]
    assert "10 folds" in text
    assert "3,333 rows, 19 features" in text


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("helps", "Add the synthetic rows when you train"),
        ("no_better", "Do not augment with this augmenter; where a difference is worth having, use SMOTE"),
        ("hurts", "Do not augment this table"),
        ("cannot_tell", "About 14,000 labelled rows would be needed"),
    ],
)
def test_page_says_what_to_do(pages, kind, advice):
    assert advice in pages[kind].section_text("meaning")


def test_the_page_names_the_rival_that_the_report_names_and_finds_it_in_older_reports():
    older = example("no_better")
    assert "rival" not in older["verdict"]
    named = example("no_better")
    named["verdict"]["rival"] = "smote"
    assert render(named) == render(older)
    named["verdict"]["rival"] = "real_only"
    assert "No better than real rows only" in Page(render(named)).section_text("verdict")


def test_a_page_on_which_nothing_was_learned_gives_no_advice_on_augmentation():
    report = example("cannot_tell")
    report["verdict"].update(chance=0.5, rows_needed=None)
    text = Page(render(report)).section_text("meaning")
    assert "Nothing was learned, neither from the real rows alone" in text and "Mend the classifier first" in text
    assert "Do not augment" not in text


def test_no_better_than_nothing_is_said_as_such():
    report = example("no_better")
    report["verdict"].update(difference=0.001, ci_low=-0.004, ci_high=0.004, control_difference=0.01)
    page = Page(render(report))
    assert "No better than real rows only" in page.section_text("verdict")
    assert "use SMOTE" not in page.section_text("meaning")


def test_difference_is_told_in_points_only_where_the_metric_has_them():
    assert page_unit("balanced_accuracy").signed(0.0519) == "+5.2"
    assert page_unit("neg_calibration_error").signed(-0.01) == "−1.0"
    assert page_unit("neg_log_loss").signed(-0.0519) == "−0.052"
    assert page_unit("recall[no]").interval(-0.1, 0.02) == "−10.0 to +2.0"
    assert page_unit("roc_auc").interval(None, 0.02) == "n/a"


def test_interval_is_read_out_in_words(pages):
    text = pages["helps"].section_text("differences")
    assert "Duplicated rows +0.2 −1.0 to +1.4 no clear difference" in text
    assert "Synthetic rows only −6.1 −7.3 to −4.9 lower" in text
    assert "Augmented +5.6 +4.4 to +6.8 higher" in text


def test_every_metric_and_arm_has_a_row_and_an_explanation(pages):
    metrics, glossary = pages["helps"].section_text("metrics"), pages["helps"].section_text("glossary")
    for name in ("Balanced accuracy", "Macro F1", "ROC AUC", "Log loss, negated", "SMOTE", "Class weights"):
        assert name in metrics
        assert name in glossary
    assert "leaves (mean of 4 classifiers)" in metrics
    assert "takes no class weights" in metrics


def test_choice_and_filters_are_told(pages):
    assert "No synthetic rows at all were chosen in 3 of 10 folds" in pages["helps"].section_text("choice")
    assert "Fold 0 0 1 0.851 0.862" in pages["helps"].section_text("filters")


def test_fidelity_has_the_hold_out_as_its_mark(pages):
    assert "Column shapes 0.048 0.021" in pages["helps"].section_text("fidelity")


def test_privacy_is_never_promised(pages):
    for name in ("helps", "minimal", "failing"):
        assert "Nothing is promised about privacy" in pages[name].section_text("privacy")
    text = pages["helps"].section_text("privacy")
    assert "The best of 4 attacks reaches a ROC AUC of 0.521 (95 % interval 0.496 to 0.546" in text


def test_failures_and_warnings_are_shown_and_announced(pages):
    text = pages["failing"].section_text("failures")
    assert "Fold 3 SMOTE all all SMOTE needs 6 rows" in text
    assert "all folds Augmented random_forest ROC AUC no predict_proba" in text
    assert "The column 'id' is an identifier" in text
    assert "2 parts of the measurement failed" in pages["failing"].section_text("meaning")
    assert "Nothing failed" in pages["helps"].section_text("failures")


def test_report_can_be_repeated_from_the_page(pages):
    text = pages["helps"].section_text("method")
    for part in (
        "gain_report(",
        "ganaug report churn.csv --seed 0",
        "scikit-learn 1.9.0",
        "5 splits × 2 repeats",
        "Seed 0",
    ):
        assert part in text


def test_what_was_not_measured_is_left_out_or_said_in_a_line(pages):
    assert not {"choice", "filters", "columns", "pairs", "training"} & set(pages["minimal"].sections)
    assert pages["minimal"].section_text("fidelity") == "How close the rows are Not measured."
    assert "Not measured." in pages["minimal"].section_text("privacy")


def test_long_report_stays_small_and_says_what_it_left_out(htmls, pages):
    assert len(htmls["huge"].encode()) < 3_000_000
    columns = pages["huge"].section_text("columns")
    assert "476 of 500 columns are not drawn" in columns
    assert all(f"a column with a rather long name {i} " in columns for i in range(500))
    assert len(pages["huge"].all("svg")) < 60


def test_more_than_fits_is_counted():
    report = few()
    row = report["rows"][-1]
    report["rows"] += [{**row, "classifier": f"another {i}", "metric": "balanced_accuracy"} for i in range(40)]
    text = Page(render(report)).text
    assert "22 of 42 classifiers are not drawn here; report.to_dict() has them all" in text
    assert "12 of 42 classifiers are not in each table" in text


def test_what_strangers_wrote_is_shown_and_adds_no_tag(htmls, pages):
    assert {tag for tag, _ in pages["hostile"].tags} <= {tag for tag, _ in pages["helps"].tags}
    for text in HOSTILE[:6]:
        assert " ".join(text.split()) in pages["hostile"].text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", htmls["hostile"])
    htmls["hostile"].encode("utf-8")


def test_worst_columns_come_first(pages):
    text = pages["helps"].section_text("columns")
    assert text.index("plan Error 0.180") < text.index("number vmail messages Error 0.142") < text.index("churn Error")


def dots(svg):
    """Shape ("round" or "pointed"), place and fill of every dot of a drawing, in order."""
    shapes = {
        name: "round" if "C" in path else "pointed" for name, path in re.findall(r'<path id="([^"]*)" d="([^"]*)', svg)
    }
    used = re.findall(r'<use href="#([^"]*)" x="([^"]*)"[^>]*style="fill: var\(--(ink|accent|card)\)', svg)
    return [(shapes[name], float(x), fill) for name, x, fill in used]


def test_dot_is_hollow_where_the_interval_covers_the_reference():
    rows = [Whisker("clear", 0.2, 0.1, 0.3), Whisker("open", 0.2, -0.1, 0.3), Whisker("unknown", 0.2)]
    assert [fill for _, _, fill in dots(draw_whiskers("name", "label", rows, "axis"))] == ["ink", "card", "card"]
    elsewhere = draw_whiskers("name", "label", rows, "axis", reference=0.25)
    assert [fill for _, _, fill in dots(elsewhere)] == ["card", "card", "card"]


def test_value_beyond_the_scale_becomes_an_arrow_at_its_end():
    rows = [Whisker("far", value, value - 0.1, value + 0.1) for value in (-5.0, -1.0, 1.0, 5.0)]
    below, low, high, above = dots(draw_whiskers("name", "label", rows, "axis", span=(-1.0, 1.0)))
    assert [dot[0] for dot in (below, low, high, above)] == ["pointed", "round", "round", "pointed"]
    assert below[1] == low[1] < high[1] == above[1]


def test_scale_shows_every_row_and_the_reference():
    low, high = axis_limits([Whisker("a", 0.2, 0.1, 0.3), Whisker("b", None)])
    assert low < 0 < 0.3 < high
    assert axis_limits([])[0] < 0 < axis_limits([])[1]


def test_dollar_signs_in_a_drawing_stay_as_they_are():
    svg = draw_whiskers("name", "label", [Whisker("$x^2$ & <b>", 0.1)], "axis")
    assert ">$x^2$ &amp; &lt;b&gt;</text>" in svg


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=30))
def test_any_text_may_be_a_name(pages, text):
    report = minimal()
    report["columns"] = few()["columns"]
    report["design"]["name"] = report["rows"][1]["classifier"] = report["columns"][0]["name"] = text
    report["columns"][2]["bins"][0] = text
    html = render(report)
    html.encode("utf-8")
    page = Page(html)
    assert page.faults == []
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in pages["helps"].tags}


TABLES = (
    "rows",
    "choice",
    "filters",
    "columns",
    "pairs",
    "fidelity",
    "privacy",
    "training",
    "verdict",
    "verdicts",
    "decisions",
    "calibration",
)


def without_numbers(value, every=1):
    """The value with every number that may be missing gone, or every second one."""
    gone = itertools.count()

    def walk(item, key=None):
        if isinstance(item, dict):
            return {name: walk(part, name) for name, part in item.items()}
        if isinstance(item, list):
            return [walk(part, key) for part in item]
        return None if isinstance(item, float) and key != "share" and next(gone) % every == 0 else item

    return walk(value)


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("table", TABLES)
def test_any_number_may_be_missing(table, every):
    report = rare() if table in ("rows", "decisions", "calibration", "verdict") else few()
    report[table] = without_numbers(report[table], every)
    page = Page(render(report))
    assert page.faults == []
    assert not re.search(r"\b(nan|None|inf)\b", page.text)


def test_same_dict_gives_the_same_page_whatever_was_set_elsewhere(htmls):
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "text.usetex": True, "svg.fonttype": "path"}):
        other = render(example("helps"))
        assert matplotlib.rcParams["font.size"] == 30
    assert other == htmls["helps"]
    assert dict(matplotlib.rcParams) == before


@pytest.mark.slow
def test_another_process_gives_the_same_page_without_pyplot(tmp_path, htmls):
    (tmp_path / "report.json").write_text(json.dumps(example("helps")), encoding="utf-8")
    code = """
import json, sys, pathlib
from ganaug.gain.page import write_page
early = {"jinja2", "matplotlib"} & set(sys.modules)
write_page(json.loads(pathlib.Path("report.json").read_text(encoding="utf-8")), "page.html")
print(sorted(early), "matplotlib.pyplot" in sys.modules)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[] False"
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == htmls["helps"]


def test_nothing_is_warned_of_for_letters_that_the_font_lacks():
    report = minimal()
    report["rows"][1]["arm"] = "姓名"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "姓名" in render(report)


def test_page_is_written_whole_and_replaces_the_old_one(tmp_path, htmls):
    path = tmp_path / "gain.html"
    path.write_text("old", encoding="utf-8")
    write_page(example("helps"), path)
    assert path.read_text(encoding="utf-8") == htmls["helps"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/gain.html", r"gain\.html' cannot be written \(No such file or directory\); check the place"),
        (".", "is a folder; name a file in it"),
        ("gain\x00.html", r"cannot be written \(.*\); choose another name"),
        ("g" * 300, r"cannot be written \(File name too long\); check the place, or choose another"),
    ],
)
def test_path_that_cannot_be_written_is_named_with_the_cure(tmp_path, name, message):
    with pytest.raises(DataError, match=message):
        write_page(minimal(), f"{tmp_path}/{name}")
    assert list(tmp_path.iterdir()) == []


def test_old_page_survives_a_report_that_cannot_be_shown(tmp_path):
    path = tmp_path / "gain.html"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(DataError, match="of format 1, not from a report of format 2"):
        write_page({**minimal(), "format": 2}, path)
    assert path.read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    ("report", "message"),
    [
        ({}, "not from dict; give it GainReport.to_dict"),
        ([1], "not from list"),
        ({"format": 1, "rows": []}, "no 'verdict' and no 'design'; give what GainReport"),
    ],
)
def test_what_is_no_report_is_refused(report, message):
    with pytest.raises(DataError, match=message):
        render(report)


def test_report_is_not_changed_by_showing_it():
    report = hostile()
    before = copy.deepcopy(report)
    render(report)
    assert report == before


@given(st.text(max_size=60), st.integers(3, 30))
def test_shortened_text_fits_and_keeps_its_ends(text, width):
    short = shorten(text, width)
    one_line = " ".join(text.split())
    assert len(short) <= width or short == one_line
    if "…" in short and short != one_line:
        head, tail = short.split("…", 1) if "…" not in one_line else (short[:1], short[-1:])
        assert one_line.startswith(head)
        assert one_line.endswith(tail)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0004, "0.000"),
        (-0.0004, "0.000"),
        (-0.0506, "−0.051"),
        (0.05, "+0.050"),
        (None, "n/a"),
        (float("nan"), "n/a"),
    ],
)
def test_difference_that_rounds_to_zero_has_no_sign(value, text):
    assert format_signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.25, "0.25"),
        (-3, "−3"),
        (9999, "9999"),
        (12000, "12k"),
        (3.4e6, "3.4M"),
        (2e9, "2G"),
        (1e-7, "1e−07"),
    ],
)
def test_axis_numbers_are_short(value, text):
    assert format_compact(value) == text


def test_unprintable_letters_are_replaced_wherever_they_are():
    assert make_printable({"a\x00": ["b\ud800", ("c\u202e", 1, None)]}) == {
        "a\ufffd": ["b\ufffd", ["c\ufffd", 1, None]]
    }
