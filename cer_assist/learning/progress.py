"""Long steps tell how far they are by one kind of call, and stop when that call raises."""

from collections.abc import Callable

Progress = Callable[[float, str], None]  # share done in 0..1, what is being done


def silent(share: float, message: str) -> None:
    """For callers who do not look."""
