"""One route serves the page and its fragment: the fragment is a named block of the page."""

from __future__ import annotations

from typing import Any

from flask import current_app
from markupsafe import Markup


def render_block(template: str, block: str, **context: Any) -> Markup:
    """Render one block of a template, as a script that swaps it in asks for."""
    current_app.update_template_context(context)
    found = current_app.jinja_env.get_template(template)
    return Markup("").join(map(Markup, found.blocks[block](found.new_context(context))))
