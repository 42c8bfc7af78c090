"""
The elements of a JSON array as the bytes they came in, each for itself. Pure.

A strict reader refuses a whole array for one NaN in one element. So where it does, brackets and
quotes are followed instead: what is odd about an element stays within it, and its neighbours are
events like any other.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence

import msgspec

from fairlead_bridge.errors import TooManyElements
from fairlead_bridge.mapping.decode import is_json

_QUOTE, _COMMA = b'",'
_SPACE = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

#: Elements that an array may have.
MOST = 20_000
#: Commas beyond which an array is not given to the strict reader, which makes all elements at
#: once, however many there are.
_COMMAS = 2_000_000

_array = msgspec.json.Decoder(list[msgspec.Raw])

#: What the end of an element depends on: strings, brackets and commas. Possessive, so that no
#: input is read twice; a string that never ends reaches to the end of the body.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z|\\\Z)|[\[{]++|[\]}]++|,', re.DOTALL)

#: Where an event begins behind one that never ended (an unclosed quote, a missing brace).
_NEXT_EVENT = re.compile(
    rb',\s*+(?=\{\s*+"(?:eventTime|eventType|producer|schemaURL|run|job|dataset|inputs|outputs)"'
    rb"\s*+:)"
)

#: Bytes of a body, beside its own length, that may be read again in search of such places.
_EFFORT = 1 << 20


def is_array(body: bytes) -> bool:
    """Whether the body begins as a JSON array does."""
    return _content(body)[:1] == b"["


def split(body: bytes) -> list[bytes]:
    """
    The elements of an array, or the body itself where it is none.

    Nothing but commas, brackets and space between the elements is left out. What is no JSON is an
    element too: it will not be understood, but it is stored. Raises TooManyElements beyond `MOST` elements.
    """
    content = _content(body)
    if content[:1] != b"[":
        return [body]
    elements = _strict(content)
    return elements if elements is not None else _followed(content) or [body]


def split_strictly(body: bytes) -> list[bytes] | None:
    """The elements where the body is an array and JSON to the letter; else None. Raises TooManyElements."""
    content = _content(body)
    return _strict(content) if content[:1] == b"[" else None


def _strict(content: bytes) -> list[bytes] | None:
    if content.count(b",") >= _COMMAS:
        return None
    try:
        elements = _array.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return None
    _bound(elements)
    return [bytes(element) for element in elements]


def _bound(elements: Sequence[object]) -> None:
    if len(elements) > MOST:
        raise TooManyElements(f"an array of more than {MOST} events: send them in smaller ones")


def _content(body: bytes) -> bytes:
    return body.lstrip(_SPACE).removeprefix(_BYTE_ORDER_MARK).lstrip(_SPACE)


def _followed(content: bytes) -> list[bytes]:
    """The elements of an array that no strict reader takes."""
    found: list[bytes] = []
    unread = deque(_pieces(content[1:]))
    effort = _EFFORT + len(content)
    while unread:
        _bound(found)
        piece = unread.popleft()
        following = _NEXT_EVENT.search(piece) if effort > 0 else None
        if following is None or is_json(piece):
            found.append(piece)
            continue
        # Its quotes or brackets are odd, and have swallowed the event behind it.
        found.append(piece[: following.start()].rstrip(_SPACE))
        rest = piece[following.end() :]
        effort -= len(rest)
        unread.extendleft(reversed(_pieces(rest)))
    return found


def _pieces(content: bytes) -> list[bytes]:
    """What stands between the commas of an array without its first bracket, and what follows it."""
    found: list[bytes] = []
    depth, start = 1, 0

    def add(first: int, end: int) -> None:
        if element := content[first:end].strip(_SPACE):
            found.append(element)
            _bound(found)

    for token in _TOKEN.finditer(content):
        first, end = content[token.start()], token.end()
        if first == _QUOTE:
            continue
        if first == _COMMA:
            if depth == 1:
                add(start, token.start())
                start = end
        elif first in b"[{":
            depth += end - token.start()
        elif (depth := depth - (end - token.start())) == 1:
            add(start, end)
            start = end
        elif depth < 1:  # the array ends among these brackets
            last = end + depth - 1
            add(start, last)
            add(last + 1, len(content))
            return found
    add(start, len(content))
    return found
