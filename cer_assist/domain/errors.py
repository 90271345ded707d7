"""Domain errors are raised deep and become an HTTP answer or a line on stderr once, at the edge.

Every message is shown to a person as it is, so it says what to do.
"""

from __future__ import annotations

from dataclasses import dataclass


class CerError(Exception):
    """Something a person can put right; its text says how."""

    @property
    def message(self) -> str:
        """The sentence shown to the person."""
        return str(self)


class InvalidInput(CerError):
    """What was given cannot be used; `fields`: by which names of a form or an address, if told."""

    def __init__(self, message: str = "", *, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields


class NotFound(CerError):
    """There is no such thing, or it is not for this person to know of it."""


class NotAllowed(CerError):
    """The person's role does not include this."""


class NotQualified(NotAllowed):
    """The coder is to pass a round of training first."""


class NotReady(CerError):
    """What was asked for is still to be made; the message says what has to happen first."""


class SignInRefused(CerError):
    """Name or password is wrong, or the account is disabled."""


class TooManyAttempts(CerError):
    """Sign-in is paused for this name or address; `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class IdempotencyMismatch(CerError):
    """The same idempotency key came with another body."""


@dataclass(frozen=True, slots=True)
class LabelVersion:
    """One of the two versions a stale form has to choose between."""

    event_id: int | None
    level: int | None
    note: str
    recorded_at: str


class StaleLabel(CerError):
    """The form was filled in over a version that has been superseded; carries both."""

    def __init__(self, message: str, theirs: LabelVersion, mine: LabelVersion) -> None:
        super().__init__(message)
        self.stored = theirs
        self.submitted = mine


class StaleDecision(CerError):
    """What was to be settled has changed since it was read; carries what stands now."""

    def __init__(self, message: str, stands: dict[str, object]) -> None:
        super().__init__(message)
        self.stands = stands


class Cancelled(CerError):
    """Long work was stopped on request."""


class Corrupt(CerError):
    """A file or a chain does not match its SHA-256."""
