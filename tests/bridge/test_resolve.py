"""A run's state and times, computed from its facts."""

from __future__ import annotations

import msgspec
import pytest

from fairlead_bridge.catalog.resolve import ResolvedRun, resolve
from fairlead_bridge.facts import Attempt, LatestValue, ObservedState, RunFacts

S = 1_000_000


def _task(attempt: Attempt, retries: int = 0, try_number: int = 1, map_index: int = -1) -> RunFacts:
    return RunFacts(
        id=1,
        job_id=2,
        kind="task",
        dag_id="d",
        task_id="t",
        map_index=map_index,
        try_number=try_number,
        dag_run=3,
        instance=4,
        attempts={"r": attempt},
        properties={"retries": LatestValue(0, retries)},
    )


def _at_run_end(state: str, at: int = 100 * S, duration: float | None = None) -> ObservedState:
    return ObservedState(at, state, duration=duration)


def _state(
    facts: RunFacts, at_run_end: ObservedState | None = None, *, last_try: bool = True
) -> str:
    return resolve(facts, at_run_end, last_try=last_try).state


STARTED = Attempt(0, 10 * S, 10 * S, start_at=10 * S)
COMPLETED = Attempt(0, 10 * S, 20 * S, start_at=10 * S, end_at=20 * S, end="COMPLETE")
FAILED = Attempt(0, 10 * S, 20 * S, start_at=10 * S, end_at=20 * S, end="FAIL")


def test_a_run_that_only_started_is_running() -> None:
    resolved = resolve(_task(STARTED), None, last_try=True)
    assert (resolved.state, resolved.started_at, resolved.ended_at) == ("running", 10 * S, None)


def test_a_run_that_completed_lasted_from_its_start_to_its_end() -> None:
    resolved = resolve(_task(COMPLETED), None, last_try=True)
    assert (resolved.state, resolved.duration) == ("success", 10.0)


def test_a_skipped_task_completes_but_the_closing_event_tells() -> None:
    assert _state(_task(COMPLETED)) == "success"
    assert _state(_task(COMPLETED), _at_run_end("skipped")) == "skipped"


def test_what_our_provider_read_from_airflow_beats_the_type_of_the_event() -> None:
    observed = Attempt(
        0,
        10 * S,
        20 * S,
        end_at=20 * S,
        end="COMPLETE",
        observed=ObservedState(20 * S, "skipped", 11 * S, 19 * S),
    )
    resolved = resolve(_task(observed), None, last_try=True)
    assert (resolved.state, resolved.started_at, resolved.ended_at) == ("skipped", 11 * S, 19 * S)


def test_a_failed_try_waits_for_its_retry_until_the_next_try_or_the_end_of_the_dag_run() -> None:
    facts = _task(FAILED, retries=2)
    assert _state(facts) == "up_for_retry"
    assert _state(facts, last_try=False) == "failed"
    assert _state(facts, _at_run_end("failed")) == "failed"
    assert _state(_task(FAILED, retries=2, try_number=3)) == "failed"


def test_a_killed_worker_leaves_a_run_whose_state_the_closing_event_resolves() -> None:
    resolved = resolve(_task(STARTED), _at_run_end("failed", duration=6.5), last_try=True)
    assert (resolved.state, resolved.duration, resolved.ended_at) == ("failed", 6.5, 16_500_000)


def test_a_mapped_instance_left_open_when_the_dag_run_closed_is_lost() -> None:
    """The closing event has one state for all mapped instances: it cannot say which is meant."""
    assert _state(_task(STARTED, map_index=0), _at_run_end("failed")) == "lost"
    assert _state(_task(COMPLETED, map_index=1), _at_run_end("failed")) == "success"


def test_a_try_that_began_after_the_closing_event_is_not_resolved_by_it() -> None:
    """A cleared task runs again in a DAG run that was closed before."""
    assert _state(_task(STARTED), _at_run_end("success", at=5 * S)) == "running"


def test_a_mark_by_hand_changes_the_state_and_leaves_the_times() -> None:
    overridden = Attempt(
        0,
        10 * S,
        90 * S,
        start_at=10 * S,
        end_at=20 * S,
        end="FAIL",
        override_at=90 * S,
        override="COMPLETE",
    )
    resolved: ResolvedRun = resolve(
        _task(overridden), _at_run_end("failed", at=50 * S), last_try=True
    )
    assert (resolved.state, resolved.ended_at) == ("success", 20 * S)
    assert _state(_task(overridden), _at_run_end("failed", at=95 * S)) == "failed"


def test_a_cleared_dag_run_is_as_its_last_generation_is() -> None:
    facts = RunFacts(
        id=1,
        job_id=2,
        kind="dag",
        attempts={
            "first": Attempt(0, 10 * S, 20 * S, start_at=10 * S, end_at=20 * S, end="FAIL"),
            "second": Attempt(1, 30 * S, 30 * S, start_at=30 * S),
        },
    )
    resolved = resolve(facts, None, last_try=True)
    assert (resolved.run_id, resolved.state, resolved.started_at) == ("second", "running", 30 * S)


def test_an_announcement_alone_does_not_start_a_run() -> None:
    assert _state(RunFacts(1, 2, attempts={"r": Attempt(0, 5 * S, 5 * S)})) == "queued"


def test_a_late_running_event_does_not_reopen_a_finished_run() -> None:
    late = Attempt(0, 10 * S, 30 * S, start_at=10 * S, running_at=30 * S, end_at=20 * S, end="FAIL")
    assert _state(RunFacts(1, 2, attempts={"r": late})) == "failed"


def test_a_task_that_never_ran_has_the_state_of_the_closing_event_and_no_times() -> None:
    without_events = RunFacts(1, 2, kind="task", task_id="t", dag_run=3, instance=4, try_number=0)
    resolved = resolve(without_events, _at_run_end("upstream_failed"), last_try=True)
    assert (resolved.state, resolved.started_at, resolved.ended_at) == (
        "upstream_failed",
        None,
        None,
    )


def test_what_airflows_database_had_at_the_end_of_the_dag_run_is_the_surest() -> None:
    observed = ObservedState(100 * S, "skipped", 11 * S, 19_500_000, 9 * S, 8.5)
    facts = msgspec.structs.replace(_task(COMPLETED, map_index=2), observed=observed)
    resolved = resolve(facts, _at_run_end("failed"), last_try=True)
    assert (resolved.state, resolved.started_at, resolved.ended_at) == (
        "skipped",
        11 * S,
        19_500_000,
    )
    assert (resolved.duration, resolved.queued_at) == (8.5, 9 * S)


def test_a_mark_after_the_end_of_the_dag_run_beats_what_the_database_had_then() -> None:
    overridden = msgspec.structs.replace(COMPLETED, override_at=200 * S, override="FAIL")
    facts = msgspec.structs.replace(
        _task(overridden), observed=ObservedState(100 * S, "success", 10 * S, 20 * S)
    )
    assert _state(facts, _at_run_end("success")) == "failed"


def test_a_try_that_only_airflows_database_knows_has_its_times() -> None:
    observed = ObservedState(100 * S, "success", 50 * S, 50 * S, None, 0.0)
    without_events = RunFacts(
        1, 2, kind="task", task_id="t", dag_run=3, instance=4, observed=observed
    )
    resolved = resolve(without_events, None, last_try=True)
    assert (resolved.state, resolved.started_at, resolved.duration) == ("success", 50 * S, 0.0)


def test_marking_a_run_as_successful_writes_nothing() -> None:
    overridden = msgspec.structs.replace(FAILED, override_at=90 * S, override="COMPLETE")
    resolved = resolve(_task(overridden), None, last_try=True)
    assert (resolved.state, resolved.wrote_at) == ("success", None)
    assert resolve(_task(COMPLETED), None, last_try=True).wrote_at == 20 * S


def test_a_stream_wrote_until_it_was_last_reported_running() -> None:
    stream = RunFacts(
        1,
        2,
        attempts={"r": msgspec.structs.replace(STARTED, running_at=15 * S, alive_at=40 * S)},
        properties={"processing": LatestValue(0, "STREAMING")},
    )
    assert resolve(stream, None, last_try=True).wrote_at == 40 * S
    batch = msgspec.structs.replace(stream, properties={})
    assert resolve(batch, None, last_try=True).wrote_at is None


@pytest.mark.parametrize(
    ("state", "duration"), [("skipped", None), ("upstream_failed", 0.0), ("removed", 0.0)]
)
def test_a_skipped_task_has_no_duration_and_every_other_that_of_airflow(
    state: str, duration: float | None
) -> None:
    observed = ObservedState(9 * S, state, started_at=5 * S, ended_at=5 * S, duration=0.0)
    run = msgspec.structs.replace(_task(COMPLETED), observed=observed)
    assert resolve(run, None, last_try=True).duration == duration


def test_a_task_that_skipped_itself_after_a_while_took_that_long() -> None:
    observed = ObservedState(9 * S, "skipped", started_at=5 * S, ended_at=7 * S, duration=2.0)
    run = msgspec.structs.replace(_task(COMPLETED), observed=observed)
    assert resolve(run, None, last_try=True).duration == 2.0
