"""Write what an object has to say as HTML for a notebook: a card with a heading, a sentence, facts and drawings."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_STYLE = """
.ganaug-card {
  --ink: currentColor; --muted: color-mix(in srgb, currentColor 70%, transparent);
  --rule: color-mix(in srgb, currentColor 24%, transparent); --real: color-mix(in srgb, currentColor 28%, transparent);
  --accent: #15838c; --card: var(--jp-layout-color0, var(--vscode-editor-background, Canvas));
  max-width: 58rem; margin: .2rem 0 .7rem; padding: .6rem .9rem; font: 14px/1.5 system-ui, sans-serif;
  border: 1px solid var(--rule); border-left: 4px solid var(--accent); border-radius: 4px; text-align: left;
}
.ganaug-card p { margin: 0 0 .4rem; max-width: 46rem; }
.ganaug-card dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1rem; margin: .3rem 0; }
.ganaug-card dt { float: none; width: auto; color: var(--muted); font-weight: 400; }
.ganaug-card dd { margin: 0; overflow-wrap: anywhere; }
.ganaug-card .drawings { display: flex; flex-wrap: wrap; gap: .6rem 2rem; }
.ganaug-card figure { flex: 1 1 19rem; max-width: 26rem; margin: .4rem 0 0; }
.ganaug-card figcaption { color: var(--muted); text-align: left; }
.ganaug-card svg { display: block; width: 100%; height: auto; overflow: visible; }
.ganaug-card svg text { font-family: inherit !important; }
"""


def make_card(
    heading: str,
    sentences: Sequence[str] = (),
    facts: Sequence[tuple[str, str]] = (),
    drawings: Sequence[tuple[str, str]] = (),
    note: str = "",
) -> str:
    """Return a card as HTML that carries its own style and takes text colour and ground from the notebook.

    Parameters
    ----------
    heading : str
        The most important thing, in a few words.
    sentences : sequence of str
        What it means, a paragraph each.
    facts : sequence of (term, text)
        Further facts.
    drawings : sequence of (title, SVG)
        Drawings; the SVG is not escaped, while all other texts are.
    note : str
        Where to find more.
    """
    listed = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in facts)
    drawn = "".join(f"<figure><figcaption>{escape(title)}</figcaption>{svg}</figure>" for title, svg in drawings)
    parts = [
        f"<p><strong>{escape(heading)}</strong></p>",
        *(f"<p>{escape(sentence)}</p>" for sentence in sentences),
        f"<dl>{listed}</dl>" if listed else "",
        f'<div class="drawings">{drawn}</div>' if drawn else "",
        f'<p style="color: var(--muted); margin: .4rem 0 0">{escape(note)}</p>' if note else "",
    ]
    return f'<div class="ganaug-card"><style>{_STYLE}</style>{"".join(parts)}</div>'
