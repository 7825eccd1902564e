"""The page that shows what was measured: a plain dict in, one self-contained HTML file out."""

from .render import render, write_page

__all__ = ["render", "write_page"]
