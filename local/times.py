"""Moments and durations as people write and read them."""

from datetime import UTC, datetime

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def moment(text: str) -> datetime:
    """Return the time that `text` says (ISO 8601 with its zone).

    Raises:
        ValueError: it says none, or one without a zone; the message says what to write.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time: say one such as 2025-01-31T12:00:00Z.") from None
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: end it with Z for UTC, or with one such as +01:00.")
    return found


def age(seconds: float) -> str:
    """Return how long that is in its largest whole unit, such as `12 min`; under a minute in seconds."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def since(then: datetime) -> float:
    """Return the seconds from `then` to now."""
    return (datetime.now(UTC) - then).total_seconds()
