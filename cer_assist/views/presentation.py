"""How values look is decided once, here: times, numbers, intervals and the colour of a level."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask
from markupsafe import Markup, escape

from cer_assist.domain.labels import MIN_TRAINING_PROTOCOLS
from cer_assist.services import quality
from cer_assist.views.assets import static_url
from cer_assist.views.rubric_form import place_in_words


def register(app: Flask) -> None:
    """Make filters and the macros of macros.html (as `ui`) known to every template."""
    app.jinja_env.filters.update(
        when=when,
        count=count,
        share=share,
        figure=figure,
        signed=signed,
        ramp=ramp,
        taught=taught,
        zip=zip,
    )
    app.jinja_env.filters["measured"] = quality.measured
    app.jinja_env.filters["place"] = place_in_words
    app.jinja_env.globals["static_url"] = static_url
    app.jinja_env.globals["first_model"] = MIN_TRAINING_PROTOCOLS
    app.jinja_env.globals["ui"] = app.jinja_env.get_template("macros.html").module


def when(value: dt.datetime | None) -> Markup:
    """A time to the minute, with its zone; the exact instant stands in the attribute."""
    if value is None:
        return Markup("–")
    text = f"{value.day} {value:%b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), text)


def count(value: int, one: str = "", many: str = "") -> str:
    """A number with thousands separators and, if given, its noun in the right form."""
    noun = one if value == 1 else many or f"{one}s"
    return f"{value:,} {noun}" if one else f"{value:,}"


def taught(labels: int) -> str:
    """What a model has learned from; one without labels knows the rubric and nothing else."""
    return f"from {count(labels, 'label')}" if labels else "from the rubric alone, 0 labels"


def share(value: float) -> str:
    """A share in whole per cent; what is not nothing or all never reads as such."""
    percent = round(value * 100)
    if percent == 0 and value > 0:
        return "< 1 %"
    return "> 99 %" if percent == 100 and value < 1 else f"{percent} %"


def figure(value: Mapping[str, Any]) -> Markup:
    """A measured figure with its 95 % interval; one that could not be measured says so."""
    return _figure(value, "{:.2f}")


def signed(value: Mapping[str, Any]) -> Markup:
    """A difference with its 95 % interval, always with its sign."""
    return _figure(value, "{:+.2f}")


def _figure(value: Mapping[str, Any], form: str) -> Markup:
    if value["value"] is None:
        return Markup('<span class="quiet">not defined</span>')
    shown = form.format(value["value"])
    if value["low"] is None or value["high"] is None:
        return Markup('<span class="figure">{} <small>(no interval)</small></span>').format(shown)
    ends = (form.format(value[end]) for end in ("low", "high"))
    return Markup('<span class="figure">{} <small>({} to {})</small></span>').format(shown, *ends)


def ramp(level: int, scale: Sequence[int]) -> str:
    """The class that colours a level: its place between the lowest and the highest, in per cent."""
    place = (level - scale[0]) / (len(scale) - 1)
    return str(escape(f"ramp-{round(place * 100)}"))
