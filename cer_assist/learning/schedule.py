"""Whether to learn on or to fit everything anew is decided by a pure function.

Learning on costs a tenth of a full fit, but only a full fit measures: it alone chooses blend and
calibration and judges documents by models that have not read them. So it comes after a fixed share
of new labels, which keeps the cost of a long stream in bounds, and at once where the model may have
gone wrong: labels it rests on are others now, or new ones contradict it more than chance would.
"""

from dataclasses import dataclass

# At 10, 25, 63, 156, ... labels: together less than a tenth of the time of fitting at each ten.
GROWTH = 2.5
# Standard errors. Surprise has a long tail, and at first few held-out labels say what is usual:
# with 3, 5 of 140 batches without any drift raised an alarm.
ALARM = 4.0


@dataclass(frozen=True)
class Since:
    """What has come since the last full fit.

    Attributes
    ----------
    labels_then, labels_now : int
        Documents with a level, at the last full fit and now.
    changed : int
        Labels the model has learnt that are others now.
    alarm : float
        Standard errors by which new labels surprise the model more than it expects to be.
    """

    labels_then: int
    labels_now: int
    changed: int = 0
    alarm: float = 0.0


def why_in_full(since: Since) -> str:
    """Why everything is to be fitted anew, in words; empty where learning on will do."""
    if since.changed:
        return f"{since.changed} of the labels it had learnt have changed"
    if since.alarm > ALARM:
        return "new labels contradict it more than chance would"
    if since.labels_now >= GROWTH * since.labels_then:
        return f"labels have grown from {since.labels_then} to {since.labels_now}"
    return ""
