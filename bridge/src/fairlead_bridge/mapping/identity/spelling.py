"""The value that rules pass on: a namespace and a name, and how to take them apart."""

from __future__ import annotations

import re
from typing import NamedTuple

from fairlead_bridge.letters import scheme

__all__ = ["Pairs", "Spelling", "Url", "host_and_port", "parts", "scheme", "url"]

Pairs = tuple[tuple[str, str], ...]

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://(?P<authority>[^/?#;]*)(?P<tail>.*)", re.S
)
_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>.*))?", re.S)
_PART = re.compile(r'"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[^."`\[]+|.', re.S)


class Spelling(NamedTuple):
    namespace: str
    name: str
    #: What was cut off the name because it names one part of the dataset: (("dt", "2026-11-01"),)
    partition: Pairs = ()
    #: Other spellings of the same dataset: the topic under each broker of its cluster.
    also: Pairs = ()


class Url(NamedTuple):
    """A namespace of the form scheme://authority, and what follows: path, query, parameters."""

    scheme: str
    authority: str
    tail: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.tail}"

    @property
    def hosts(self) -> list[str]:
        return self.authority.split(",")


def url(namespace: str) -> Url | None:
    """None where the namespace is a word, as `bigquery`, or an ARN."""
    found = _URL.fullmatch(namespace)
    return Url(*found.groups()) if found else None


def host_and_port(host: str) -> tuple[str, str | None]:
    """
    The port as it is written; None without a colon.

    >>> host_and_port("h:5432"), host_and_port("h"), host_and_port("[::1]:")
    (('h', '5432'), ('h', None), ('[::1]', ''))
    """
    found = _PORT.fullmatch(host)
    return (found["host"], found["port"]) if found else (host, None)


def parts(name: str) -> list[str]:
    """
    The parts between dots, quoted ones whole.

    >>> parts('shop."odd.schema".t')
    ['shop', '"odd.schema"', 't']
    """
    found = [""]
    for piece in _PART.findall(name):
        if piece == ".":
            found.append("")
        else:
            found[-1] += piece
    return found
