"""`keys`: create, list, rotate and revoke API keys."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime

import sqlalchemy as sa

from fairlead_bridge.access import keys
from fairlead_bridge.access.caller import ROLES
from fairlead_bridge.access.keys import Key
from fairlead_bridge.cli import audit
from fairlead_bridge.cli.command import OK, Commands, command, database, say
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.settings import Settings
from fairlead_bridge.workers.steps import now

_DAY, _HOUR = 86_400_000_000, 3_600_000_000


def add(commands: Commands) -> None:
    about = "create, list, rotate and revoke API keys"
    parser = command(commands, "keys", about, _keys)
    parser.add_argument(
        "action",
        choices=("create", "list", "rotate", "revoke"),
        help="create and rotate print the key as the last word, and never again",
    )
    parser.add_argument("which", nargs="?", metavar="NAME", help="the key's name")
    parser.add_argument("--name", help="the key's name")
    parser.add_argument(
        "--role",
        action="append",
        choices=ROLES,
        help="what a new key may do; can be given more than once. sender: send events; viewer: read; "
        "editor: read, and change what people state; operator: that, and replay and retry; admin: "
        "everything",
    )
    parser.add_argument(
        "--namespaces",
        default="*",
        metavar="PATTERNS",
        help="shell patterns of the namespaces that a new key may send to, separated by commas "
        "(default: *)",
    )
    parser.add_argument("--expires", type=_positive, metavar="DAYS", help="days until it expires")
    parser.add_argument(
        "--overlap",
        type=float,
        default=0.0,
        metavar="HOURS",
        help="hours for which a rotated key still works (default: 0)",
    )
    parser.add_argument("--json", action="store_true", help="list for programs")


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("write a number of days greater than 0")
    return value


def _keys(settings: Settings, arguments: argparse.Namespace) -> int:
    with database(settings) as engine:
        if arguments.action == "list":
            _list(engine, arguments.json)
            return OK
        name = arguments.name or arguments.which
        if name is None:
            raise BadSettings(f"name the key: fairlead-bridge keys {arguments.action} --name NAME")
        with writing(engine) as tx:
            line = _change(tx, name, arguments)
    say(line)
    return OK


def _change(tx: sa.Connection, name: str, arguments: argparse.Namespace) -> str:
    at = now()
    if arguments.action == "revoke":
        keys.revoke(tx, name, at)
        audit.record(tx, "revoke_key", name)
        return f"Revoked {name}"
    if arguments.action == "rotate":
        secret = keys.rotate(tx, name, at, int(arguments.overlap * _HOUR))
        audit.record(tx, "rotate_key", name)
        return f"Rotated {name}; this is the new key, which is not shown again: {secret}"
    patterns = [part.strip() for part in arguments.namespaces.split(",") if part.strip()]
    expires = at + int(arguments.expires * _DAY) if arguments.expires else None
    secret = keys.create(tx, name, arguments.role or [], patterns, at, expires)
    audit.record(tx, "create_key", f"{name}: {', '.join(arguments.role)}; {', '.join(patterns)}")
    return f"Created {name}; this is the key, which is not shown again: {secret}"


def _list(engine: sa.Engine, as_json: bool) -> None:
    with reading(engine) as tx:
        found = keys.listed(tx)
    at = now()
    if as_json:
        say(json.dumps([_plain(key, at) for key in found], indent=2))
        return
    if not found:
        say("no keys")
    for key in found:
        shown = _plain(key, at)
        say(
            f"{key.name:<24}  {shown['state']:<8}  {','.join(key.roles):<16}  "
            f"{','.join(key.namespaces)}  created {shown['created_at']}"
            f"  expires {shown['expires_at'] or 'never'}  last used {shown['used_at'] or 'never'}"
        )


def _plain(key: Key, at: int) -> Json:
    times = ("created_at", "expires_at", "used_at", "revoked_at")
    return {
        "name": key.name,
        "state": key.state(at),
        "roles": list(key.roles),
        "namespaces": list(key.namespaces),
        **{name: _time(getattr(key, name)) for name in times},
    }


def _time(micros: int | None) -> str | None:
    if micros is None:
        return None
    return datetime.fromtimestamp(micros // 1_000_000, UTC).isoformat()
