"""The catalog is a function of the set of events: law 2, over real and made-up events."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import open_database, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.bridge import absorbing
from tests.support import corpus
from tests.support.airflow_events import airflow_events
from tests.support.mutants import mutants
from tests.support.small import airflow_task, dataset, run_event, small_events, uuid
from tests.support.stories import STORIES, events


def _fresh(folder: Path, name: str) -> sa.Engine:
    db = open_database(f"sqlite:///{folder / name}")
    migrate(db)
    return db


def _catalog(db: sa.Engine, bodies: Sequence[bytes], batch: int) -> dict[str, object]:
    absorbing.absorb(db, absorbing.understand(bodies), batch)
    found = absorbing.dump(db)
    db.dispose()
    return dict(found)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return _catalog(_fresh(tmp_path_factory.mktemp("expected"), "a.db"), small_events(), 1)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.randoms(use_true_random=False), st.integers(1, 40), st.booleans())
def test_any_order_any_batch_and_any_repetition_give_the_same_catalog(
    tmp_path: Path, expected: dict[str, object], order: random.Random, batch: int, twice: bool
) -> None:
    bodies = small_events() * (2 if twice else 1)
    order.shuffle(bodies)
    db = _fresh(tmp_path, f"{order.random()}.db")
    assert _catalog(db, bodies, batch) == expected


@pytest.mark.parametrize("run", range(1, 9))
def test_a_write_by_a_run_of_which_more_is_sent_only_later_is_that_runs(
    tmp_path: Path, run: int
) -> None:
    """Whichever of the two ids is greater: the bare runId's or that of the try it names."""
    table = dataset("shop.orders")
    task = {"airflow": airflow_task("load", run_id=f"manual_{run}")}
    bodies = [
        run_event("COMPLETE", "08:00:05", uuid(run), "d.load", outputs=[table]),
        run_event("START", "08:00:01", uuid(run), "d.load", run=task),
    ]
    first = _catalog(_fresh(tmp_path, "first.db"), bodies, 1)
    assert _catalog(_fresh(tmp_path, "second.db"), bodies[::-1], 1) == first


def test_both_databases_hold_the_same_catalog(db: sa.Engine, expected: dict[str, object]) -> None:
    assert _catalog(db, small_events(), 7) == expected


@pytest.mark.parametrize("seed", range(4))
def test_whatever_stands_in_events_their_order_does_not_matter(tmp_path: Path, seed: int) -> None:
    """Only a runId names one run: one that names two is not the same in every order."""
    whole = [body for story in STORIES for body in events(story)]
    identity = {"runId", "namespace", "name", "airflow", "airflowDagRun", "fairlead"}
    bodies = mutants(whole, 400, seed, untouched=identity)
    mixed = bodies * 2
    random.Random(seed).shuffle(mixed)
    straight = _catalog(_fresh(tmp_path, "straight.db"), bodies, 500)
    assert _catalog(_fresh(tmp_path, "mixed.db"), mixed, 1 + 20 * seed) == straight


@corpus.needs_corpus
def test_every_real_event_shuffled_and_doubled_gives_the_same_catalog(
    db: sa.Engine, tmp_path: Path
) -> None:
    bodies = [body for _, body in corpus.every_event()]
    mixed = bodies * 2
    random.Random(11).shuffle(mixed)
    straight = _catalog(_fresh(tmp_path, "straight.db"), bodies, 500)
    assert _catalog(db, mixed, 61) == straight


@pytest.mark.parametrize("absorbers", [2, 4])
def test_absorbers_side_by_side_make_the_catalog_that_one_makes(
    db: sa.Engine, tmp_path: Path, absorbers: int
) -> None:
    bodies = list(airflow_events(600, dags=4, tasks=3))
    alone = _catalog(_fresh(tmp_path, "alone.db"), bodies, 100)
    with writing(db) as tx:
        inbox.put(tx, bodies, "test", 1)

    def work() -> None:
        translate = Translator(Normaliser())
        while absorb_waiting(db, translate, {}, 1, limit=23):
            pass

    threads = [threading.Thread(target=work) for _ in range(absorbers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert absorbing.dump(db) == alone
