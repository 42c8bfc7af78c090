"""Facts merge in any order, however often they come."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fairlead_bridge.catalog import merge
from fairlead_bridge.facts import Attempt, LatestValue, ObservedState, RunFacts

_at = st.integers(0, 5)
_maybe_at = st.none() | _at
_number = st.none() | st.integers(0, 3)
_note = st.builds(LatestValue, _at, st.sampled_from(["a", "b", {"k": 1}, None]))
_properties = st.dictionaries(st.sampled_from(["error", "pool"]), _note, max_size=2)
_observed = st.builds(
    ObservedState, _at, st.sampled_from(["running", "skipped", "failed"]), _maybe_at
)
_ended = st.tuples(_at, st.sampled_from(["COMPLETE", "ABORT", "FAIL"])) | st.just((None, None))
_timed = st.just({}) | st.fixed_dictionaries(
    {"duration": st.sampled_from([0.0, 1.5]), "duration_at": _at}
)


@st.composite
def _attempts(draw: st.DrawFn) -> Attempt:
    first = draw(_at)
    end_at, end = draw(_ended)
    override_at, override = draw(_ended)
    return Attempt(
        generation=draw(st.integers(0, 2)),
        first_at=first,
        last_at=first + draw(_at),
        start_at=draw(_maybe_at),
        running_at=draw(_maybe_at),
        end_at=end_at,
        end=end,
        override_at=override_at,
        override=override,
        observed=draw(st.none() | _observed),
        dag_start_at=draw(_maybe_at),
        dag_end_at=draw(_maybe_at),
        **draw(_timed),
        alive_at=draw(_maybe_at),
        fail_at=draw(_maybe_at),
        abort_at=draw(_maybe_at),
        restart_at=draw(_maybe_at),
    )


_runs = st.builds(
    RunFacts,
    id=st.just(1),
    job_id=st.just(2),
    kind=st.none() | st.sampled_from(["job", "task"]),
    try_number=_number,
    parent_id=_number,
    attempts=st.dictionaries(st.sampled_from(["x", "y"]), _attempts(), max_size=2),
    properties=_properties,
)
_edges = st.builds(
    lambda first, more, run, derived: {
        "first_at": first,
        "last_at": first + more,
        "last_run": run,
        "is_derived": derived,
    },
    _at,
    _at,
    _number,
    st.integers(0, 1),
)
_schemas = st.builds(
    lambda first, more, run, written: {
        "first_at": first,
        "first_run": run,
        "last_at": first + more,
        "written": written,
    },
    _at,
    _at,
    _number,
    st.integers(0, 1),
)


@given(_runs, _runs, _runs)
def test_runs_merge_in_any_order(a: RunFacts, b: RunFacts, c: RunFacts) -> None:
    assert merge.run(a, b) == merge.run(b, a)
    assert merge.run(merge.run(a, b), c) == merge.run(a, merge.run(b, c))
    assert merge.run(a, a) == a


@given(_properties, _properties, _properties)
def test_latest_values_merge_in_any_order(
    a: dict[str, LatestValue], b: dict[str, LatestValue], c: dict[str, LatestValue]
) -> None:
    assert merge.latest_values(a, b) == merge.latest_values(b, a)
    assert merge.latest_values(merge.latest_values(a, b), c) == merge.latest_values(
        a, merge.latest_values(b, c)
    )
    assert merge.latest_values(a, a) == a


@given(_edges, _edges, _edges)
def test_edges_merge_in_any_order(a: merge.Row, b: merge.Row, c: merge.Row) -> None:
    assert merge.edge(a, b) == merge.edge(b, a)
    assert merge.edge(merge.edge(a, b), c) == merge.edge(a, merge.edge(b, c))
    assert merge.edge(a, a) == a


@given(_schemas, _schemas, _schemas)
def test_schema_versions_merge_in_any_order(a: merge.Row, b: merge.Row, c: merge.Row) -> None:
    assert merge.schema_version(a, b) == merge.schema_version(b, a)
    one = merge.schema_version(merge.schema_version(a, b), c)
    assert one == merge.schema_version(a, merge.schema_version(b, c))
    assert merge.schema_version(a, a) == a


def test_a_known_value_beats_an_unknown_one() -> None:
    assert merge.earliest(None, 3) == 3
    assert merge.latest(3, None) == 3
    assert merge.earliest(2, 3) == 2
    assert merge.latest(2, 3) == 3


def test_of_two_ends_the_later_counts_and_a_failure_at_the_same_time() -> None:
    complete = Attempt(0, 1, 5, end_at=5, end="COMPLETE")
    fail = Attempt(0, 1, 5, end_at=5, end="FAIL")
    late = Attempt(0, 1, 6, end_at=6, end="COMPLETE")
    assert merge.attempt(complete, fail).end == "FAIL"
    assert merge.attempt(fail, late).end == "COMPLETE"
    abort = Attempt(0, 1, 5, end_at=5, end="ABORT")
    for one, other, counts in ((complete, abort, "ABORT"), (abort, fail, "FAIL")):
        assert merge.attempt(one, other).end == merge.attempt(other, one).end == counts
    running = Attempt(0, 1, 9)
    assert (
        merge.attempt(running, complete).end == merge.attempt(complete, running).end == "COMPLETE"
    )


_SEEN = {"first_at": 2, "last_at": 5}, {"first_at": 1, "last_at": 9}
_JOB = dict.fromkeys(("kind", "integration", "processing", "dag_id", "task_id", "parent_id"))
_DATASET = {"name": "n", "kind": None, "dropped_at": None, "updated_at": None}
_SCHEMA = {"first_run": None, "written": 0}


@pytest.mark.parametrize(
    ("combine", "other"),
    [
        (merge.seen, {}),
        (merge.job, _JOB),
        (merge.dataset, _DATASET),
        (merge.edge, {"last_run": None, "is_derived": 0}),
        (merge.symlink, {"kind": "TABLE"}),
        (merge.schema_version, _SCHEMA),
    ],
)
def test_what_was_seen_twice_was_seen_from_the_first_to_the_last_time(
    combine: Callable[[merge.Row, merge.Row], merge.Row], other: merge.Row
) -> None:
    one, two = (each | other for each in _SEEN)
    for merged in (combine(one, two), combine(two, one)):
        assert (merged["first_at"], merged["last_at"]) == (1, 9)


def test_each_value_of_a_job_and_a_dataset_is_the_greater_and_a_name_the_smaller() -> None:
    job = {name: f"{name} b" for name in _JOB if name != "parent_id"} | {"parent_id": 7}
    older = {name: f"{name} a" for name in _JOB if name != "parent_id"} | {"parent_id": 6}
    assert merge.job(_SEEN[0] | older, _SEEN[1] | job) == {**job, "first_at": 1, "last_at": 9}
    small = {"name": "a", "kind": "TABLE", "dropped_at": 3, "updated_at": 4}
    large = {"name": "b", "kind": "VIEW", "dropped_at": 5, "updated_at": 6}
    merged = merge.dataset(_SEEN[0] | large, _SEEN[1] | small)
    assert merged == {**large, "name": "a", "first_at": 1, "last_at": 9}


def test_who_saw_an_edge_last_and_a_schema_first_is_the_run_of_that_time() -> None:
    one, two = (
        {**each, "last_run": run, "is_derived": 0} for each, run in zip(_SEEN, (8, 3), strict=True)
    )
    assert merge.edge(one, two)["last_run"] == merge.edge(two, one)["last_run"] == 3
    assert merge.edge(one, {**one, "last_run": 9})["last_run"] == 9
    assert merge.edge(one, {**one, "last_run": None})["last_run"] == 8
    first, later = (
        {**each, "first_run": run, "written": 0} for each, run in zip(_SEEN, (1, 4), strict=True)
    )
    assert merge.schema_version(first, later)["first_run"] == 4
    assert merge.schema_version(first, {**first, "first_run": None})["first_run"] is None
    assert merge.schema_version(first, {**first, "written": 1})["written"] == 1
    assert merge.symlink(_SEEN[0] | {"kind": "A"}, _SEEN[1] | {"kind": "B"})["kind"] == "B"


def check(
    at: int,
    *,
    success: bool = True,
    body: bytes = b"x",
    severity: str | None = None,
    run: int | None = None,
) -> merge.Row:
    return {"at": at, "success": success, "body": body, "severity": severity, "run": run}


@pytest.mark.parametrize(
    ("lesser", "greater"),
    [
        (check(1, success=False), check(2)),
        (check(1), check(1, success=False)),
        (check(1, body=b"a", severity="z"), check(1, body=b"b")),
        (check(1), check(1, severity="error")),
        (check(1), check(1, run=0)),
        (check(1, run=1), check(1, run=2)),
    ],
)
def test_the_newer_check_counts_and_of_one_time_the_one_that_failed(
    lesser: merge.Row, greater: merge.Row
) -> None:
    assert merge.assertion(lesser, greater) is greater
    assert merge.assertion(greater, lesser) is greater


def test_the_newer_of_two_bodies_values_and_states_counts() -> None:
    def task(at: int, state: str, duration: float | None = None) -> merge.Row:
        return {"at": at, "state": state, "duration": duration}

    def body(at: int, digest: bytes) -> merge.Row:
        return {"at": at, "digest": digest}

    pairs = [
        (merge.newest_body, body(1, b"z"), body(2, b"a")),
        (merge.newest_body, body(1, b"a"), body(1, b"b")),
        (merge.observation, {"value": "a"}, {"value": "b"}),
        (merge.task_state, task(1, "z"), task(2, "a")),
        (merge.task_state, task(1, "a", 9.0), task(1, "b")),
        (merge.task_state, task(1, "a"), task(1, "a", 0.0)),
        (merge.task_state, task(1, "a", 1.0), task(1, "a", 2.0)),
    ]
    for combine, lesser, greater in pairs:
        assert combine(lesser, greater) is combine(greater, lesser) is greater


def test_an_attempt_spans_both_accounts_and_its_newest_words_count() -> None:
    early = Attempt(
        0,
        2,
        5,
        start_at=4,
        running_at=4,
        dag_start_at=1,
        dag_end_at=2,
        alive_at=1,
        fail_at=1,
        abort_at=1,
        restart_at=1,
        duration=9.0,
        duration_at=1,
        override_at=2,
        override="FAIL",
        observed=ObservedState(1, "z"),
    )
    late = Attempt(
        1,
        1,
        9,
        start_at=3,
        running_at=2,
        dag_start_at=3,
        dag_end_at=4,
        alive_at=2,
        fail_at=2,
        abort_at=2,
        restart_at=2,
        duration=1.0,
        duration_at=2,
        override_at=3,
        override="COMPLETE",
        observed=ObservedState(2, "a"),
    )
    for merged in (merge.attempt(early, late), merge.attempt(late, early)):
        assert merged == late
    assert merge.attempt(early, replace(early, duration_at=None, duration=None)) == early
    assert merge.attempt(replace(early, duration_at=None, duration=None), early) == early
    longer = replace(early, duration=9.5)
    assert merge.attempt(early, longer) == merge.attempt(longer, early) == longer


def test_of_two_accounts_of_a_run_the_greater_ids_and_the_more_specific_kind_count() -> None:
    one = RunFacts(1, 2, kind="job", try_number=1, parent_id=4, root_id=1, map_index=0)
    two = RunFacts(9, 3, kind="task", try_number=2, parent_id=3, root_id=2, map_index=1)
    merged = merge.run(one, two)
    assert (merged.id, merged.job_id, merged.kind) == (1, 3, "task")
    assert (merged.try_number, merged.parent_id, merged.root_id, merged.map_index) == (2, 4, 2, 1)
    assert merge.kinds("spark", "job") == merge.kinds("job", "spark") == "spark"
    assert merge.kinds(None, "job") == "job"
    assert merge.kinds("a", "b") == merge.kinds("b", "a") == "b"
