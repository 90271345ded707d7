"""Helping or steering? For those who lead or audit; totals only, of no protocol and no person.

A report that is out of date is handed to the worker by being looked at, on the page or as JSON.
"""

from __future__ import annotations

from flask import Blueprint, Response, g, render_template
from pydantic import Field

from cer_assist.services import exposures
from cer_assist.services.reports import Report
from cer_assist.views import exposure_words as words
from cer_assist.views.access import API, OVERSEEING_ROLES, database, policy
from cer_assist.views.json_parts import Reply, json_reply
from cer_assist.views.openapi import answers

exposure_pages = Blueprint("exposure", __name__, url_prefix="/p/<slug>/exposure")
exposure_api = Blueprint("exposure_api", __name__, url_prefix=f"{API}projects/<slug>/exposure")


class ExposureFigure(Reply):
    """A figure."""

    value: float | None = Field(description="Null where nothing is known")
    low: float | None = Field(description="Lower end of the 95 % interval; null for too few")
    high: float | None = Field(description="Upper end of the 95 % interval")
    n: int = Field(description="Readings that it is of")


class Switching(Reply):
    """What coders did who saw the suggestion after their own answer."""

    changed: ExposureFigure = Field(description="Share of answers that were changed")
    adopted: ExposureFigure = Field(
        description="Of answers that differed from the suggestion, those that became it"
    )
    right: ExposureFigure = Field(description="Wrong before and right after")
    wrong: ExposureFigure = Field(description="Right before and wrong after")
    net: ExposureFigure = Field(description="The first less the second")
    closer: ExposureFigure = Field(
        description="Growth of the share of other readings, made without a suggestion, that agree"
    )


class ExposureMeasures(Reply):
    """Measures of readings, or of one arm less another; of `seconds` the ratio then."""

    accuracy: ExposureFigure = Field(description="Share that are right")
    agreement: ExposureFigure = Field(
        description="Share of other readings, made without a suggestion, that say the same"
    )
    distance: ExposureFigure = Field(description="Mean distance from the truth in levels")
    qwk: ExposureFigure = Field(description="Quadratic weighted kappa with the truth")
    seconds: ExposureFigure = Field(description="Median seconds of a reading")


class ExposureArm(ExposureMeasures):
    """How readings did."""

    readings: int = Field(description="How many")


class Exposure(Reply):
    """Whether suggestions help or steer."""

    is_current: bool = Field(description="No answer has come since; else a newer one is under way")
    readings: int = Field(description="Readings of complete protocols, one a coder and protocol")
    protocols: int = Field(description="Protocols that they are of")
    coders: int = Field(description="Coders who made them")
    draws_coders: bool = Field(
        description="The intervals speak for other coders as well: there are five or more"
    )
    waiting: int = Field(description="Protocols with answers that still want a reader")
    left_out: int = Field(description="Readings that cannot be compared")
    truths: dict[str, int] = Field(description="Readings by whose word their truth is")
    switching: Switching = Field(description="Before and after the suggestion")
    seen: dict[str, ExposureArm] = Field(description="All readings, by when it was seen")
    lots: dict[str, ExposureArm] = Field(description="Those of which the lot decided when")
    differences: dict[str, ExposureMeasures] = Field(
        description="By lot: `after` and `shown`, each less `none`"
    )


@exposure_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """What the worker found last."""
    report = _report()
    found = report.found if report.found and report.found["readings"] else None
    return render_template("exposure.html", report=report, found=found, words=words)


@exposure_api.get("")
@policy.members(*OVERSEEING_ROLES)
@answers(Exposure, 409)
def as_json(slug: str) -> Response:
    """Whether the model's suggestions help coders or steer them."""
    report = _report()
    found, _ = report.there()
    return json_reply(Exposure(is_current=not report.is_waiting, **found))


def _report() -> Report:
    with database().read() as session:
        report = exposures.report(session, g.project.id)
    if report.is_waiting:
        with database().write() as session:
            exposures.ask(session, g.project.id)
    return report
