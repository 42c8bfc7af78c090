"""From the bytes of a request to the bytes without their Content-Encoding, within a bound. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import zstandard

from fairlead_bridge.errors import BodyTooLarge, BodyUnreadable

#: Bytes that are read, and bytes that are made, in one step.
_PIECE, _STEP = 64 << 10, 1 << 20
#: Encodings in a row, and members of a gzip file, beyond which nothing honest goes.
_ENCODINGS, _MEMBERS = 3, 1000
#: The memory that a zstd frame may ask for: what compressors need at every ordinary level.
_WINDOW = 1 << 25


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """
    The body without its Content-Encoding: gzip, deflate, zstd, identity, or a few in a row.

    Raises BodyTooLarge beyond `limit` bytes, before having made more of them; BodyUnreadable where it cannot
    be unpacked.
    """
    names = [part.strip().lower() for part in encoding.split(",")]
    if len(names) > _ENCODINGS:
        raise BodyUnreadable(f"Content-Encoding has more than {_ENCODINGS} parts")
    for name in reversed(names):
        if name in ("", "identity"):
            continue
        if name in ("gzip", "x-gzip"):
            body = _joined(_inflated(body, zlib.MAX_WBITS | 16), limit)
        elif name == "deflate":
            body = _joined(_inflated(body, zlib.MAX_WBITS), limit)
        elif name == "zstd":
            body = _joined(_unzstd(body), limit)
        else:
            raise BodyUnreadable(f"Content-Encoding {name!r} is not known here; gzip and zstd are")
    if len(body) > limit:
        raise BodyTooLarge
    return body


def _joined(parts: Iterator[bytes], limit: int) -> bytes:
    found = bytearray()
    for part in parts:
        found += part
        if len(found) > limit:
            raise BodyTooLarge
    return bytes(found)


def _inflated(body: bytes, window: int) -> Iterator[bytes]:
    """
    Piece by piece, since what follows a member is copied at its end: a body of a hundred thousand
    empty members would be copied as often.
    """
    member = zlib.decompressobj(window)
    members = 1
    try:
        for at in range(0, len(body), _PIECE):
            piece = body[at : at + _PIECE]
            while piece:
                if member.eof:  # a gzip file may hold several members
                    member = zlib.decompressobj(window)
                    members += 1
                if members > _MEMBERS:
                    raise BodyUnreadable(f"the body has more than {_MEMBERS} compressed members")
                yield member.decompress(piece, _STEP)
                piece = member.unconsumed_tail or member.unused_data
        while part := member.decompress(b"", _STEP):
            yield part
    except zlib.error as error:
        raise BodyUnreadable(f"the body cannot be unpacked: {error}") from error
    if not member.eof and body:
        raise BodyUnreadable("the body ends in the middle of its compressed data")


def _unzstd(body: bytes) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(
        body, read_across_frames=True
    )
    try:
        while part := reader.read(_STEP):
            yield part
    except zstandard.ZstdError as error:
        raise BodyUnreadable(f"the body cannot be unpacked: {error}") from error
