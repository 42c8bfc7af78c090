"""
How the company is built: pipelines ("lines") of DAGs, which only share tables of reference.

A daily line loads tables from outside, stages them with dbt, joins them with Spark, and makes marts;
an hourly one loads, stages and reports the whole day. What is downstream waits for what is upstream
by an asset or a sensor, but for the report of an hourly line, which takes what is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from zoneinfo import ZoneInfo

from tests.support.company.model import Airflow, Columns, Cron, Dag, Table, Task

AIRFLOWS = (
    Airflow("eu-prod", ZoneInfo("Europe/Berlin"), "postgres://dwh.eu.example:5432", "s3://lake-eu"),
    Airflow("us-prod", ZoneInfo("America/New_York"), "snowflake://us-acme", "s3://lake-us"),
    Airflow("apac-prod", ZoneInfo("Australia/Sydney"), "postgres://dwh.apac.example:5432", "s3://lake-apac"),
)  # fmt: skip
_OWNERS = ("ingestion", "analytics", "finance", "growth", "risk", "platform")
_SUBJECTS = (
    "orders",
    "payments",
    "clicks",
    "stock",
    "claims",
    "leads",
    "trips",
    "invoices",
    "visits",
)
_WORKDAYS = frozenset(range(5))
_COLUMNS: Columns = (
    ("id", "bigint"),
    ("day", "date"),
    ("customer", "varchar"),
    ("amount", "numeric"),
)

#: DAGs of a daily and of an hourly line; one line in so many is hourly.
DAILY, HOURLY, EVERY = 8, 4, 9


def dags_of(number: int, random: Random) -> list[Dag]:
    """At least `number` DAGs, across all Airflows."""
    dags: list[Dag] = []
    line = 0
    while len(dags) < number:
        airflow = AIRFLOWS[line % len(AIRFLOWS)]
        make = _hourly if line % EVERY >= EVERY - len(AIRFLOWS) else _daily
        dags += make(_Line(line, airflow, random))
        line += 1
    return dags


class _Line:
    """What the DAGs of one line have in common."""

    def __init__(self, number: int, airflow: Airflow, random: Random) -> None:
        self.number, self.airflow, self.random = number, airflow, random
        self.subject = f"{_SUBJECTS[number % len(_SUBJECTS)]}_{number:02}"
        self.hour = random.randint(3, 7)  # local

    def table(self, layer: str, name: str, *, external: bool = False) -> Table:
        return Table(
            self.airflow.warehouse, f"acme.{layer}.{self.subject}_{name}", _COLUMNS, external
        )

    def file(self, name: str) -> Table:
        return Table(self.airflow.lake, f"warehouse/{self.subject}/{name}", _COLUMNS)

    def dag(self, name: str, tasks: list[Task], cron: Cron | None, *triggers: Table) -> Dag:
        return Dag(
            self.airflow,
            f"{self.subject}_{name}",
            self.number,
            self.random.choice(_OWNERS),
            (self.subject, "hourly" if self.number % EVERY >= EVERY - 3 else "daily"),
            {task.task_id: task for task in tasks},
            cron,
            triggers,
        )

    def at(self, minute: int, weekdays: frozenset[int]) -> Cron:
        """So many minutes after the line begins."""
        hours, minutes = divmod(minute, 60)
        return Cron(self.airflow.zone, minutes, (self.hour + hours,), weekdays)

    def takes(self, low: float, high: float) -> float:
        return self.random.uniform(low, high)


def _daily(line: _Line) -> list[Dag]:
    days = frozenset(range(7)) if line.number % 4 == 3 else _WORKDAYS

    def at(minute: int) -> Cron:
        return line.at(minute, days)

    feed, source = (
        line.table("partner", "feed", external=True),
        line.table("app", "log", external=True),
    )
    first, second = line.table("raw", "main"), line.table("raw", "log")
    staged, cleaned = line.table("staging", "main"), line.table("staging", "log")
    facts, mart, report = (
        line.file("facts"),
        line.table("mart", "daily"),
        line.table("mart", "report"),
    )
    closing = line.table("mart", "month")
    # Every other line begins when its partner says that the feed was delivered.
    arrives = line.number % 2 == 0
    ingest = line.dag(
        "ingest",
        [
            *([] if arrives else [Task("await_file", "sensor", 40)]),
            Task("load", "python", line.takes(120, 600), [feed], [first], [] if arrives else ["await_file"]),
            Task("done", "empty", 0, after=["load"]),
        ],
        None if arrives else at(0),
        *((feed,) if arrives else ()),
    )  # fmt: skip
    log = line.dag(
        "log",
        [
            Task("list_parts", "python", 15),
            Task("load_part", "python", line.takes(60, 240), [source], [second], ["list_parts"], mapped=4, pool="loads"),
        ],
        at(10),
    )  # fmt: skip
    stage = line.dag(
        "stage", [Task("dbt_build", "dbt", line.takes(90, 300), [first], [staged])], None, first
    )
    clean = line.dag(
        "clean",
        [
            Task("wait_for_log", "sensor", 10, waits_for=log),
            Task("clean", "sql", line.takes(60, 200), [second], [cleaned], ["wait_for_log"]),
            Task("check", "check", 10, [cleaned], [], ["clean"]),
        ],
        at(15),
    )
    join = line.dag(
        "join",
        [Task("spark_join", "spark", line.takes(300, 1500), [staged, cleaned], [facts])],
        None,
        staged,
        cleaned,
    )
    daily = line.dag(
        "mart",
        [
            Task("build", "sql", line.takes(60, 400), [facts], [mart]),
            Task("notify", "empty", 0, after=["build"]),
        ],
        None,
        facts,
    )
    summary = line.dag(
        "report",
        [
            Task("wait_for_mart", "sensor", 10, waits_for=daily),
            Task("render", "python", line.takes(30, 120), [mart], [report], ["wait_for_mart"]),
        ],
        at(60),
    )
    month = Cron(line.airflow.zone, 0, (line.hour + 9,), first_of_month=True)
    close = line.dag(
        "close", [Task("close", "sql", line.takes(300, 900), [mart], [closing])], month
    )
    return [ingest, log, stage, clean, join, daily, summary, close]


def _hourly(line: _Line) -> list[Dag]:
    hours = tuple(range(24)) if line.number % 2 else tuple(range(6, 21))
    days = frozenset(range(7)) if line.number % 2 else _WORKDAYS

    def at(minute: int) -> Cron:
        return Cron(line.airflow.zone, minute, hours, days)

    source, events = line.table("app", "events", external=True), line.table("raw", "events")
    sessions, live = line.table("staging", "sessions"), line.table("mart", "live")
    alerts = line.table("mart", "alerts")
    return [
        line.dag("pull", [Task("pull", "python", line.takes(60, 180), [source], [events])], at(5)),
        line.dag("sessions", [Task("build", "sql", line.takes(60, 200), [events], [sessions])], None, events),
        line.dag("live", [Task("refresh", "sql", line.takes(30, 90), [sessions], [live])], at(40)),
        line.dag("alerts", [Task("find", "python", line.takes(20, 60), [sessions], [alerts])], None, sessions),
    ]  # fmt: skip


def downstream(dags: list[Dag], dag: Dag, *, waiting: bool = True) -> Iterator[Dag]:
    """The DAGs that cannot run without this one, nearest first; or all that read what it writes."""
    seen, front = {dag}, [dag]
    while front:
        here = front.pop(0)
        for other in dags:
            waits = any(table in other.triggers for table in here.writes) or any(
                task.waits_for is here for task in other.tasks.values()
            )
            reads = any(table in other.reads for table in here.writes)
            if other not in seen and (waits if waiting else reads or waits):
                seen.add(other)
                front.append(other)
                yield other
