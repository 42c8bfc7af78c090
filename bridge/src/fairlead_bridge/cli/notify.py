"""`notify`: check notification channels, send a test message, and try rules on past days."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from fairlead_bridge import outbox
from fairlead_bridge.app import build_channels
from fairlead_bridge.channels.sample import sample
from fairlead_bridge.channels.target import ChannelTarget
from fairlead_bridge.cli.command import FAILED, OK, Commands, command, database, moment, option, say
from fairlead_bridge.cli.status import say_counts
from fairlead_bridge.db.engine import reading
from fairlead_bridge.delivery.preview import Sent, preview
from fairlead_bridge.errors import BadSettings, FairleadError
from fairlead_bridge.settings import Settings
from fairlead_bridge.web.render import micros
from fairlead_bridge.wording import counted
from fairlead_bridge.workers.steps import now

_DAY = 86_400_000_000
#: Messages a week and channel beyond which people begin to ignore them.
_TOO_MANY = 30


def add(commands: Commands) -> None:
    about = "look after notification channels"
    parser = command(commands, "notify", about, _notify)
    option(parser, "notifications_file")
    option(parser, "public_url")
    parser.add_argument(
        "action",
        choices=("check", "test", "preview", "status"),
        help="check: settings, addresses and credentials, without a message; test: send one message "
        "to the channel; preview: which messages the rules would have sent over past days; status: "
        "how far each channel is",
    )
    parser.add_argument("name", nargs="?", help="one channel; without it, all")
    parser.add_argument("--days", type=float, default=7.0, help="of the preview (default: 7)")
    parser.add_argument(
        "--until",
        type=moment,
        metavar="TIME",
        help="end of the preview, in ISO 8601 (default: now)",
    )


def _notify(settings: Settings, arguments: argparse.Namespace) -> int:
    targets = build_channels(settings)
    chosen = [target for target in targets if arguments.name in (None, target.channel)]
    if not targets:
        raise BadSettings(
            "there are no channels; write a file of them and name it with --notifications-file, or "
            "FAIRLEAD_NOTIFICATIONS_FILE"
        )
    if not chosen:
        known = ", ".join(target.channel for target in targets)
        raise BadSettings(f"no such channel: {arguments.name}; there are: {known}")
    if arguments.action == "check":
        return max([_check(target) for target in chosen])
    if arguments.action == "test":
        if arguments.name is None:
            raise BadSettings("name the channel that is to receive a test message")
        return _test(chosen[0])
    if arguments.action == "preview":
        until = micros(arguments.until) if arguments.until is not None else now()
        return _preview(settings, chosen, arguments.days, until)
    with database(settings) as engine, reading(engine) as tx:
        say_counts(outbox.counts(tx, [target.name for target in chosen], now()))
    return OK


def _check(target: ChannelTarget) -> int:
    try:
        found = target.sink.probe()
    except FairleadError as error:
        say(f"{target.channel}: {error}")
        return FAILED
    for sentence in found:
        say(f"{target.channel}: {sentence}")
    return OK


def _test(target: ChannelTarget) -> int:
    """Sends an incident and its end, so that nothing stays open in a receiver that has incidents of its own."""
    try:
        for notice in sample(target.channel, now(), target.pusher.channel.has_own_incidents):
            target.pusher.channel.send(target.pusher.write([notice]))
    except FairleadError as error:
        say(f"{target.channel}: {error}")
        return FAILED
    say(f"{target.channel}: a test message was sent")
    return OK


def _preview(settings: Settings, targets: Sequence[ChannelTarget], days: float, until: int) -> int:
    if not 0 < days <= 3_660:
        raise BadSettings("--days must be more than 0, and 3660 at most")
    with database(settings) as engine:
        since = until - round(days * _DAY)
        found = preview(engine, targets, since, until, settings.lost_after)
    for message in found:
        say(_line(message))
    counts = Counter(message.channel for message in found)
    for target in targets:
        count = counts[target.channel]
        weekly = count * 7 / days
        hint = "; people begin to ignore so many" if weekly > _TOO_MANY else ""
        say(
            f"{target.channel}: {counted(count, 'message')} in {days:g} {'day' if days == 1 else 'days'}, {weekly:.1f} a week{hint}"
        )
    return OK


def _line(message: Sent) -> str:
    at = datetime.fromtimestamp(message.at / 1_000_000, UTC).isoformat(timespec="minutes")
    return f"{at}  {message.channel}  {message.title}"
