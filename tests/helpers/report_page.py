"""A report page as a browser would read it, for tests."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """What a page holds: its tags with their attributes, its text, and the text of each section."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.words, self.faults = [], [], [], []
        self.sections = {}
        self.section = "top"
        self.feed(html)
        self.close()
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "section":
            self.section = dict(attributes)["aria-labelledby"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        if not {"style", "title"} & set(self.open[-1:]):
            self.words.append(data)
            self.sections[self.section] = f"{self.sections.get(self.section, '')} {data}"

    def section_text(self, name):
        return " ".join(self.sections.get(name, "").split())

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]
