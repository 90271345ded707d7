"""What the model has learned, in words and in figures; each figure says what it was measured on."""

from __future__ import annotations

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from cer_assist.domain import artefacts
from cer_assist.domain.errors import Corrupt, InvalidInput, NotFound
from cer_assist.domain.model_kinds import MODEL_KINDS
from cer_assist.domain.rubric import Rubric
from cer_assist.services import (
    deep_refresh,
    fence,
    first_model,
    models,
    moves,
    pinning,
    rubrics,
    word_contexts,
)
from cer_assist.services.moves import Move
from cer_assist.services.pinning import Standing, Version
from cer_assist.store.tables import ModelVersion
from cer_assist.views import assets, model_figures
from cer_assist.views.access import (
    ALL_ROLES,
    LEADING_ROLES,
    OVERSEEING_ROLES,
    database,
    policy,
    settings,
)
from cer_assist.views.downloads import attachment, table_file
from cer_assist.views.level_words import level_words

model = Blueprint("model", __name__, url_prefix="/p/<slug>")
VERSIONS = 100  # in the table; the learning curve has them all


@model.get("/words")
@policy.members(*ALL_ROLES)
def words(slug: str) -> str:
    """Per level the words the model weighs most."""
    return render_template("words.html", **level_words().context())


@model.get("/words/<int:level>/<word>")
@policy.members(*ALL_ROLES)
def word(slug: str, level: int, word: str) -> str:
    """A word in its sentences; what has to be recorded is, before it is shown."""
    mine = g.person.account_id
    with database().read() as session:
        rubric = rubrics.project_rubric(session, g.project)
        if level not in rubric.scale:
            ends = f"{rubric.scale[0]} to {rubric.scale[-1]}"
            raise NotFound(f"The levels of this project are {ends}: go back to Words.")
        found = word_contexts.contexts(session, g.project, mine, g.role, level, word)
    if any(place.is_others for place in found):
        with database().write() as session:
            word_contexts.note_views(session, mine, found)
    return render_template("word.html", rubric=rubric, level=level, word=word, found=found)


@model.get("/words.csv")
@policy.members(*ALL_ROLES)
def words_csv(slug: str) -> Response:
    """The same words as a table file, all of them."""
    found = level_words()
    version = found.version
    made = [version.number, version.label_count] if version else []
    columns = ["level", "rank", "word", "weight", "n_documents", "model_version", "n_labels"]
    rows = (
        [level, rank, word["word"], word["weight"], word["n_documents"], *made]
        for level, ranked in found.table.items()
        for rank, word in enumerate(ranked, 1)
    )
    return table_file(f"{slug}-words.csv", columns, rows)


@model.get("/words.svg")
@policy.members(*ALL_ROLES)
def words_svg(slug: str) -> Response:
    """The words of the page as a picture, for a report or a slide."""
    picture = render_template("words.svg", **level_words().context())
    return attachment(picture, f"{slug}-words.svg", "image/svg+xml")


@model.get("/model")
@policy.members(*ALL_ROLES)
def versions(slug: str) -> str:
    """What is in use and how good it is, how it came to that, and what it says differently."""
    with database().read() as session:
        stands = pinning.standing(session, g.project)
        current = models.current_version(session, g.project.id)
        rubric = rubrics.project_rubric(session, g.project)
        found = models.newest(session, g.project.id, VERSIONS)
        curve = models.curve(session, g.project.id)
        changes = _changes(session, stands)
        refresh = deep_refresh.standing(session, g.project)
        estimate = fence.estimate(session, g.project)
        has_sample = fence.has_sample(session, g.project.id)
        first = None
        if current is None or not current.label_count:
            first = first_model.missing(session, g.project.id, rubric.scale)
    return render_template(
        "model.html",
        refresh=refresh,
        first=first,
        estimate=estimate,
        has_sample=has_sample,
        least=fence.LEAST_SETTLED,
        stands=stands,
        current=current,
        rubric=rubric,
        versions=found,
        total=len(curve),
        points=model_figures.curve_points(curve, stands.in_use.number if stands.in_use else None),
        changes=changes,
        figures=model_figures,
        kinds=MODEL_KINDS,
        can_draw=assets.can_draw(),
        stored=_stored_artefacts(),
    )


@model.get("/model/moved")
@policy.members(*OVERSEEING_ROLES)
def moved(slug: str) -> str:
    """Protocols of one move; a write transaction, because what it shows is recorded as seen."""
    with database().write() as session:
        rubric = rubrics.project_rubric(session, g.project)
        levels = _level("from", rubric), _level("to", rubric)
        stands = pinning.standing(session, g.project)
        if stands.in_use is None or stands.previous is None:
            raise NotFound("There is no earlier version to compare with.")
        ids = stands.previous.id, stands.in_use.id
        wanted = request.args.get("page", 1, type=int)
        found = moves.moved(session, Move(ids, levels), wanted)
        moves.note_seen(session, found.rows, g.person.account_id)
    return render_template(
        "model_moved.html", stands=stands, rubric=rubric, levels=levels, found=found
    )


@model.post("/model/pin")
@policy.members(*LEADING_ROLES)
def pin(slug: str) -> BaseResponse:
    """Use a version until it is unpinned; an earlier one is rolled back to."""
    wanted = request.form.get("version", -1, type=int)
    with database().read() as session:
        found = pinning.find_usable(session, g.project, wanted)
        encoder = models.encoder_of(session.get_one(ModelVersion, found.id))
    _refuse_unusable(found, encoder)  # reads 60 MB or more: no transaction waits for it
    with database().write() as session:
        version = pinning.pin(session, g.project, wanted, g.person.account_id)
    flash(f"Version {version.number} is pinned: it stays in use until it is unpinned.")
    return redirect(url_for("model.versions", slug=slug), 303)


@model.post("/model/unpin")
@policy.members(*LEADING_ROLES)
def unpin(slug: str) -> BaseResponse:
    """Use the newest published version again."""
    with database().write() as session:
        version = pinning.unpin(session, g.project, g.person.account_id)
    if version is not None:
        flash(f"Version {version.number} is in use; newer ones follow as they are published.")
    return redirect(url_for("model.versions", slug=slug), 303)


@model.post("/model/refresh")
@policy.members(*LEADING_ROLES)
def ask_refresh(slug: str) -> BaseResponse:
    """Have the encoder learn from the labels, in the background."""
    with database().write() as session:
        deep_refresh.ask(session, g.project, g.person.account_id)
    flash("The deep refresh waits for the worker; this page tells how far it is.")
    return redirect(url_for("model.versions", slug=slug), 303)


@model.post("/model/refresh/stop")
@policy.members(*LEADING_ROLES)
def stop_refresh(slug: str) -> BaseResponse:
    """Stop the deep refresh that waits or runs."""
    with database().write() as session:
        deep_refresh.stop(session, g.project, g.person.account_id)
    flash("The deep refresh stops; nothing was changed.")
    return redirect(url_for("model.versions", slug=slug), 303)


def _changes(session: Session, stands: Standing) -> moves.Moves | None:
    if stands.in_use is None or stands.previous is None:
        return None
    return moves.moves(session, stands.in_use.id, stands.previous.id)


def _level(name: str, rubric: Rubric) -> int:
    value = request.args.get(name, type=int)
    if value not in rubric.scale:
        raise NotFound("This address names a level that the rubric does not have.")
    return value


def _stored_artefacts() -> set[str]:
    """Names of the models whose files are still here."""
    folder = settings().models_folder
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _refuse_unusable(version: Version, encoder: dict[str, str]) -> None:
    """A version that cannot be opened would leave new protocols without suggestions."""
    try:
        artefacts.check(settings().models_folder / version.artefact, version.sha256)
        if encoder:
            artefacts.check(settings().encoders_folder / encoder["artefact"], encoder["sha256"])
    except artefacts.OtherRelease as error:
        raise InvalidInput(
            f"Version {version.number} was made by another release of this program and this one "
            "cannot open it, so it cannot be used. Nothing was changed: choose another version."
        ) from error
    except Corrupt as error:
        raise InvalidInput(
            f"The files of version {version.number} are missing or damaged, so it cannot be used. "
            "Nothing was changed: choose another version."
        ) from error
