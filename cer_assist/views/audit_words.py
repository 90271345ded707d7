"""Events of the audit chain in words, for the event log, for timelines and for the audit report."""

from __future__ import annotations

from typing import Any

MEANINGS = {
    "adjudication.recorded": "adjudication",
    "audit.reported": "audit report made",
    "comment.recorded": "comment",
    "agreement.reread": "protocols read again",
    "assignment.asked": "reading asked for",
    "assignment.dealt": "protocols dealt",
    "assignment.moved": "assignments moved",
    "assignment.released": "assignments taken back",
    "export.taken": "export taken",
    "fence.asked": "fenced sample asked for",
    "fence.drawn": "fenced sample drawn",
    "import.done": "import",
    "job.cancel": "job stopped",
    "job.run_again": "job run again",
    "label.recorded": "label stored",
    "labelling.goes_on": "labelling goes on",
    "labelling.stopped": "labelling stopped",
    "membership.set": "role set",
    "membership.tags": "tags set",
    "model.pinned": "model pinned",
    "model.published": "model published",
    "model.refresh_asked": "deep refresh asked for",
    "model.refreshed": "deep refresh ended",
    "model.rolled_back": "model rolled back",
    "model.unpinned": "model unpinned",
    "project.added": "project made",
    "project.settings": "settings changed",
    "label_check.asked": "levels checked",
    "pseudonyms.drawn": "pseudonyms drawn",
    "queue.held": "protocols held",
    "queue.pinned": "protocols put first",
    "queue.released": "protocols released",
    "readers.drawn": "readers drawn anew",
    "snapshot.made": "snapshot kept",
    "rubric.kept": "readings of an older rubric kept",
    "rubric.proposal": "rubric proposal decided",
    "rubric.proposed": "rubric proposal",
    "rubric.published": "rubric published",
    "rubric.reread": "readings sent back",
    "simulation.asked": "simulation asked for",
    "study.linked": "protocols linked",
    "study.refused": "said to be no copies",
    "study.unlinked": "protocols taken apart",
    "token.made": "token for scripts made",
    "token.revoked": "token for scripts revoked",
    "training.allowed": "let label without passing",
    "training.asked_again": "qualification asked for again",
    "training.begun": "practice round begun",
    "training.ended": "practice round ended",
    "training.item_added": "practice protocol added",
    "training.item_set_aside": "practice protocol set aside",
    "training.item_used": "practice protocol taken up again",
    "word.remarked": "remark on a word",
}


def said_of(fields: dict[str, Any]) -> str:
    """What an event holds, in words."""
    return "; ".join(f"{name.replace('_', ' ')}: {_said(fields[name])}" for name in fields)


def _said(value: Any) -> str:
    if isinstance(value, list):  # a setting before and after
        return " → ".join(map(str, value))
    if isinstance(value, dict):  # counts by name; hashes are too many to read
        if any(isinstance(one, str) for one in value.values()):
            return f"{len(value)} hashes"
        return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in value.items())
    return str(value)
