"""A timeline's lines in words: what was done, what it replaced, what had been seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cer_assist.domain import model_kinds
from cer_assist.domain.adjudication import REASONS, Reason
from cer_assist.domain.labels import Lane
from cer_assist.domain.serving import REASONS_TOLD
from cer_assist.services.timeline_parts import Line, State
from cer_assist.store.tables.servings import Arm, Disclosed
from cer_assist.views.audit_words import MEANINGS, said_of

ABOUT = {
    "protocol": "a protocol",
    "coder": "a person",
    "rubric": "a rubric version",
    "model": "a model version",
    "project": "the whole project",
}
KINDS = {
    "labels": "answers and final levels",
    "adjudications": "adjudications",
    "comments": "discussion",
    "remarks": "remarks on words",
    "served": "what was given to whom",
    "saw": "what was shown to whom",
    "assignments": "asked to read",
    "model": "model versions",
    "events": "other events of the chain",
    "other": "fenced sample",
}
STATES = {
    State.checked: "checked",
    State.altered: "altered",
    State.missing: "not in the chain",
    State.outside: "not kept in the chain",
}
EXPOSURES = {
    "blind": "nothing of others' answers",
    "after_suggestion": "the model's suggestion",
    "prefilled": "the model's level, filled in",
    "after_peer": "something of another coder's label",
    "unknown": "made elsewhere, not known",
}
_LANES = {Lane.retest: " (unannounced repeat)", Lane.check: " (attention check)"}
ACTS = {
    "decide": "settled it",
    "propose": "proposed a level",
    "send_back": "sent it back",
    "take_back": "took the final level back",
}
_REMARKS = {
    "not_evidence": "said that a word is no evidence",
    "missed": "marked a word that was missed",
    "withdrawn": "took a remark back",
}
_ASKED = {
    "assigned": "asked to read it",
    "returned": "asked for a second look",
    "reread": "asked to read it once more",
}
PROGRAM = "the program or the command line"


@dataclass(frozen=True, slots=True)
class Told:
    """A line as people read it."""

    what: str
    change: str  # old → new
    seen: str
    detail: str
    state: str


def tell(line: Line) -> Told:
    """A line in words."""
    what, change, detail = _TELL[line.source](line)
    return Told(what, change, seen(line), detail, state(line))


def state(line: Line) -> str:
    """What the chain says of it, and by which event."""
    return f"{STATES[line.state]}, event {line.event:,}" if line.event else STATES[line.state]


def seen(line: Line) -> str:
    """What had been shown before, or was shown then."""
    said = line.seen
    if line.source == "label":
        told = EXPOSURES[said["exposure"]]
        if "version" in said:
            told += f" (then level {said['level']} of version {said['version']})"
        return told
    if line.source == "disclosure":
        if said["what"] == Disclosed.peer_label:
            return "something of other coders' labels"
        if said["version"] is None:
            return "a suggestion"
        return f"suggestion of version {said['version']}: level {said['level']}"
    if line.source == "adjudication":
        return f"{len(said['between'])} answers" if said["between"] else ""
    if "version" in said:
        return f"version {said['version']}"
    return ""


def _label(line: Line) -> tuple[str, str, str]:
    new, old = line.after, line.before
    changes = [f"level {_from(old.get('level'))}{_value(new['level'])}" if _has(line) else ""]
    for name in ("confidence", "note"):
        before, after = old.get(name), new[name]
        if old.get("action") and before != after:
            changes.append(f"{name} {_value(before)} → {_value(after)}")
        elif after:
            changes.append(f"{name} {after}")
    more = [f"“{quote}”" for quote in new["evidence"]]
    if line.detail["seconds"] is not None:
        more.append(f"{line.detail['seconds']:.0f} s")
    if line.detail["origin"] != "browser":
        more.append(f"by {line.detail['origin']}")
    more.append(f"rubric version {line.detail['rubric']}; label event {line.id}")
    if old:
        more.append(f"replaces {old['event']}")
    what = answered(line.detail["lane"], line.kind)
    return what, "; ".join(filter(None, changes)), "; ".join(more)


def answered(lane: str, action: str) -> str:
    """What an answer was."""
    kinds = {"label": "label", "skip": "skipped", "withdraw": "took the label back"}
    what = "final level" if (lane, action) == (Lane.final, "label") else kinds[action]
    return what + _LANES.get(Lane(lane), "")


def _has(line: Line) -> bool:
    return line.after["level"] is not None or line.before.get("level") is not None


def _from(value: Any) -> str:
    return "" if value is None else f"{value} → "


def _value(value: Any) -> str:
    return "none" if value in (None, "") else str(value)


def _act(line: Line) -> tuple[str, str, str]:
    reason = line.detail["reason"]
    more = [f"why readers differed: {REASONS[Reason(reason)][1].lower()}" if reason else ""]
    more.append("one of the readers" if line.detail["is_party"] else "")
    level = line.after["level"]
    more.append(line.after["note"])
    change = "" if level is None else f"level {level}"
    return ACTS.get(line.kind, line.kind), change, "; ".join(filter(None, more))


def _comment(line: Line) -> tuple[str, str, str]:
    return "wrote in the discussion", "", line.after["text"]


def _remark(line: Line) -> tuple[str, str, str]:
    return _REMARKS[line.kind], "", f"“{line.after['quote']}”, level {line.after['level']}"


def _served(line: Line) -> tuple[str, str, str]:
    more = [REASONS_TOLD.get(line.detail["strategy"], line.detail["strategy"])]
    if line.detail["arm"]:
        without = line.detail["arm"] == Arm.none
        more.append(f"by lot {'without' if without else 'with'} suggestion")
    return "was given it" + _LANES.get(line.detail["lane"], ""), "", "; ".join(more)


def _saw(line: Line) -> tuple[str, str, str]:
    return "was shown something", "", ""


def _assignment(line: Line) -> tuple[str, str, str]:
    due = line.after["due_on"]
    more = [f"of {line.detail['reader']}", f"due {due}" if due else "", line.after["note"]]
    more.append(f"now {line.detail['now']}")
    return _ASKED[line.kind.removeprefix("asked.")], "", "; ".join(filter(None, more))


def _reread(line: Line) -> tuple[str, str, str]:
    what = "sent the reading back" if line.kind == "reread.again" else "let the reading stand"
    more = f"{line.detail['reader']}, label event {line.detail['label']}"
    return what, "", "; ".join(filter(None, [more, line.after["note"]]))


def _fence(line: Line) -> tuple[str, str, str]:
    return "drawn for the fenced sample", "", ""


def _version(line: Line) -> tuple[str, str, str]:
    new = line.after
    learnt = f"learnt {new['labels']:,} labels, up to label event {new['last_event']:,}"
    parts = [
        f"reads: {model_kinds.told(new['kind']).lower()}",
        learnt,
        new["decision"],
        f"SHA-256 {new['sha256'][:12]}…",
    ]
    return "version made", "", "; ".join(filter(None, parts))


def _chain(line: Line) -> tuple[str, str, str]:
    changes = "; ".join(
        f"{name.replace('_', ' ')} {_value(line.before[name])} → {_value(value)}"
        for name, value in line.after.items()
    )
    fields = {name: value for name, value in line.detail.items() if name != "subject"}
    return MEANINGS.get(line.kind, line.kind), changes, said_of(fields)


_TELL = {
    "label": _label,
    "adjudication": _act,
    "comment": _comment,
    "remark": _remark,
    "serving": _served,
    "disclosure": _saw,
    "assignment": _assignment,
    "reread": _reread,
    "fence": _fence,
    "version": _version,
    "chain": _chain,
}
