"""From the bytes of a request to the bytes of its events, within a bound. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import zstandard

_PIECE = 1 << 20
_SPACE = b" \t\r\n"


class TooLarge(Exception):
    """Unpacked, the request is larger than allowed."""


class Garbled(Exception):
    """The request is not what its Content-Encoding says."""


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """
    The body without its Content-Encoding: gzip, deflate, zstd, identity, or several in a row.

    Raises TooLarge beyond `limit` bytes, before having made more of them; Garbled where it cannot
    be unpacked.
    """
    for name in reversed([part.strip().lower() for part in encoding.split(",")]):
        if name in ("", "identity"):
            continue
        if name in ("gzip", "x-gzip"):
            body = _inflate(body, zlib.MAX_WBITS | 16, limit)
        elif name == "deflate":
            body = _inflate(body, zlib.MAX_WBITS, limit)
        elif name == "zstd":
            body = _unzstd(body, limit)
        else:
            raise Garbled(f"Content-Encoding {name!r} is not known here; gzip and zstd are")
    if len(body) > limit:
        raise TooLarge
    return body


def _inflate(body: bytes, window: int, limit: int) -> bytes:
    parts = []
    size = 0
    while body:  # a gzip file may hold several members
        member = zlib.decompressobj(window)
        try:
            part = member.decompress(body, limit + 1 - size)
        except zlib.error as error:
            raise Garbled(f"the body cannot be unpacked: {error}") from error
        parts.append(part)
        size += len(part)
        if size > limit:
            raise TooLarge
        if not member.eof:
            raise Garbled("the body ends in the middle of its compressed data")
        body = member.unused_data
    return b"".join(parts)


def _unzstd(body: bytes, limit: int) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
        body, read_across_frames=True
    )
    parts = []
    size = 0
    try:
        while part := reader.read(_PIECE):
            parts.append(part)
            size += len(part)
            if size > limit:
                raise TooLarge
    except zstandard.ZstdError as error:
        raise Garbled(f"the body cannot be unpacked: {error}") from error
    return b"".join(parts)


def odd(events: Sequence[bytes]) -> list[int]:
    """The indexes of those that cannot be events at all, since they are no JSON objects."""
    return [index for index, event in enumerate(events) if event.lstrip(_SPACE)[:1] != b"{"]
