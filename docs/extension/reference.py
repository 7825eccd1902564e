"""Write the reference: a list of all public names, and for each a page made of its docstring and of its examples.

The names come from `benchmarks.api_page`, which a test compares with the code.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from benchmarks import api_page

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

INDEX = """API reference
=============

Every public name, by what it is for. All other modules and names may change without notice.
"""


def write_pages(app: Sphinx, config: Config) -> None:
    """Write the folder ``reference``."""
    folder = Path(app.srcdir) / "reference"
    folder.mkdir(exist_ok=True)
    has_gallery = "sphinx_gallery.gen_gallery" in config.extensions
    pages = {f"{path}.rst": text for path, text in render_pages(has_gallery)}
    for old in set(folder.glob("*.rst")) - {folder / name for name in pages}:
        old.unlink()
    for name, text in pages.items():
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text:
            (folder / name).write_text(text, encoding="utf-8")


def render_pages(has_gallery: bool) -> Iterator[tuple[str, str]]:
    """Yield name and text of each page."""
    parts = [INDEX]
    for title, modules in api_page.DOORS:
        parts.append(f"{title}\n{'-' * len(title)}\n")
        for name, members in modules:
            module = importlib.import_module(name)
            if members is None:
                parts.append(f"``{name}``: {api_page.read_first_line(module)}\n")
            listed = api_page.list_public_names(module) if members is None else members
            paged = [member for member in listed if has_page(module, member)]
            parts += [render_row(module, member) for member in listed]
            if paged:
                parts.append("\n.. toctree::\n   :hidden:\n\n" + "".join(f"   {name}.{member}\n" for member in paged))
            yield from ((f"{name}.{member}", render_page(module, member, has_gallery)) for member in paged)
    yield "index", "\n".join(parts)


def has_page(module: ModuleType, name: str) -> bool:
    """Return whether a name is a class or function, rather than a constant."""
    value = getattr(module, name)
    return inspect.isclass(value) or inspect.isroutine(value)


def render_row(module: ModuleType, name: str) -> str:
    """Return the line of a name in the list."""
    path = f"{module.__name__}.{name}"
    if has_page(module, name):
        return f":py:obj:`~{path}`\n   {api_page.read_first_line(getattr(module, name))}\n"
    return f"``{path}``\n   {api_page.describe(module, name)}\n"


def render_page(module: ModuleType, name: str, has_gallery: bool) -> str:
    """Return the page of a class or function."""
    value, path = getattr(module, name), f"{module.__name__}.{name}"
    lines = [name, "=" * len(name), "", f".. currentmodule:: {module.__name__}", ""]
    if inspect.isclass(value):
        lines += [f".. autoclass:: {name}", ""]
        methods = [] if issubclass(value, Exception) else api_page.list_methods(value)
        lines += [f"   .. automethod:: {name}.{method}" for method, _ in methods]
    else:
        lines.append(f".. autofunction:: {name}")
    if has_gallery:
        lines += ["", f".. minigallery:: {path}", "   :add-heading: In the gallery"]
    return "\n".join(lines) + "\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for them."""
    app.connect("config-inited", write_pages)
    return {"parallel_read_safe": True}
