"""Bodies of requests are unpacked within limits, and split into events."""

from __future__ import annotations

import gzip
import os
import zlib

import pytest
import zstandard

from fairlead_bridge.errors import BodyTooLarge, BodyUnreadable
from fairlead_bridge.intake.unpack import unpack
from fairlead_bridge.mapping.elements import split


def test_unpacking_stops_at_the_limit() -> None:
    body = b"x" * 1000
    for name, packed in (
        ("gzip", gzip.compress(body)),
        ("zstd", zstandard.compress(body)),
        ("deflate", zlib.compress(body)),
    ):
        assert unpack(packed, name, 1000) == body
        with pytest.raises(BodyTooLarge):
            unpack(packed, name, 999)
        with pytest.raises(BodyUnreadable):
            unpack(b"?" + packed, name, 1000)


def test_half_a_body_is_not_taken_for_a_whole_one() -> None:
    for name, packed in (("gzip", gzip.compress(b"x")), ("deflate", zlib.compress(b"x"))):
        with pytest.raises(BodyUnreadable):
            unpack(packed[:-3], name, 1000)


def test_a_body_of_a_hundred_thousand_empty_members_costs_no_more_than_its_bytes() -> None:
    with pytest.raises(BodyUnreadable, match="1000 compressed members"):
        unpack(gzip.compress(b"") * 200_000, "gzip", 100_000_000)
    assert unpack(gzip.compress(b"") * 999 + gzip.compress(b"x"), "gzip", 10) == b"x"
    with pytest.raises(BodyUnreadable, match="more than 3 parts"):
        unpack(b"x", "gzip, " * 10 + "gzip", 10)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 3_000_000])
def test_what_was_packed_comes_out_whole_whatever_its_size(size: int) -> None:
    for body in (os.urandom(size), b"x" * size):
        assert unpack(gzip.compress(body), "gzip", size) == body
        assert unpack(zlib.compress(body), "deflate", size) == body
        assert unpack(zstandard.compress(body), "zstd", size) == body
        halves = body[: size // 2], body[size // 2 :]
        assert unpack(b"".join(map(gzip.compress, halves)), "gzip", size) == body


def test_splitting_leaves_each_event_its_own_bytes() -> None:
    assert split(b'\n [ {"a": 1.0} ,{"b":"\xc3\xa9]"} ]') == [b'{"a": 1.0}', b'{"b":"\xc3\xa9]"}']
    assert split(b'{"a": [1]}') == [b'{"a": [1]}']
