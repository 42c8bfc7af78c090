"""Facts merge in any order, however often they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

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
    lambda first, more, run: {"first_at": first, "last_at": first + more, "last_run": run},
    _at,
    _at,
    _number,
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
