"""No request, however odd, is answered with a failure of ours: each is right, or wrong in a sentence."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.bridge.asking import NOW, Api, wrote
from tests.support.fuzzing import MOMENTS, Known, bodies, odd_events, reads, request
from tests.support.small import dataset, run_event, uuid
from tests.support.stories import STORIES, events

#: When the questions are asked: an ordinary day, and the ends of the calendar.
CLOCKS = (NOW, datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A catalog of ordinary and of odd things."""
    db = open_database(f"sqlite:///{tmp_path_factory.mktemp('fuzz')}/fairlead.db")
    migrate(db)
    ordinary = [body for story in STORIES for body in events(story)]
    received = [*ordinary, *odd_events(), *bodies(ordinary, 300, seed=7)]
    with writing(db) as tx:
        inbox.put(tx, received, "test", 1)
    translate = Translator(Normaliser())
    while absorb_waiting(db, translate, {}, 1):
        pass
    with reading(db) as tx:
        reasons = [item.reason for item in inbox.quarantined(tx, 1000)]
    assert not [reason for reason in reasons if "mistake of ours" in reason]
    yield Api(db)
    db.dispose()


@pytest.fixture(scope="module")
def known(api: Api) -> Known:
    return Known.of({name: api.get(name, limit=5) for name in ("jobs", "datasets", "runs")})


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chance=st.randoms(use_true_random=False), clock=st.sampled_from(CLOCKS))
def test_no_request_is_answered_with_a_failure_of_ours(
    api: Api, known: Known, chance: random.Random, clock: datetime
) -> None:
    api.now = clock
    asked = request(reads(api.http.get("/openapi.json").json()), known, chance)
    answer = api.http.get(asked)
    assert answer.status_code < 500, asked


@pytest.mark.parametrize("clock", CLOCKS)
def test_every_address_answers_of_a_catalog_with_odd_times(
    api: Api, known: Known, clock: datetime
) -> None:
    api.now = clock
    for path, parameters in reads(api.http.get("/openapi.json").json()):
        for node in (*known.nodes, None):
            asked = path
            for parameter in parameters:
                if parameter["in"] == "path":
                    value = known.runs[0] if parameter["name"] == "run_id" else known.ids[0]
                    asked = asked.replace(f"{{{parameter['name']}}}", value)
            answer = api.http.get(asked, params={"node": node} if node else {})
            assert answer.status_code < 500, asked


@pytest.mark.parametrize("moment", [moment for moment in MOMENTS if "T" in moment])
@pytest.mark.parametrize("state", ["FAIL", "COMPLETE", "START"])
def test_one_event_of_an_odd_day_costs_no_page(tmp_path: Path, moment: str, state: str) -> None:
    db = open_database(f"sqlite:///{tmp_path}/fairlead.db")
    migrate(db)
    api = Api(db)
    both = {"inputs": [dataset("d.s.a")], "outputs": [dataset("d.s.b")]}
    api.send(run_event(state, moment, uuid(1), "j", **both))
    api.send(*wrote("k", "d.s.a", at="2026-11-01T10:00:00Z"))
    for path in ("at-risk", "overview", "jobs", "datasets", "runs", "changes"):
        api.get(path)
    api.get("lineage", node="dataset:postgres://h:5432:d.s.a")
    api.get("graph", node="dataset:postgres://h:5432:d.s.a")
    db.dispose()


@pytest.mark.parametrize("address", ["search", "jobs", "datasets"])
def test_a_question_of_a_thousand_words_is_too_long(api: Api, address: str) -> None:
    assert "at most 30 words" in api.problem(422, address, q="word " * 1000)
    assert "at most 30 words" in api.problem(422, address, q="w" * 5000)
    api.get(address, q="word " * 30)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_the_catalog_may_be_asked_for_as_of_any_moment(api: Api, moment: str) -> None:
    node = "dataset:postgres://h:5432:d.s.out"
    for path in ("lineage", "graph"):
        api.get(path, node=node, as_of=moment)
