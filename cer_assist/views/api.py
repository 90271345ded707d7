"""Explanations and figures as JSON: what a page shows a person, and no more, for their scripts.

The same session, policies and records as the pages. Every reply is one of the models below, whose
field descriptions are the reference (docs/api.md); every refusal is {"error": what to do}.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, Self

from flask import Blueprint, Response, g
from pydantic import Field

from cer_assist.domain.errors import NotAllowed, NotReady
from cer_assist.services import protocols, rubrics
from cer_assist.services.dossier import Sight, open_dossier, words_of
from cer_assist.services.suggestions import SuggestionView, WordMark
from cer_assist.store.tables import Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.views.access import ALL_ROLES, API, LARGEST, OVERSEEING_ROLES, database, policy
from cer_assist.views.agreement import newest_report
from cer_assist.views.json_parts import AllAsked, Query, Reply, json_reply
from cer_assist.views.level_words import level_words
from cer_assist.views.openapi import answers

api = Blueprint("api", __name__, url_prefix=f"{API}projects/<slug>")


class ExplainedWord(Reply):
    """One place of a word in a protocol."""

    word: str = Field(description="As it stands in the text")
    start: int = Field(description="Code points of the text before it")
    end: int = Field(description="Code points of the text up to its end")
    weight: float = Field(description="Its share in what speaks for the suggested level")
    attention: float = Field(description="Its share of the model's attention")
    adds: dict[int, float] = Field(description="What it adds to the log-odds, by level")

    @classmethod
    def of(cls, text: str, mark: WordMark, scale: tuple[int, ...]) -> Self:
        """A stored mark with its word and the names of its levels."""
        return cls(
            word=text[mark.start : mark.end],
            start=mark.start,
            end=mark.end,
            weight=mark.weight,
            attention=mark.attention,
            adds=dict(zip(scale, mark.adds, strict=True)),
        )


class ExplainedSentence(Reply):
    """A sentence that counts."""

    start: int = Field(description="Code points of the text before it")
    end: int = Field(description="Code points of the text up to its end")
    text: str = Field(description="From its first content word to its last")
    weight: float = Field(description="Share of its words in what speaks for the suggested level")


class Explanation(Reply):
    """What the model says of a protocol, and by which words."""

    protocol_id: int = Field(description="The number in the protocol's address")
    external_id: str = Field(description="The protocol's own id")
    model_version: int = Field(description="Number of the version that says it")
    level: int = Field(description="The level suggested")
    probabilities: dict[int, float] = Field(description="Probability by level")
    evidence_strength: float | None = Field(
        description="Share of the level's probability lost without its ten strongest words, "
        "beyond what random words take; null where it was not measured"
    )
    weak_below: float | None = Field(
        description="Strength that random words exceed in one protocol of twenty, for this version"
    )
    is_weak: bool = Field(description="Strength is below that, or one of the two is not known")
    has_learnt: bool = Field(
        description="The version may have known the protocol's level, so this is no suggestion"
    )
    words: list[ExplainedWord] = Field(
        description="Those that matter most to some level or have most attention; empty while "
        "they have not been weighed"
    )
    sentences: list[ExplainedSentence] = Field(description="At most three, the weightiest first")


class LevelWord(Reply):
    """A word of a level over all its protocols."""

    word: str = Field(description="In small letters")
    weight: float = Field(description="Mean contribution to the level; the level's first has 1")
    n_documents: int = Field(description="Protocols with the level that have it")
    attention: float | None = Field(
        None, description="Its mean share of attention; null in versions that did not keep it"
    )
    polarity: dict[int, float] | None = Field(
        None, description="Mean change of log-odds by level; null likewise"
    )


class Words(Reply):
    """The words that speak most for each level."""

    model_version: int = Field(description="Number of the version they come from")
    label_count: int = Field(description="Labels that it learned from")
    at_least: int = Field(description="Words in fewer protocols of the level are left out")
    by: str = Field(description="What they are listed by; weight where attention was not kept")
    levels: dict[int, list[LevelWord]] = Field(description="By level, the weightiest first")


class Agreement(Reply):
    """How far coders agree, as the worker made it last."""

    choice: str = Field(description="The readings that it is of, as the query of the address")
    made_at: dt.datetime = Field(description="When, in UTC")
    is_current: bool = Field(description="No label has come since; else ask again for newer ones")
    figures: dict[str, Any] = Field(
        description="What `manage.py agreement --json` prints: `units` read by two or more, "
        "`coefficients` as {value, low, high, n}, `pairs`, `levels`, `warnings`, `severity`, "
        "`drift`, `by_rubric` and `retest`, each coder against themselves"
    )


class WordsAsked(Query):
    """Which words."""

    at_least: int = Field(2, ge=0, le=LARGEST, description="Words in fewer protocols are left out")
    by: Literal["weight", "attention"] = Field("weight", description="What they are listed by")


class AgreementAsked(Query):
    """Of which readings, as on the page."""

    seen: str = Field("", max_length=20, description="independent, elsewhere or anything")
    rubric: int | None = Field(None, ge=0, le=LARGEST, description="Number of a rubric version")
    since: str = Field("", max_length=10, description="First day, UTC")
    until: str = Field("", max_length=10, description="Last day")
    coder: list[str] = Field([], description="User names; may be given several times")


@api.get("/protocols/<int:protocol_id>/explanation")
@policy.members(*ALL_ROLES)
@answers(Explanation, 409, query=AllAsked)
def explanation(slug: str, protocol_id: int) -> Response:
    """What the model says of a protocol and by which words; recorded as seen."""
    asked = g.query.all
    with database().write() as session:
        protocol = protocols.find(session, g.project.id, protocol_id)
        mine = g.person.account_id
        dossier = open_dossier(session, g.project, protocol, mine, g.role, asked=asked)
        if not dossier.sight.suggestion:
            raise NotAllowed(_how_to_see(dossier.sight))
        said = words_of(session, dossier, mine)
        scale = rubrics.project_rubric(session, g.project).scale
    if said is None:
        raise NotReady(
            "The version in use has said nothing of this protocol yet. Have its words weighed on "
            "its Words page, then ask again."
        )
    return json_reply(_explanation(protocol, said, scale))


@api.get("/words")
@policy.members(*ALL_ROLES)
@answers(Words, 409, query=WordsAsked)
def words(slug: str) -> Response:
    """The words of the version in use."""
    found = level_words()
    if found.version is None:
        raise NotReady("There is no model yet: label protocols first, then ask again.")
    return json_reply(
        Words(
            model_version=found.version.number,
            label_count=found.version.label_count,
            at_least=found.at_least,
            by=found.by,
            levels={
                level: [_level_word(word) for word in ranked]
                for level, ranked in found.table.items()
            },
        )
    )


@api.get("/agreement")
@policy.members(*OVERSEEING_ROLES)
@answers(Agreement, 409, query=AgreementAsked)
def agreement(slug: str) -> Response:
    """Figures of the readings that the query chooses, as on the page."""
    wanted, report = newest_report()
    found, made_at = report.there()
    return json_reply(
        Agreement(
            choice=wanted.key,
            made_at=made_at,
            is_current=not report.is_waiting,
            figures=found,
        )
    )


def _how_to_see(sight: Sight) -> str:
    if sight.on_request:
        if g.role == Role.coder:
            return (
                "By lot you read this protocol without the model's suggestion. Ask with ?all=1 to "
                "see it: a later answer of yours is then marked as made after seeing it."
            )
        return (
            "You may still read this protocol yourself. Answer it first, or ask with ?all=1: a "
            "later answer of yours is then marked as made after seeing others' answers."
        )
    if g.project.suggestion_policy == SuggestionPolicy.hidden:
        return "This project does not show coders what the model says: ask the project's lead."
    return "Your own reading comes first: answer this protocol, then ask again."


def _explanation(protocol: Protocol, said: SuggestionView, scale: tuple[int, ...]) -> Explanation:
    text = protocol.text
    return Explanation(
        protocol_id=protocol.id,
        external_id=protocol.external_id,
        model_version=said.version_number,
        level=said.level,
        probabilities=dict(zip(scale, said.probabilities, strict=True)),
        evidence_strength=said.evidence_strength,
        weak_below=said.weak_below,
        is_weak=said.is_weak,
        has_learnt=said.has_learnt,
        words=[ExplainedWord.of(text, mark, scale) for mark in said.words],
        sentences=[
            ExplainedSentence(start=start, end=end, text=text[start:end], weight=weight)
            for start, end, weight in said.sentences
        ],
    )


def _level_word(stored: dict[str, Any]) -> LevelWord:
    """Without what is stored for pages only."""
    return LevelWord(**{key: stored[key] for key in LevelWord.model_fields if key in stored})
