"""The web application is made by one function, so that tests and servers get the same one."""

from __future__ import annotations

from flask import Flask, Response
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from cer_assist.config import ROOT, Settings
from cer_assist.store.engine import Database
from cer_assist.views import (
    access,
    assets,
    downloads,
    errors,
    limits,
    navigation,
    openapi,
    presentation,
    security,
)
from cer_assist.views.access import policy
from cer_assist.views.account import account
from cer_assist.views.adjudicate import adjudicate_pages
from cer_assist.views.admin import admin
from cer_assist.views.agreement import agreement_pages
from cer_assist.views.annotate import annotate
from cer_assist.views.api import api
from cer_assist.views.api_adjudication import adjudication_api
from cer_assist.views.api_assignments import api_assignments
from cer_assist.views.api_data import api_data
from cer_assist.views.api_document import api_document
from cer_assist.views.api_label_checks import label_check_api
from cer_assist.views.api_labelling import api_labelling
from cer_assist.views.api_settings import settings_api
from cer_assist.views.api_studies import api_studies
from cer_assist.views.api_training import training_api
from cer_assist.views.assignments import assignment_pages
from cer_assist.views.audit import audit_pages
from cer_assist.views.audit_report import audit_report_pages
from cer_assist.views.data import data
from cer_assist.views.desk import desk_pages
from cer_assist.views.desk_api import desk_api
from cer_assist.views.discussion import discussion_pages
from cer_assist.views.exporting import exporting
from cer_assist.views.exposure import exposure_api, exposure_pages
from cer_assist.views.fence import fence_pages
from cer_assist.views.home import home
from cer_assist.views.label_checks import label_check_pages
from cer_assist.views.methods import methods_api, methods_pages
from cer_assist.views.model import model
from cer_assist.views.prevalence import prevalence_api, prevalence_pages
from cer_assist.views.progress import progress_pages
from cer_assist.views.protocol_words import protocol_words
from cer_assist.views.protocols import protocols_pages
from cer_assist.views.queue import queue_pages
from cer_assist.views.read_again import read_again_api, read_again_pages
from cer_assist.views.remarks import remark_pages
from cer_assist.views.rereading import rereading_pages
from cer_assist.views.rubric import rubric_pages
from cer_assist.views.rubric_api import rubric_api
from cer_assist.views.rubric_editing import rubric_editing
from cer_assist.views.rubric_work_api import rubric_work_api
from cer_assist.views.settings import settings_pages
from cer_assist.views.sheet import sheet_pages
from cer_assist.views.sign_in import sign_in
from cer_assist.views.simulation import simulation_pages
from cer_assist.views.snapshots import snapshot_pages
from cer_assist.views.snapshots_api import snapshot_api
from cer_assist.views.studies import studies_pages
from cer_assist.views.timeline import timeline_api, timeline_pages
from cer_assist.views.training import training_pages
from cer_assist.views.training_items import training_item_pages
from cer_assist.views.word_plane import word_plane

BLUEPRINTS = (
    assets.assets,
    home,
    sign_in,
    account,
    annotate,
    protocols_pages,
    studies_pages,
    protocol_words,
    sheet_pages,
    model,
    word_plane,
    simulation_pages,
    snapshot_pages,
    snapshot_api,
    fence_pages,
    remark_pages,
    queue_pages,
    adjudicate_pages,
    discussion_pages,
    assignment_pages,
    label_check_pages,
    rubric_pages,
    rubric_editing,
    rereading_pages,
    training_pages,
    training_item_pages,
    progress_pages,
    agreement_pages,
    read_again_pages,
    exposure_pages,
    exposure_api,
    prevalence_pages,
    prevalence_api,
    methods_pages,
    methods_api,
    data,
    exporting,
    audit_pages,
    timeline_pages,
    timeline_api,
    audit_report_pages,
    settings_pages,
    admin,
    api,
    adjudication_api,
    read_again_api,
    rubric_api,
    api_assignments,
    label_check_api,
    api_studies,
    rubric_work_api,
    training_api,
    settings_api,
    desk_pages,
    desk_api,
    api_labelling,
    api_data,
    api_document,
)


def create_app(settings: Settings, database: Database | None = None) -> Flask:
    """The app on a database that is already migrated."""
    app = Flask("cer_assist", template_folder=str(ROOT / "web" / "templates"), static_folder=None)
    configure(app, settings, database or Database(settings.url))
    if settings.behind_https:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    security.register(app)
    errors.register(app)
    downloads.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.add_url_rule("/healthz", "healthz", healthz)
    navigation.register(app)
    presentation.register(app)
    access.require_policies(app)
    openapi.register(app)
    return app


def configure(app: Flask, settings: Settings, database: Database) -> None:
    """What one installation has and another has not."""
    app.config.update(
        SECRET_KEY=settings.secret_key(),
        SESSION_COOKIE_NAME="__Host-cer-form" if settings.behind_https else "cer_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.behind_https,
        MAX_CONTENT_LENGTH=settings.upload_megabytes * 1_000_000,
        WTF_CSRF_TIME_LIMIT=None,  # a form lives as long as its session
        WTF_CSRF_CHECK_DEFAULT=False,  # security.py checks, after the policy
    )
    app.extensions["settings"] = settings
    app.extensions["database"] = database
    app.extensions["assets"] = assets.tree_hash(assets.STATIC)
    limits.register(app, settings)


@policy.public
def healthz() -> Response:
    """Answers as soon as the server does, and says whether the database answers too."""
    with access.database().read() as session:
        session.connection()
    return Response("ok\n", mimetype="text/plain")
