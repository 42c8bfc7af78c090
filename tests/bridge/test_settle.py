"""What the facts about a run come to."""

from __future__ import annotations

import msgspec
import pytest

from fairlead_bridge.catalog.resolve import Settled, settle
from fairlead_bridge.facts import Attempt, Note, RunFacts, Truth

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
        notes={"retries": Note(0, retries)},
    )


def _verdict(state: str, at: int = 100 * S, duration: float | None = None) -> Truth:
    return Truth(at, state, duration=duration)


def _state(facts: RunFacts, verdict: Truth | None = None, *, last_try: bool = True) -> str:
    return settle(facts, verdict, last_try=last_try).state


STARTED = Attempt(0, 10 * S, 10 * S, start_at=10 * S)
COMPLETED = Attempt(0, 10 * S, 20 * S, start_at=10 * S, end_at=20 * S, end="COMPLETE")
FAILED = Attempt(0, 10 * S, 20 * S, start_at=10 * S, end_at=20 * S, end="FAIL")


def test_a_run_that_only_started_is_running() -> None:
    settled = settle(_task(STARTED), None, last_try=True)
    assert (settled.state, settled.started_at, settled.ended_at) == ("running", 10 * S, None)


def test_a_run_that_completed_lasted_from_its_start_to_its_end() -> None:
    settled = settle(_task(COMPLETED), None, last_try=True)
    assert (settled.state, settled.duration) == ("success", 10.0)


def test_a_skipped_task_completes_but_the_closing_event_tells() -> None:
    assert _state(_task(COMPLETED)) == "success"
    assert _state(_task(COMPLETED), _verdict("skipped")) == "skipped"


def test_what_our_provider_read_from_airflow_beats_the_type_of_the_event() -> None:
    told = Attempt(
        0,
        10 * S,
        20 * S,
        end_at=20 * S,
        end="COMPLETE",
        truth=Truth(20 * S, "skipped", 11 * S, 19 * S),
    )
    settled = settle(_task(told), None, last_try=True)
    assert (settled.state, settled.started_at, settled.ended_at) == ("skipped", 11 * S, 19 * S)


def test_a_failed_try_waits_for_its_retry_until_the_next_try_or_the_end_of_the_dag_run() -> None:
    facts = _task(FAILED, retries=2)
    assert _state(facts) == "up_for_retry"
    assert _state(facts, last_try=False) == "failed"
    assert _state(facts, _verdict("failed")) == "failed"
    assert _state(_task(FAILED, retries=2, try_number=3)) == "failed"


def test_a_killed_worker_leaves_a_run_that_the_closing_event_settles() -> None:
    settled = settle(_task(STARTED), _verdict("failed", duration=6.5), last_try=True)
    assert (settled.state, settled.duration, settled.ended_at) == ("failed", 6.5, 16_500_000)


def test_a_mapped_instance_left_open_when_the_dag_run_closed_is_lost() -> None:
    """The closing event has one state for all mapped instances: it cannot say which is meant."""
    assert _state(_task(STARTED, map_index=0), _verdict("failed")) == "lost"
    assert _state(_task(COMPLETED, map_index=1), _verdict("failed")) == "success"


def test_a_try_that_began_after_the_closing_event_is_not_settled_by_it() -> None:
    """A cleared task runs again in a DAG run that was closed before."""
    assert _state(_task(STARTED), _verdict("success", at=5 * S)) == "running"


def test_a_mark_by_hand_changes_the_state_and_leaves_the_times() -> None:
    marked = Attempt(
        0,
        10 * S,
        90 * S,
        start_at=10 * S,
        end_at=20 * S,
        end="FAIL",
        mark_at=90 * S,
        mark="COMPLETE",
    )
    settled: Settled = settle(_task(marked), _verdict("failed", at=50 * S), last_try=True)
    assert (settled.state, settled.ended_at) == ("success", 20 * S)
    assert _state(_task(marked), _verdict("failed", at=95 * S)) == "failed"


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
    settled = settle(facts, None, last_try=True)
    assert (settled.run_id, settled.state, settled.started_at) == ("second", "running", 30 * S)


def test_an_announcement_alone_does_not_start_a_run() -> None:
    assert _state(RunFacts(1, 2, attempts={"r": Attempt(0, 5 * S, 5 * S)})) == "queued"


def test_a_late_running_event_does_not_reopen_a_finished_run() -> None:
    late = Attempt(0, 10 * S, 30 * S, start_at=10 * S, running_at=30 * S, end_at=20 * S, end="FAIL")
    assert _state(RunFacts(1, 2, attempts={"r": late})) == "failed"


def test_a_task_that_never_ran_has_the_state_of_the_closing_event_and_no_times() -> None:
    silent = RunFacts(1, 2, kind="task", task_id="t", dag_run=3, instance=4, try_number=0)
    settled = settle(silent, _verdict("upstream_failed"), last_try=True)
    assert (settled.state, settled.started_at, settled.ended_at) == ("upstream_failed", None, None)


def test_what_airflows_database_said_at_the_end_of_the_dag_run_is_the_surest() -> None:
    told = Truth(100 * S, "skipped", 11 * S, 19_500_000, 9 * S, 8.5)
    facts = msgspec.structs.replace(_task(COMPLETED, map_index=2), told=told)
    settled = settle(facts, _verdict("failed"), last_try=True)
    assert (settled.state, settled.started_at, settled.ended_at) == ("skipped", 11 * S, 19_500_000)
    assert (settled.duration, settled.queued_at) == (8.5, 9 * S)


def test_a_mark_after_the_end_of_the_dag_run_beats_what_the_database_said_then() -> None:
    marked = msgspec.structs.replace(COMPLETED, mark_at=200 * S, mark="FAIL")
    facts = msgspec.structs.replace(_task(marked), told=Truth(100 * S, "success", 10 * S, 20 * S))
    assert _state(facts, _verdict("success")) == "failed"


def test_a_try_that_only_airflows_database_knows_has_its_times() -> None:
    told = Truth(100 * S, "success", 50 * S, 50 * S, None, 0.0)
    silent = RunFacts(1, 2, kind="task", task_id="t", dag_run=3, instance=4, told=told)
    settled = settle(silent, None, last_try=True)
    assert (settled.state, settled.started_at, settled.duration) == ("success", 50 * S, 0.0)


def test_marking_a_run_as_successful_writes_nothing() -> None:
    marked = msgspec.structs.replace(FAILED, mark_at=90 * S, mark="COMPLETE")
    settled = settle(_task(marked), None, last_try=True)
    assert (settled.state, settled.wrote_at) == ("success", None)
    assert settle(_task(COMPLETED), None, last_try=True).wrote_at == 20 * S


def test_a_stream_wrote_until_it_was_last_told_to_be_running() -> None:
    stream = RunFacts(
        1,
        2,
        attempts={"r": msgspec.structs.replace(STARTED, running_at=15 * S, alive_at=40 * S)},
        notes={"processing": Note(0, "STREAMING")},
    )
    assert settle(stream, None, last_try=True).wrote_at == 40 * S
    batch = msgspec.structs.replace(stream, notes={})
    assert settle(batch, None, last_try=True).wrote_at is None


@pytest.mark.parametrize(
    ("state", "duration"), [("skipped", None), ("upstream_failed", 0.0), ("removed", 0.0)]
)
def test_a_skipped_task_has_no_duration_and_every_other_that_of_airflow(
    state: str, duration: float | None
) -> None:
    told = Truth(9 * S, state, started_at=5 * S, ended_at=5 * S, duration=0.0)
    run = msgspec.structs.replace(_task(COMPLETED), told=told)
    assert settle(run, None, last_try=True).duration == duration


def test_a_task_that_skipped_itself_after_a_while_took_that_long() -> None:
    told = Truth(9 * S, "skipped", started_at=5 * S, ended_at=7 * S, duration=2.0)
    run = msgspec.structs.replace(_task(COMPLETED), told=told)
    assert settle(run, None, last_try=True).duration == 2.0
