"""Cards for notebooks are whole HTML, and show what strangers wrote without running it."""

from __future__ import annotations

from report_page import Page

from ganaug.plots.cards import make_card


def test_the_heading_comes_first_and_every_tag_is_closed():
    page = Page(make_card("It helps", ["A sentence."], [("rows", "569")], [("Drawing", "<svg></svg>")], "More."))
    assert page.faults == [] and page.open == []
    assert page.text == "It helps A sentence. rows 569 Drawing More."


def test_texts_are_escaped():
    bad = "<script>alert(1)</script>"
    page = Page(make_card(bad, [bad], [(bad, bad)], [(bad, "<svg></svg>")], bad))
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count(bad) == 6


def test_nothing_is_loaded():
    html = make_card("It helps")
    assert "url(" not in html and "@import" not in html and "http" not in html
