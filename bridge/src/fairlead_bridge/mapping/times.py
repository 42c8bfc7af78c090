"""When something happened, in whatever spelling an event has it."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from fairlead_bridge.errors import Malformed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (a time without a zone is UTC)

#: What Java, Spark and people write that ISO 8601 does not: a space before the offset, lower-case
#: letters, `UTC` for `Z`, a zone's name in brackets behind the offset.
_LOOSE = re.compile(
    r"""^\s*
    (?P<day>\d{4}-\d\d-\d\d) [\sTt]+
    (?P<clock>\d\d:\d\d(?::\d\d)?) (?P<fraction>[.,]\d+)? \s*
    (?P<offset>[+-]\d\d:?(?:\d\d)?|Z|z|UTC|GMT)? \s*
    (?:\[(?P<zone>[^\]]*)\])?
    \s*$""",
    re.VERBOSE,
)
#: Time since the epoch in a string; eight digits would be a date.
_EPOCHAL = re.compile(r"-?[0-9]{9,20}(\.[0-9]+)?")
_UTC_ZONES = {"Z", "UTC", "GMT", "Etc/UTC", "Etc/GMT"}

#: Where a number stops being seconds, milliseconds, microseconds: every moment between the years
#: 1973 and 5138 is distinguished from the others, and its microseconds to the unit.
_SECONDS_BELOW, _MILLIS_BELOW, _MICROS_BELOW = 10**11, 10**14, 10**17
_FIRST = -62_135_596_800_000_000  # 0001-01-01T00:00:00Z
_LAST = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z


def parse(value: object) -> int:
    """
    Microseconds since the epoch, UTC. Raises Malformed where `value` is no time.

    A time without a zone is UTC; what is finer than a microsecond is cut off.

    >>> parse("2026-11-01T10:00:00+01:00") == parse("2026-11-01 09:00:00") == parse(1793523600)
    True
    """
    if type(value) is str:
        moment = _text(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        moment = _number(value)
    else:
        raise _no_time(value, _HOW)
    if not _FIRST <= moment <= _LAST:
        raise _no_time(value, "it lies outside the years 1 to 9999 (UTC)")
    return moment


_HOW = "write it in ISO 8601, as 2026-11-01T10:00:00Z"


def _no_time(value: object, why: str) -> Malformed:
    return Malformed(f"not a time: {_shown(value)}; {why}")


def _shown(value: object) -> str:
    try:
        shown = repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return "a number too large"
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _text(value: str) -> int:
    if value[4:5] != "-" and _EPOCHAL.fullmatch(value):
        return _number(float(value) if "." in value else int(value))
    try:
        return _since_epoch(datetime.fromisoformat(value))
    except ValueError:
        return _loose(value)


def _since_epoch(moment: datetime) -> int:
    past = moment - (_NAIVE_EPOCH if moment.tzinfo is None else _EPOCH)
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


def _loose(value: str) -> int:
    found = _LOOSE.match(value)
    if found is None:
        raise _no_time(value, _HOW)
    offset, zone = found["offset"], found["zone"]
    if offset is None and zone is not None and zone not in _UTC_ZONES:
        raise _no_time(value, "beside the zone's name it needs the offset")
    if offset is None or offset in ("z", "UTC", "GMT"):
        offset = "+00:00"
    spelled = f"{found['day']}T{found['clock']}{found['fraction'] or ''}{offset}"
    try:
        return _since_epoch(datetime.fromisoformat(spelled))
    except ValueError as error:
        raise _no_time(value, str(error)) from error


def _number(value: int | float) -> int:
    """Seconds, milliseconds, microseconds or nanoseconds since the epoch, recognised by their size."""
    if isinstance(value, float) and not math.isfinite(value):
        raise _no_time(value, "it must be finite")
    size = abs(value)
    if size < _SECONDS_BELOW:
        return round(value * 1_000_000)
    if size < _MILLIS_BELOW:
        return round(value * 1_000)
    if size < _MICROS_BELOW:
        return round(value)
    return int(value) // 1_000
