"""Link inline code that is a public name, such as `GANAugmenter.fit`, to its page of the reference.

So pages stay plain Markdown that reads well anywhere, and no link can be forgotten.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from benchmarks import api_page

CALL = re.compile(r"([\w.]+)(\(.*\))?", re.DOTALL)


class LinkNames(SphinxTransform):
    """Turn literals that are public names into cross references."""

    default_priority = 100

    def apply(self, **_: Any) -> None:
        """Replace the literals of one document."""
        names = {name.removeprefix("ganaug.") for name in api_page.list_names()}
        for literal in list(self.document.findall(nodes.literal)):
            found = CALL.fullmatch(literal.astext())
            name = found[1].removeprefix("ganaug.") if found else ""
            if name in names and not isinstance(literal.parent, nodes.reference | addnodes.pending_xref):
                literal.replace_self(self.make_reference(literal, f"ganaug.{name}"))

    def make_reference(self, literal: nodes.literal, target: str) -> addnodes.pending_xref:
        """Return a reference around a literal."""
        reference = addnodes.pending_xref(
            "",
            literal.deepcopy(),
            refdomain="py",
            reftype="obj",
            reftarget=target,
            refdoc=self.env.docname,
            refexplicit=True,
            refwarn=True,
        )
        reference.source, reference.line = literal.source, literal.line
        return reference


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transform."""
    app.add_transform(LinkNames)
    return {"parallel_read_safe": True}
