"""What a list of events shows of each: a lenient look at its first words."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.mapping import decode


class Head(NamedTuple):
    """What an event says of itself; None where it does not, or not in words."""

    event_type: str | None = None
    event_time: str | None = None
    run_id: str | None = None
    job: tuple[str, str] | None = None  # namespace, name

    @property
    def job_id(self) -> int | None:
        return ids.job_id(*self.job) if self.job else None


class _Raw(msgspec.Struct):
    eventType: Any = None  # noqa: N815  (OpenLineage's name)
    eventTime: Any = None  # noqa: N815
    run: msgspec.Raw = msgspec.Raw(b"null")
    job: msgspec.Raw = msgspec.Raw(b"null")


class _Run(msgspec.Struct):
    runId: Any = None  # noqa: N815


class _Job(msgspec.Struct):
    namespace: Any = None
    name: Any = None


_raw = msgspec.json.Decoder(_Raw)
_run = msgspec.json.Decoder(_Run)
_job = msgspec.json.Decoder(_Job)


def head(body: bytes) -> Head:
    """The head of an event, whatever else is wrong with it."""
    try:
        found = _decoded(body)
    except ValueError:
        return Head()
    run, job = _part(_run, found.run), _part(_job, found.job)
    place, name = (_text(job.namespace), _text(job.name)) if job else (None, None)
    return Head(
        _text(found.eventType),
        _text(found.eventTime),
        _text(run.runId) if run else None,
        (decode.namespace(place), decode.name(name)) if name else None,
    )


def _decoded(body: bytes) -> _Raw:
    try:
        return _raw.decode(body)
    except RecursionError:
        return _raw.decode(decode.repaired(decode.shallow(body)))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _raw.decode(decode.repaired(body))


def _part(decoder: Any, raw: msgspec.Raw) -> Any:
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _text(value: object) -> str | None:
    return decode.text(str(value)) if isinstance(value, str | int | float) else None
