"""Render a gain report, given as a plain dict, as one self-contained HTML page."""

from .render import render, write_page

__all__ = ["render", "write_page"]
