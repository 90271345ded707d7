"""All tables, so that importing this package makes the metadata complete."""

from cer_assist.store.tables.accounts import (
    Account,
    Membership,
    SignInAttempt,
    SignInLink,
    SignInSession,
)
from cer_assist.store.tables.adjudications import Adjudication, Comment
from cer_assist.store.tables.agreement import AgreementReport
from cer_assist.store.tables.assignments import Assignment
from cer_assist.store.tables.audit import AuditEvent, AuditHead
from cer_assist.store.tables.desk_rows import DeskRow
from cer_assist.store.tables.exposure import ExposureReport
from cer_assist.store.tables.fence import FencedFigures, FencedProtocol, FencedScore
from cer_assist.store.tables.jobs import Job
from cer_assist.store.tables.label_checks import LabelCheck
from cer_assist.store.tables.labels import CurrentLabel, LabelEvent
from cer_assist.store.tables.models import Explanation, Highlight, ModelVersion, Suggestion
from cer_assist.store.tables.prevalence import PrevalenceReport
from cer_assist.store.tables.projects import Project
from cer_assist.store.tables.protocols import Protocol
from cer_assist.store.tables.pseudonyms import CoderPseudonym, PseudonymKey
from cer_assist.store.tables.queue import NearCopy, QueuePlace, QueueWish
from cer_assist.store.tables.remarks import WordRemark
from cer_assist.store.tables.rereading import RereadRequest
from cer_assist.store.tables.rubrics import (
    RubricDraft,
    RubricProposal,
    RubricProposalOutcome,
    RubricPublication,
    RubricVersion,
)
from cer_assist.store.tables.servings import Disclosure, Serving
from cer_assist.store.tables.simulations import Simulation
from cer_assist.store.tables.snapshots import Snapshot, SnapshotProtocol
from cer_assist.store.tables.stopping import Outlook, StoppingDecision
from cer_assist.store.tables.studies import ProtocolLink, RefusedGroup
from cer_assist.store.tables.tokens import ApiToken
from cer_assist.store.tables.training import (
    TrainingAnswer,
    TrainingItem,
    TrainingPermit,
    TrainingResult,
    TrainingRound,
    TrainingUse,
)
from cer_assist.store.types import Base

__all__ = [
    "Account",
    "Adjudication",
    "AgreementReport",
    "ApiToken",
    "Assignment",
    "AuditEvent",
    "AuditHead",
    "Base",
    "CoderPseudonym",
    "Comment",
    "CurrentLabel",
    "DeskRow",
    "Disclosure",
    "Explanation",
    "ExposureReport",
    "FencedFigures",
    "FencedProtocol",
    "FencedScore",
    "Highlight",
    "Job",
    "LabelCheck",
    "LabelEvent",
    "Membership",
    "ModelVersion",
    "NearCopy",
    "Outlook",
    "PrevalenceReport",
    "Project",
    "Protocol",
    "ProtocolLink",
    "PseudonymKey",
    "QueuePlace",
    "QueueWish",
    "RefusedGroup",
    "RereadRequest",
    "RubricDraft",
    "RubricProposal",
    "RubricProposalOutcome",
    "RubricPublication",
    "RubricVersion",
    "Serving",
    "SignInAttempt",
    "SignInLink",
    "SignInSession",
    "Simulation",
    "Snapshot",
    "SnapshotProtocol",
    "StoppingDecision",
    "Suggestion",
    "TrainingAnswer",
    "TrainingItem",
    "TrainingPermit",
    "TrainingResult",
    "TrainingRound",
    "TrainingUse",
    "WordRemark",
]
