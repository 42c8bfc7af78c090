"""Times: one moment, however it is spelled."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead_bridge.errors import Malformed
from fairlead_bridge.mapping import times
from tests.support.corpus import every_event, needs_corpus

NINE = 1_793_523_600_000_000  # 2026-11-01T09:00:00Z


@pytest.mark.parametrize(
    "spelling",
    [
        "2026-11-01T09:00:00Z",
        "2026-11-01T09:00:00z",
        "2026-11-01t09:00:00Z",
        "2026-11-01T09:00Z",
        "2026-11-01T09:00:00.000Z",
        "2026-11-01T09:00:00,000Z",
        "2026-11-01T10:00:00+01:00",
        "2026-11-01T10:00:00+0100",
        "2026-11-01T10:00:00+01",
        "2026-11-01T10:00:00 +01:00",
        "2026-11-01T10:00:00+01:00[Europe/Warsaw]",
        "2026-11-01T10:00+01:00[Europe/Warsaw]",
        "2026-11-01T09:00:00Z[UTC]",
        "2026-11-01T09:00:00[UTC]",
        "2026-11-01T09:00:00 UTC",
        "2026-11-01 10:00:00+01:00",
        "2026-11-01T09:00:00",
        "2026-11-01 09:00:00",
        " 2026-11-01T09:00:00Z\n",
        "1793523600",
        "1793523600000",
        "1793523600.0",
        1793523600,
        1793523600.0,
        1793523600_000,
        1793523600_000_000,
        1793523600_000_000_000,
    ],
)
def test_every_spelling_of_a_moment_is_the_same_moment(spelling: object) -> None:
    assert times.parse(spelling) == NINE


def test_what_is_finer_than_a_microsecond_is_cut_off() -> None:
    assert times.parse("2026-11-01T09:00:00.123456789Z") == NINE + 123_456
    assert times.parse("2026-11-01T10:00:00.123456999+01:00[Europe/Warsaw]") == NINE + 123_456
    assert times.parse(1793523600_123_456_789) == NINE + 123_456


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (10**11 - 1, (10**11 - 1) * 1_000_000),  # the last second
        (10**11, 10**14),  # the first millisecond
        (10**14 - 1, (10**14 - 1) * 1_000),
        (10**14, 10**14),  # the first microsecond
        (10**17 - 1, 10**17 - 1),
        (10**17, 10**14),  # the first nanosecond
        (-(10**11), -(10**14)),
    ],
)
def test_the_unit_of_a_number_changes_at_its_size(number: int, moment: int) -> None:
    assert times.parse(number) == moment


def test_fractions_of_any_length_have_their_worth() -> None:
    assert times.parse("2026-11-01T09:00:00.5Z") == NINE + 500_000
    assert times.parse("2026-11-01T09:00:00.25+00:00[UTC]") == NINE + 250_000


def test_far_years_are_times_like_any_other() -> None:
    assert times.parse("0001-01-01T00:00:00Z") == -62_135_596_800_000_000
    assert times.parse("2099-01-01T00:00:00Z") == 4_070_908_800_000_000
    assert times.parse("9999-12-31T23:59:59.999999Z") == 253_402_300_799_999_999


def test_a_date_alone_is_its_midnight() -> None:
    assert times.parse("2026-11-01") == times.parse("20261101") == NINE - 9 * 3600 * 1_000_000


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "yesterday",
        "--1793523600",
        "1793523600.0.0",
        True,
        [],
        {"time": 1},
        "2026-13-01T00:00:00Z",
        "2026-11-01T25:00:00Z[UTC]",
        float("nan"),
        float("inf"),
        10**30,
        "2026-11-01T10:00:00[Europe/Warsaw]",
        "2026-11-01T10:00:00+99:99",
    ],
)
def test_what_is_no_time_is_malformed_and_says_so(value: object) -> None:
    with pytest.raises(Malformed, match="not a time"):
        times.parse(value)


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_iso_times_have_their_microseconds_in_every_zone(moment: datetime, offset: int) -> None:
    there = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert times.parse(there.isoformat()) == (there - epoch) // timedelta(microseconds=1)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_anything_is_a_time_or_malformed(value: object) -> None:
    with contextlib.suppress(Malformed):
        assert isinstance(times.parse(value), int)


@needs_corpus
def test_every_event_time_of_the_corpus_is_read() -> None:
    read = 0
    for where, body in every_event():
        try:
            event = json.loads(body)
        except ValueError:
            continue
        event = event.get("event", event) if isinstance(event, dict) else event
        for each in event if isinstance(event, list) else [event]:
            if isinstance(each, dict) and each.get("eventTime") is not None:
                assert isinstance(times.parse(each["eventTime"]), int), where
                read += 1
    assert read > 1000


@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999999-14:00",
        10**24,
        -(10**30),
        10**4000,
    ],
)
def test_what_lies_outside_the_calendar_is_no_time_and_named_so_shortly(value: object) -> None:
    with pytest.raises(Malformed, match=r"years 1 to 9999|not a time") as error:
        times.parse(value)
    assert len(str(error.value)) < 200


def test_a_value_that_is_no_time_is_shown_up_to_eighty_characters() -> None:
    for length, shown in ((78, f"'{'x' * 78}'"), (79, f"'{'x' * 76}...")):
        with pytest.raises(Malformed) as error:
            times.parse("x" * length)
        assert f"not a time: {shown};" in str(error.value)
