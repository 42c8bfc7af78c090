"""Requests and events that no client would write: what the bridge must answer without failing."""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.support.mutants import mutants
from tests.support.small import dataset, run_event, schema, uuid

#: Moments at the edges of what a clock or a calendar can say.
MOMENTS = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00-14:00",
    "1582-10-04T00:00:00Z",
    "1901-12-13T20:45:52Z",
    "1969-12-31T23:59:59.999999Z",
    "1970-01-01T00:00:00Z",
    "2026-11-01T10:00:00Z",
    "2026-11-01",
    "2038-01-19T03:14:08Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59.999999-14:00",
    "+10000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "0",
    "-1",
    "1e400",
    "253402300800",
    "99999999999999999999",
    "NaN",
    "soon",
)
NUMBERS = (
    *("0", "1", "-1", "2", "50", "5000", "10000", "2147483648", "-9223372036854775809"),
    *("9223372036854775807", "9223372036854775808", "9" * 400, "9" * 5000),
    *("1.5", "1e3", "NaN", "Infinity", "-0", " 7 ", "0x10", "1_0", "٣", ""),
)
TEXTS = (
    *("", " ", "x", "%", "_", "\\", "'", '"', "''", ";", "--", "*", "a*", '"a', "a OR b", "NEAR("),
    *("\x00", "a\x00b", "\ud800", "\ufffd", "\u202e", "żółw 🐢", "\n", "\r\n", "../../etc/passwd"),
    *("a " * 1000, "x" * 5000, "(" * 500, "word " * 50, ":", "::", "a:b", "job:", "dataset:"),
    *("dataset::", "job::x", "dataset:n:", "0" * 16, "f" * 16, "Z" * 11, "-" * 11, "null", "[]"),
    *("up:1", "up:x:-1", "tasks:", "dag:" + "9" * 30, ",,,", "up:" * 200),
)


@dataclass(frozen=True)
class Known:
    """What the catalog has, so that half of the requests find something."""

    nodes: Sequence[str] = ()
    ids: Sequence[str] = ()
    runs: Sequence[str] = ()
    cursors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, answers: dict[str, Any]) -> Known:
        """From the answers of `jobs`, `datasets` and `runs`."""
        assets = [*answers["jobs"]["items"], *answers["datasets"]["items"]]
        runs = answers["runs"]["items"]
        return cls(
            [each["node"] for each in assets],
            [each["id"] for each in [*assets, *runs]],
            [each["run_id"] for each in runs],
            [each["next"] for each in answers.values() if each.get("next")],
        )


def reads(document: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The addresses that are read with GET, each with its parameters; not the endless stream."""
    return [
        (path, methods["get"].get("parameters", []))
        for path, methods in document["paths"].items()
        if "get" in methods and not path.endswith("/stream")
    ]


def request(
    addresses: Sequence[tuple[str, list[dict[str, Any]]]], known: Known, chance: random.Random
) -> str:
    """The path and query of one request."""
    path, parameters = chance.choice(addresses)
    pairs: list[str] = []
    for parameter in parameters:
        name, kind = parameter["name"], parameter["in"]
        needed = parameter.get("required", False)
        if kind == "header" or (not needed and chance.random() < 0.6):
            continue
        value = _encoded(_value(name, parameter["schema"], known, chance))
        if kind == "path":
            path = path.replace(f"{{{name}}}", value or "x")
        else:
            pairs.append(f"{name}={value}")
    if chance.random() < 0.05:
        pairs.append(f"{_encoded(chance.choice(TEXTS))}={_encoded(chance.choice(TEXTS))}")
    if pairs and chance.random() < 0.05:
        pairs.append(chance.choice(pairs))
    return f"{path}?{'&'.join(pairs)}" if pairs else path


def _value(name: str, schema: dict[str, Any], known: Known, chance: random.Random) -> str:
    options = schema.get("anyOf", [schema])
    first = options[0]
    if chance.random() < 0.1:
        return chance.choice((*TEXTS, *NUMBERS, *MOMENTS))
    if "enum" in first:
        return str(chance.choice(first["enum"]))
    if first.get("format") == "date-time" or name in ("since", "until", "as_of"):
        return chance.choice(MOMENTS)
    if first.get("type") in ("integer", "number"):
        return chance.choice(NUMBERS)
    mine: Sequence[str] = {
        "node": known.nodes,
        "source": known.nodes,
        "target": known.nodes,
        "dataset": [node.partition(":")[2] for node in known.nodes],
        "run_id": known.runs,
        "cursor": known.cursors,
    }.get(name, known.ids if name.endswith("_id") or name in ("jobs", "open", "shut") else ())
    if mine and chance.random() < 0.6:
        value = chance.choice(mine)
        return _spoilt(value, chance) if chance.random() < 0.2 else value
    return chance.choice(TEXTS)


def _spoilt(text: str, chance: random.Random) -> str:
    """The text with a letter that is another, twice, or gone."""
    if not text:
        return text
    place = chance.randrange(len(text))
    return text[:place] + chance.choice(["", "\x00", "Z", text[place] * 2]) + text[place + 1 :]


def _encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


# --- events -------------------------------------------------------------------------------------


def odd_events() -> Iterator[bytes]:
    """Runs at the edges of time, with what is made of times: durations, rhythms, breaches."""
    for number, moment in enumerate(MOMENTS):
        for state in ("START", "COMPLETE", "FAIL"):
            for offset in range(2):
                run = uuid(7000 + 10 * number + offset)
                yield run_event(
                    state,
                    moment if "T" in moment else "2026-11-01T10:00:00Z",
                    run,
                    f"odd{number % 3}",
                    run={
                        "nominalTime": {"nominalStartTime": moment, "nominalEndTime": moment},
                        "parent": {
                            "run": {"runId": uuid(6000 + number)},
                            "job": {"namespace": "odd", "name": "p"},
                        },
                    },
                    inputs=[dataset(f"d.s.in{number % 4}", schema=schema("a"))],
                    outputs=[dataset("d.s.out", schema=schema("a", f"c{number}"))],
                )


def bodies(
    events: list[bytes], number: int, seed: int, untouched: Collection[str] = ()
) -> list[bytes]:
    """As many bodies of requests: mutants of the events, batches of them, and broken bytes."""
    chance = random.Random(seed)
    changed = mutants(events, number, seed, untouched)
    found = []
    for body in changed:
        kind = chance.random()
        if kind < 0.1:
            body = _broken(body, chance)
        elif kind < 0.25:
            some = [chance.choice(changed) for _ in range(chance.randint(1, 5))]
            body = b"[" + b",".join([*some, _broken(body, chance)]) + b"]"
        elif kind < 0.27:
            body = chance.choice([b"[", b'{"a":', b"{", b'["']) * chance.choice([1, 300, 5000])
        found.append(body)
    return found


def _broken(body: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(body))
    odd = chance.choice([b"", b"\x00", b"\xff", b'"', b"\\", b"NaN", b"[", b"}", b"9" * 500, b","])
    return body[:at] + odd + body[at + chance.randint(0, 3) :]


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()
