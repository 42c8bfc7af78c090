"""`incidents`: list them, show one, and acknowledge, mute, resolve, note or assign one."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from fairlead_bridge.app import build_interests
from fairlead_bridge.cli import audit
from fairlead_bridge.cli.command import OK, Commands, command, database, option, say
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import BadSettings, NotFound
from fairlead_bridge.monitoring.actions import ACTIONS, act
from fairlead_bridge.queries import incidents
from fairlead_bridge.queries.incidents import Incident, Wanted
from fairlead_bridge.settings import Settings
from fairlead_bridge.workers.steps import now

_STATES = ("open", "acknowledged", "muted", "resolved")
#: Characters of a cause in a list.
_LONGEST = 160
_TIMES = ("at", "opened_at", "detected_at", "changed_at", "resolved_at")


def add(commands: Commands) -> None:
    parser = command(commands, "incidents", "list incidents, show one, or act on one", _incidents)
    option(parser, "sinks_file")
    parser.add_argument(
        "action",
        nargs="?",
        choices=("list", "show", *ACTIONS),
        default="list",
        help="what to do; `assign` and `note` take --text",
    )
    parser.add_argument("id", nargs="?", type=int, help="the incident's number")
    parser.add_argument("--state", choices=_STATES, help="only those in this state")
    parser.add_argument("--owner", help="only those that concern this owner")
    parser.add_argument("--limit", type=int, default=50, help="incidents that are listed")
    parser.add_argument("--by", default="unnamed", help="in whose name")
    parser.add_argument("--text", help="the note, or to whom it is assigned")
    parser.add_argument("--json", action="store_true", help="for programs")


def _incidents(settings: Settings, arguments: argparse.Namespace) -> int:
    if arguments.action != "list" and arguments.id is None:
        raise BadSettings(f"name the incident: fairlead-bridge incidents {arguments.action} NUMBER")
    with database(settings) as engine:
        if arguments.action == "list":
            _list(engine, arguments)
            return OK
        if arguments.action != "show":
            by, text = arguments.by, arguments.text
            wanted = build_interests(settings)
            with writing(engine) as tx:
                act(tx, arguments.id, arguments.action, by, text, wanted, now())
                audit.record(tx, f"{arguments.action}_incident", str(arguments.id))
        _show(engine, arguments)
    return OK


def _list(engine: sa.Engine, arguments: argparse.Namespace) -> None:
    states = (arguments.state,) if arguments.state is not None else None
    wanted = Wanted(states, arguments.owner)
    with reading(engine) as tx:
        found = incidents.page_of_incidents(tx, wanted, max(arguments.limit, 1))
    if arguments.json:
        say(json.dumps([_plain(each) for each in found], indent=2))
        return
    if not found:
        say("no incidents")
    for line in _table(found):
        say(line)


def _table(found: Sequence[Incident]) -> list[str]:
    """A line for each incident."""
    return [
        f"{each.id:>6}  {each.state:<12}  {each.severity:<8}  {_time(each.opened_at)}"
        f"  {len(each.affected):>5} affected  {_cut(each.text)}"
        for each in found
    ]


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _show(engine: sa.Engine, arguments: argparse.Namespace) -> None:
    with reading(engine) as tx:
        found = incidents.of(tx, [arguments.id]).get(arguments.id)
        entries = incidents.timeline(tx, arguments.id)
    if found is None:
        raise NotFound(
            f"there is no incident {arguments.id}; `fairlead-bridge incidents` lists them"
        )
    if arguments.json:
        answer = [{**dataclasses.asdict(each), "at": _time(each.at)} for each in entries]
        say(json.dumps({**_plain(found), "timeline": answer}, indent=2))
        return
    for line in _table([found]):
        say(line)
    say(f"        cause     {found.node}  {found.text}")
    say(f"        path      {' > '.join(found.path)}")
    for each in found.affected:
        say(f"        {each.standing:<8}  {each.node}  {', '.join(each.owners)}".rstrip())
    for entry in entries:
        say(
            f"        {_time(entry.at)}  {entry.what}  {entry.by or ''}  {entry.text or ''}".rstrip()
        )


def _plain(found: Incident) -> Json:
    """The incident with its times in ISO 8601."""
    answer = dataclasses.asdict(found)
    for each in answer["affected"]:
        each |= {"expected_by": _time(each["expected_by"]), "eta": _time(each["eta"])}
    return answer | {name: _time(answer[name]) for name in _TIMES}


def _time(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at // 1_000_000, UTC).isoformat()
