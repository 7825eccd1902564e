"""Check the links of the built site: every file is there, and every place in it.

``python docs/extension/check_links.py build/docs`` prints broken links and fails if there are any. Links to other sites
are not followed, so that no network is needed; ``python -m sphinx -b linkcheck docs build/links`` does that.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Links and places of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the links and the name of one element."""
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.places.add(value)


def read_page(path: Path) -> Page:
    """Return the links and places of a page."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def find_broken(folder: Path) -> tuple[list[str], int]:
    """Return a line for each broken link of a folder of pages, and the number of links within it."""
    folder = folder.resolve()
    found = (path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts)  # parts of the theme
    pages = {path: read_page(path) for path in found}
    broken, count = [], 0
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            place = unquote(parts.fragment)
            if not target.exists():
                broken.append(f"{path.relative_to(folder)}: {link}: there is no such file")
            elif place and target in pages and place not in pages[target].places:
                broken.append(f"{path.relative_to(folder)}: {link}: there is no such place")
    return broken, count


if __name__ == "__main__":
    found, number = find_broken(Path(sys.argv[1]))
    print("\n".join([*found, f"{number} links, {len(found)} broken"]))
    sys.exit(bool(found) or not number)
