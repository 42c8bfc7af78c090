"""
The shape of an OpenLineage event, as loosely as senders follow it.

Facets stay raw bytes: only those that are read are decoded, and a facet whose bytes are known is
not read again. What Python's `json` writes and no JSON parser takes (NaN, half a surrogate pair, a
raw line feed in a string) is repaired; so is what no database stores (NUL).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import Malformed, NestedTooDeeply, TooDeep, WrongShape

Facets = dict[str, msgspec.Raw]


class RawRun(msgspec.Struct):
    runId: str | None = None  # noqa: N815  (OpenLineage's name)
    facets: Facets | None = None


class RawJob(msgspec.Struct):
    namespace: str | None = None
    name: str | None = None
    facets: Facets | None = None


class RawDataset(msgspec.Struct):
    namespace: str | None = None
    name: str | None = None
    facets: Facets | None = None
    inputFacets: Facets | None = None  # noqa: N815
    outputFacets: Facets | None = None  # noqa: N815


class RawEvent(msgspec.Struct):
    eventTime: str | int | float | None = None  # noqa: N815  (ISO 8601, or a number whose unit mapping/times finds)
    eventType: str | None = None  # noqa: N815
    run: RawRun | None = None
    job: RawJob | None = None
    dataset: RawDataset | None = None
    inputs: list[RawDataset] | None = None
    outputs: list[RawDataset] | None = None


class Outline(msgspec.Struct):
    eventTime: msgspec.Raw = msgspec.Raw(b"null")  # noqa: N815
    run: msgspec.Raw = msgspec.Raw(b"null")
    job: msgspec.Raw = msgspec.Raw(b"null")
    dataset: msgspec.Raw = msgspec.Raw(b"null")


#: Levels of brackets that an event may have; readers of facets need part of the stack as well.
DEEPEST = 200
#: Longest word that is stored, in bytes.
LONGEST_WORD = 60

_event = msgspec.json.Decoder(RawEvent)
#: Reads the outline of an event: its parts as the bytes that they are.
OUTLINE = msgspec.json.Decoder(Outline)
_facet = msgspec.json.Decoder(dict[str, object])
_bracket = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_brackets = re.compile(rb'"(?:[^"\\]|\\.)*"?|[^\[\]{}"]+', re.DOTALL)


def event(body: bytes) -> RawEvent:
    """
    The event in `body`. Raises Malformed with the place and the reason: WrongShape where it is JSON,
    and TooDeep where it is nested more than readers take.
    """
    try:
        body.decode()
        if b"\\u0000" not in body:
            return _event.decode(body)
    except msgspec.ValidationError as error:
        raise WrongShape(f"not an OpenLineage event: {error}") from error
    except RecursionError as error:
        raise too_deep() from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # perhaps it can be repaired
    return _repaired_event(body)


def _repaired_event(body: bytes) -> RawEvent:
    try:
        return _event.decode(repaired(body))
    except msgspec.ValidationError as error:
        raise WrongShape(f"not an OpenLineage event: {error}") from error
    except NestedTooDeeply as error:
        raise too_deep() from error
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from error


def looks_like_event(body: bytes) -> bool:
    """Whether an element of a valid array has the words of an event: a look without decoding."""
    return (
        body[:1] == b"{"
        and b'"eventTime"' in body
        and (b'"run"' in body or b'"job"' in body or b'"dataset"' in body)
    )


def outline(body: bytes) -> str | None:
    """
    Why the body can be no event, as far as its outline shows; None where it may be one.

    What it takes is a fraction of what `event` takes, so that intake can say it in its answer.
    """
    try:
        found = OUTLINE.decode(body)
    except msgspec.ValidationError:
        return "not a JSON object"
    except RecursionError:
        return None if outline(shallow(body)) is None else str(too_deep())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None if is_json(body) else "not JSON"
    if found.eventTime == _NULL:
        return "eventTime is missing"
    if found.run == found.job == found.dataset == _NULL:
        return "neither run, job nor dataset is named"
    return None


_NULL = msgspec.Raw(b"null")


def too_deep() -> TooDeep:
    return TooDeep(f"nested more than {DEEPEST} levels deep: no reader takes that")


def facet(facets: Facets | None, name: str) -> Json | None:
    """One facet, decoded; None where it is absent, null, or not an object."""
    raw = facets.get(name) if facets else None
    if raw is None:
        return None
    try:
        return _facet.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _without_huge_numbers(raw)


def dicts(value: object) -> Iterator[Json]:
    """The objects in a list; nothing where `value` is none."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def repaired(body: bytes) -> bytes:
    """
    The same JSON in words that everybody reads: numbers that are none or too large are null, bytes
    and characters that no text has become U+FFFD. Raises ValueError where it is no JSON,
    NestedTooDeeply where that is unknown.
    """
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        return msgspec.json.encode(plain(_loads(text)))
    except RecursionError as error:
        raise NestedTooDeeply from error


def is_json(body: bytes) -> bool:
    """Whether the body is one JSON value, in the words of strict readers or of loose ones."""
    try:
        _loads(body.decode("utf-8", "replace").removeprefix("\ufeff"))
    except RecursionError:
        return True  # it is well formed as deep as anyone reads
    except ValueError:
        return False
    return True


def _loads(text: str) -> object:
    return json.loads(text, strict=False, parse_int=_number)


def _number(digits: str) -> float:
    """An integer; one with more digits than Python converts is infinite."""
    try:
        return int(digits)
    except ValueError:
        return math.copysign(math.inf, -1 if digits.startswith("-") else 1)


def plain(value: Any) -> Any:
    """A decoded value without what JSON, MessagePack and PostgreSQL cannot all store."""
    match value:
        case str():
            return text(value)
        case bool() | None:
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else plain(_as_float(value))
        case float():
            return value if math.isfinite(value) else None
        case list():
            return [plain(item) for item in value]
        case dict():
            return {text(str(key)): plain(item) for key, item in value.items()}
    return text(str(value))


def bounded(value: object, levels: int = DEEPEST) -> object:
    """
    A value out of an event with numbers that MessagePack can store; the larger are floats.

    Raises Malformed where it is nested too deeply.
    """
    if levels < 0:
        raise too_deep()
    if isinstance(value, dict):
        below = levels - 1
        return {k: v if type(v) is str else bounded(v, below) for k, v in value.items()}
    if isinstance(value, list):
        return [item if type(item) is str else bounded(item, levels - 1) for item in value]
    if type(value) is int and not -(2**63) <= value < 2**64:
        return plain(value)
    return value


def text(value: str) -> str:
    """Text that can be stored: without NUL and halves of surrogate pairs."""
    if value.isascii():
        return value.replace("\x00", "\ufffd") if "\x00" in value else value
    return (
        value.replace("\x00", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    )


def namespace(value: str | None) -> str:
    """A namespace as it is stored."""
    return ids.stored_namespace(value or "")


name = ids.stored_name


def word(value: object) -> str | None:
    """A short word, as of an enumeration; None where `value` is empty."""
    return ids.shortened(str(value), LONGEST_WORD) if value else None


def is_too_deep(body: bytes) -> bool:
    """Whether this JSON is nested deeper than readers take."""
    if body.count(b"{") + body.count(b"[") <= DEEPEST:
        return False
    depth = deepest = 0
    for bracket in _brackets.sub(b"", body):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest > DEEPEST


def shallow(body: bytes) -> bytes:
    """The same JSON, with null for what is nested deeper than readers take."""
    pieces, depth, end = [], 0, 0
    for found in _bracket.finditer(body):
        bracket = found[0]
        if bracket in b"[{":
            depth += 1
            if depth == DEEPEST:
                pieces.append(body[end : found.start()] + b"null")
        elif bracket in b"]}":
            depth -= 1
            if depth == DEEPEST - 1:
                end = found.end()
    return b"".join(pieces) + (body[end:] if depth < DEEPEST else b"")


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _without_huge_numbers(raw: msgspec.Raw) -> dict[str, object] | None:
    try:
        return _facet.decode(repaired(bytes(raw)))
    except (ValueError, msgspec.DecodeError):
        return None
