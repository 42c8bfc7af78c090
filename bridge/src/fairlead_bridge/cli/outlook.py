"""`outlook`: how a dataset or a job stands, and until when it is expected."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime

from fairlead_bridge.access.scope import EVERYTHING
from fairlead_bridge.app import build_normaliser, build_windows
from fairlead_bridge.cli.command import OK, Commands, command, database, moment, option, say
from fairlead_bridge.mapping.finding import finder
from fairlead_bridge.settings import Settings
from fairlead_bridge.web.outlook import answers as a
from fairlead_bridge.web.outlook.routes import outlook
from fairlead_bridge.web.parameters import Catalog
from fairlead_bridge.workers.steps import now


def add(commands: Commands) -> None:
    about = "how a dataset or a job stands, until when it is expected, and why"
    parser = command(commands, "outlook", about, _outlook)
    option(parser, "identity_rules")
    parser.add_argument("node", help="dataset:NAMESPACE:NAME, job:NAMESPACE:NAME or an id")
    parser.add_argument("--as-of", type=moment, metavar="TIME", help="a past moment, in ISO 8601")
    parser.add_argument("--json", action="store_true", help="for programs: what REST answers")


def _outlook(settings: Settings, arguments: argparse.Namespace) -> int:
    identify = finder(build_normaliser(settings))
    with database(settings) as engine:
        quantile, windows = settings.risk_quantile, build_windows(settings)
        kept = tuple(each.window for each in windows)
        catalog = Catalog(engine, settings.lost_after, now, identify, quantile, kept)
        with catalog.open(EVERYTHING, arguments.as_of) as snapshot:
            answer = outlook(snapshot, arguments.node)
    if arguments.json:
        say(answer.model_dump_json(indent=2))
        return OK
    for line in lines(answer):
        say(line)
    return OK


def lines(answer: a.Outlook) -> Iterator[str]:
    """The outlook for people; times in UTC."""
    yield f"{answer.node} is {answer.standing.replace('_', ' ')} at {_clock(answer.as_of)}"
    if answer.written_at is not None:
        yield f"written     {_clock(answer.written_at)}"
    if answer.fresh_at is not None and answer.fresh_at != answer.written_at:
        yield f"fresh       {_clock(answer.fresh_at)}  since then only older partitions were written"
    if answer.expectation is not None:
        expected = answer.expectation
        yield f"expected    {_clock(expected.expected_by)}  {expected.text} ({expected.source})"
    else:
        yield "expected    unknown: nothing is stated, and no schedule or rhythm is known"
    if answer.late_since is not None:
        yield f"late since  {_clock(answer.late_since)}"
    if answer.eta is not None:
        eta = answer.eta
        between = f"80 %: {_clock(eta.low)} to {_clock(eta.high)}"
        yield f"ETA         {_clock(eta.p50)}  {between}"
        yield f"            {eta.basis}"
    else:
        yield f"ETA         unknown: {answer.eta_unknown}"
    if answer.root_cause is not None:
        cause = answer.root_cause
        yield f"root cause  {_clock(cause.at)}  {cause.text}"
        yield f"            {' > '.join(cause.path)}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"
