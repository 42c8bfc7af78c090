"""The OpenLineage forwarder before strict fakes of its receivers, over real HTTP."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from fairlead_bridge import ids, inbox, outbox
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.entries import EventEntry
from fairlead_bridge.errors import Rejected, Unavailable
from fairlead_bridge.model import Name
from fairlead_bridge.sinks import Outcome, Target, interests, settings
from fairlead_bridge.sinks.openlineage.events import lighter
from fairlead_bridge.sinks.openlineage.signature import SignatureV4
from tests.support.sinks.openlineage import (
    FakeAtlanEvents,
    FakeDataplex,
    FakeDataZone,
    FakeMarquez,
    FakeOpenMetadataEvents,
)
from tests.support.sinks.server import Answer, Cut, Fake, Request, Trouble, serving

NOW = 1_795_000_000_000_000
SECOND = 1_000_000
TOKEN = "-".join(["t0", "ken"])
WITH_TOKEN = {"token_env": "TOKEN"}
TABLES = {"namespace": "postgres://db:5432", "name": "shop.public.orders"}
REPORT = {"namespace": "postgres://db:5432", "name": "shop.public.daily"}


@pytest.fixture
def served() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def run_event(kind: str, run: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "eventTime": "2026-11-20T05:00:00Z",
        "producer": "https://example.com/airflow",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "eventType": kind,
        "run": {
            "runId": f"00000000-0000-7000-8000-{run:012d}",
            "facets": {
                "parent": {
                    "job": {"namespace": "airflow", "name": "shop"},
                    "run": {"runId": "00000000-0000-7000-8000-00000000ffff"},
                }
            },
        },
        "job": {"namespace": "airflow", "name": "shop.load"},
        "inputs": [TABLES],
        "outputs": [REPORT],
        **more,
    }


def entry(event: dict[str, Any], number: int = 1) -> EventEntry:
    run = event.get("run", {}).get("runId")
    return EventEntry(
        Name("event", number), json.dumps(event).encode(), ids.run_id(run) if run else None
    )


def new_target(preset: str, **more: Any) -> Target:
    raw = {"type": "openlineage", "preset": preset, **more}
    return settings.targets({"sinks": {"one": raw}}, {"TOKEN": TOKEN, "AK": "AKID", "SK": "sk"})[0]


def push(target: Target, *events: dict[str, Any]) -> list[Outcome]:
    payloads = [target.sink.render(entry(event, n)) for n, event in enumerate(events)]
    return list(target.sink.push([payload for payload in payloads if payload is not None]))


# --- what each receiver gets --------------------------------------------------------------------


def test_marquez_gets_every_event_byte_by_byte(served: ExitStack) -> None:
    fake = FakeMarquez()
    target = new_target("marquez", url=served.enter_context(serving(fake)))
    event = run_event("START")
    assert push(
        target, event, {"eventTime": "2026-11-20T05:00:00Z", "producer": "p", "dataset": TABLES}
    ) == [None, None]
    assert json.dumps(event).encode() in [request.body for request in fake.seen]
    assert fake.paths() == ["POST /api/v1/lineage"] * 2


def test_atlan_gets_jobs_in_the_connections_namespace(served: ExitStack) -> None:
    fake = FakeAtlanEvents("generic-openlineage", "airflow-prod")
    fake.token = TOKEN
    url = served.enter_context(serving(fake))
    target = new_target("atlan", url=url, namespace="airflow-prod", **WITH_TOKEN)
    dataset_event = {"eventTime": "2026-11-20T05:00:00Z", "producer": "p", "dataset": TABLES}
    assert push(target, run_event("START"), dataset_event) == [None]
    assert [event["job"]["namespace"] for event in fake.events] == ["airflow-prod"]
    assert fake.events[0]["inputs"] == [TABLES]


def test_atlans_401_for_a_missing_connector_is_explained(served: ExitStack) -> None:
    fake = FakeAtlanEvents("generic-openlineage", "c")
    url = served.enter_context(serving(fake))
    target = new_target("atlan_airflow", url=url, namespace="c", **WITH_TOKEN)
    with pytest.raises(Unavailable, match="no OpenLineage connector of this kind") as caught:
        push(target, run_event("START"))
    assert caught.value.retry_after is not None
    with pytest.raises(Unavailable, match="no OpenLineage connector of this kind"):
        target.sink.probe()


def test_a_bad_token_rests_the_sink_and_costs_no_event(served: ExitStack) -> None:
    fake = FakeMarquez()
    fake.token = TOKEN[::-1]
    target = new_target("marquez", url=served.enter_context(serving(fake)), **WITH_TOKEN)
    with pytest.raises(Unavailable, match="is the token right") as caught:
        push(target, run_event("START"))
    assert TOKEN not in str(caught.value)


def test_a_token_that_is_renewed_in_its_file_is_used_from_then_on(
    served: ExitStack, tmp_path: Path
) -> None:
    fake = FakeMarquez()
    file = tmp_path / "token"
    file.write_text("first\n")
    target = new_target("marquez", url=served.enter_context(serving(fake)), token_file=str(file))
    fake.token = file.read_text().strip()
    assert push(target, run_event("START")) == [None]
    file.write_text(TOKEN)
    fake.token = TOKEN
    assert push(target, run_event("COMPLETE")) == [None]
    file.unlink()
    with pytest.raises(Unavailable, match=r"token_file: .* cannot be read"):
        push(target, run_event("OTHER"))


def test_openmetadata_gets_finished_runs_with_both_sides_in_batches(served: ExitStack) -> None:
    fake = FakeOpenMetadataEvents({TABLES["name"], REPORT["name"]})
    target = new_target("openmetadata", url=served.enter_context(serving(fake)))
    events = [run_event(kind, n) for n in range(20) for kind in ("START", "COMPLETE")]
    events.append(run_event("COMPLETE", 99, outputs=[]))
    assert push(target, *events) == [None] * 20
    assert fake.paths() == ["POST /api/v1/openlineage/lineage/batch"]
    assert fake.edges == {(TABLES["name"], REPORT["name"])}


def test_openmetadatas_200_with_nothing_stored_is_a_refusal_of_that_event(
    served: ExitStack,
) -> None:
    fake = FakeOpenMetadataEvents({TABLES["name"], REPORT["name"]})
    target = new_target("openmetadata", url=served.enter_context(serving(fake)))
    unknown = run_event("COMPLETE", 2, outputs=[{"namespace": "s3://x", "name": "y"}])
    fine, refused, also_fine = push(
        target, run_event("COMPLETE"), unknown, run_event("COMPLETE", 3)
    )
    assert (fine, also_fine) == (None, None)
    assert isinstance(refused, Rejected)
    assert "stored nothing" in str(refused)
    assert "s3://x y" in str(refused)


def test_dataplex_gets_a_request_id_that_a_repetition_shares(served: ExitStack) -> None:
    fake = FakeDataplex("projects/p/locations/eu")
    fake.token = TOKEN
    url = served.enter_context(serving(fake))
    target = new_target("dataplex", url=url, project="projects/p/locations/eu", **WITH_TOKEN)
    assert push(target, run_event("START"), run_event("COMPLETE"), run_event("START")) == [None] * 3
    assert len(fake.taken) == 2


def test_datazone_gets_signed_events_without_their_heavy_facets(served: ExitStack) -> None:
    fake = FakeDataZone("dzd_1")
    url = served.enter_context(serving(fake))
    keys = {"access_key_env": "AK", "secret_key_env": "SK", "region": "eu-west-1"}
    target = new_target("datazone", url=url, domain="dzd_1", **keys)
    event = run_event("START")
    event["run"]["facets"]["spark.logicalPlan"] = {"plan": "x" * 400_000}
    assert push(target, event, event) == [None, None]
    (taken,) = fake.taken.values()
    assert list(taken["run"]["facets"]) == ["parent"]


def test_an_event_too_large_without_its_facets_is_refused() -> None:
    with pytest.raises(Rejected, match="bytes without its facets"):
        lighter(run_event("START", inputs=[{"namespace": "x", "name": "y" * 999}]), 500)


def test_dear_facets_are_the_last_to_go() -> None:
    facets = {"schema": {"fields": "x" * 500}, "vendor_note": {"text": "x" * 400}}
    event = run_event("START", outputs=[REPORT | {"facets": dict(facets)}])
    kept = json.loads(lighter(event, 1_200))["outputs"][0]["facets"]
    assert list(kept) == ["schema"]


def test_collibra_gets_whole_files_and_a_repetition_the_same_file(tmp_path: Path) -> None:
    target = new_target("collibra", url=str(tmp_path / "events"))
    events = [run_event("START"), run_event("COMPLETE")]
    assert push(target, *events) == [None, None]
    assert push(target, *events) == [None, None]
    (file,) = (tmp_path / "events").iterdir()
    assert [json.loads(line) for line in file.read_text().splitlines()] == events


def test_a_wrong_address_rests_the_sink_instead_of_refusing_everything(served: ExitStack) -> None:
    url = served.enter_context(serving(FakeMarquez()))
    with pytest.raises(Unavailable, match="look at `url` and `path`"):
        push(new_target("marquez", url=url, path="/api/v2/lineage"), run_event("START"))


def test_a_login_page_is_no_success(served: ExitStack) -> None:
    fake = FakeMarquez()
    fake.trouble = lambda _: Answer(302, None, {"Location": "https://login.example.com"})
    target = new_target("marquez", url=served.enter_context(serving(fake)))
    with pytest.raises(Unavailable, match=r"redirects to https://login\.example\.com"):
        push(target, run_event("START"))


def test_large_events_travel_compressed_where_that_is_asked_for(served: ExitStack) -> None:
    fake = FakeMarquez()
    target = new_target("marquez", url=served.enter_context(serving(fake)), compress=True)
    large = run_event("START", outputs=[REPORT | {"facets": {"x": {"y": "z" * 9_000}}}])
    assert push(target, large, run_event("COMPLETE")) == [None, None]
    assert [request.headers.get("content-encoding") for request in fake.seen] == ["gzip", None]
    assert fake.events[0] == large


def test_probe_says_whether_a_server_takes_events_there(served: ExitStack) -> None:
    url = served.enter_context(serving(FakeMarquez()))
    assert "answers" in new_target("marquez", url=url).sink.probe()[0]
    with pytest.raises(Unavailable, match="look at `url`"):
        new_target("marquez", url=url, path="/elsewhere").sink.probe()
    with pytest.raises(Unavailable, match="no connection"):
        new_target("marquez", url=f"http://127.0.0.1:{free_port()}").sink.probe()


def test_the_signature_is_the_one_aws_documents() -> None:
    """The example of AWS's documentation of Signature Version 4 (iam, ListUsers)."""
    auth = SignatureV4(
        "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", "us-east-1", "iam"
    )
    request = requests.Request(
        "GET",
        "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    ).prepare()
    signed = auth.sign(request, datetime(2015, 8, 30, 12, 36, tzinfo=UTC))
    assert signed.headers["Authorization"].endswith(
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


# --- through the outbox -------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def forward(db: sa.Engine, target: Target, events: list[dict[str, Any]]) -> None:
    bodies = [json.dumps(event).encode() for event in events]
    with writing(db) as tx:
        inbox.put(tx, bodies, "test", NOW)
        numbers = list(tx.scalars(sa.select(t.event.c.id).order_by(t.event.c.id)))
        pairs = zip(events, numbers, strict=True)
        inbox.remember(tx, [(ids.run_id(event["run"]["runId"]), n) for event, n in pairs])
        outbox.put(tx, [Name("event", n) for n in numbers], interests([target]), NOW)


def waiting(db: sa.Engine) -> int:
    with reading(db) as tx:
        return outbox.counts(tx, ["one"], NOW)["one"].waiting


def drain(db: sa.Engine, target: Target, rounds: int = 500) -> int:
    """Deliver with a clock that runs an hour a round; returns the rounds it took."""
    for n in range(rounds):
        if not waiting(db):
            return n
        deliver_due(db, target, NOW + n * 3600 * SECOND)
    raise AssertionError(f"{waiting(db)} still wait")


def story(runs: int) -> list[dict[str, Any]]:
    """Runs that overlap, four events each."""
    events: list[dict[str, Any]] = []
    for start in range(0, runs, 10):
        for kind in ("START", "RUNNING", "OTHER", "COMPLETE"):
            events += [run_event(kind, n) for n in range(start, min(start + 10, runs))]
    return events


def kinds_once(kinds: list[str]) -> list[str]:
    """Without what came twice in a row: an answer that was lost is asked for again."""
    return [kind for n, kind in enumerate(kinds) if n == 0 or kinds[n - 1] != kind]


ORDER = ["START", "RUNNING", "OTHER", "COMPLETE"]


def test_a_receiver_that_was_away_gets_everything_once_it_is_back(
    db: sa.Engine, served: ExitStack
) -> None:
    port = free_port()
    target = new_target("marquez", url=f"http://127.0.0.1:{port}")
    forward(db, target, story(20))
    deliver_due(db, target, NOW)
    assert waiting(db) == 80
    fake = FakeMarquez()
    served.enter_context(serving(fake, port))
    drain(db, target)
    assert set(map(tuple, fake.by_run().values())) == {tuple(ORDER)}
    assert len(fake.events) == 80


def test_a_throttling_receiver_gets_the_rest_it_asks_for(db: sa.Engine, served: ExitStack) -> None:
    fake = FakeMarquez()
    target = new_target("marquez", url=served.enter_context(serving(fake)))
    forward(db, target, story(1))
    fake.trouble = lambda _: Answer(429, "slow down", {"Retry-After": "120"})
    deliver_due(db, target, NOW)
    assert deliver_due(db, target, NOW + 115 * SECOND) == 0
    assert len(fake.seen) == 1
    fake.trouble = lambda _: None
    drain(db, target)
    assert fake.by_run().popitem()[1] == ORDER


def test_through_restarts_throttling_failures_and_cut_connections_every_run_arrives_in_order(
    db: sa.Engine, served: ExitStack
) -> None:
    chance = random.Random(20261120)
    troubles: list[Trouble] = [
        Answer(503, None, {"Retry-After": "1"}),
        Answer(429, None),
        Answer(500, "boom"),
        Cut(after=False),
        Cut(after=True),
    ]

    def trouble(_: Request) -> Trouble:
        return chance.choice(troubles) if chance.random() < 0.15 else None

    fake = FakeMarquez()
    fake.trouble = trouble
    target = new_target("marquez", url=served.enter_context(serving(fake)))
    forward(db, target, story(60))
    drain(db, target)
    by_run = fake.by_run()
    assert len(by_run) == 60
    assert {tuple(kinds_once(kinds)) for kinds in by_run.values()} == {tuple(ORDER)}


def test_a_poisonous_event_holds_up_its_own_run_only_and_is_given_up(
    db: sa.Engine, served: ExitStack
) -> None:
    fake = FakeMarquez()
    poison = run_event("START", 1)["run"]["runId"]
    fake.trouble = lambda request: (
        Answer(500, "boom")
        if request.json()["run"]["runId"] == poison and request.json()["eventType"] == "START"
        else None
    )
    target = new_target("marquez", url=served.enter_context(serving(fake)), attempts=4)
    forward(db, target, story(3))
    deliver_due(db, target, NOW)
    assert {len(kinds) for kinds in fake.by_run().values()} == {4}
    assert len(fake.by_run()) == 2
    drain(db, target)
    assert fake.by_run()[poison] == ORDER[1:]
    with reading(db) as tx:
        assert outbox.counts(tx, ["one"], NOW)["one"].rejected == 1


def test_a_slow_receiver_is_not_waited_for_forever(served: ExitStack) -> None:
    fake: Fake = FakeMarquez()
    fake.delay = 0.5
    target = new_target("marquez", url=served.enter_context(serving(fake)), timeout=0.05)
    with pytest.raises(Unavailable, match="in time"):
        push(target, run_event("START"))
