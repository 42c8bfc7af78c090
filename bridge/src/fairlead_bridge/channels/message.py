"""What a message says, for every channel alike. Pure; times in microseconds, UTC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fairlead_bridge import ids
from fairlead_bridge.access.visible import RESTRICTED
from fairlead_bridge.channels.notice import Notice, Transition
from fairlead_bridge.channels.schedule import local
from fairlead_bridge.entries import AffectedAsset, IncidentEntry

_HEADS: dict[Transition, str] = {
    "changed": "Changed: ",
    "acknowledged": "Acknowledged: ",
    "resolved": "Resolved: ",
    "reopened": "Open again: ",
}
_NAMES = {"critical": "Critical", "warning": "Warning"}
_LONGEST_TITLE = 200
#: The label of the link to the incident's page.
PAGE = "Open in Fairlead"


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message about one incident, before it is written in a receiver's format."""

    id: str
    incident: IncidentEntry
    transition: Transition
    title: str  # one line
    facts: tuple[
        tuple[str, str], ...
    ]  # (label, value), such as ("Since", "29 Nov 2026, 06:42 UTC")
    ranked: tuple[AffectedAsset, ...]  # all that is affected, the most urgent first
    affected: tuple[str, ...]  # a line for each of the first of them
    more: int  # that are affected and not in `affected`
    way: str  # from the root cause to the asset that shows it
    links: tuple[Link, ...]
    text: str  # the root cause in one sentence
    reached: tuple[str, ...] = ()  # owners of whom the receiver hears for the first time

    @property
    def subject(self) -> str:
        """The id of the incident as the REST API shows it."""
        return str(self.incident.name.id)

    @property
    def key(self) -> str:
        """A key of the incident that no other bridge gives to another one."""
        return f"fairlead-{self.subject}-{self.incident.opened_at // 1_000_000}"


@dataclass(frozen=True, slots=True)
class Digest:
    """Messages that go together; `id` is the same for the same messages."""

    id: str
    title: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes messages: times in `zone`, links to the page at `public_url`, if that is known."""

    zone: ZoneInfo
    public_url: str | None = None
    most_affected: int = 20

    def message(self, notice: Notice) -> Message:
        """Return the message of a notice."""
        incident = notice.incident
        ranked = sorted(incident.affected, key=_urgency)
        shown = ranked[: self.most_affected]
        return Message(
            id=notice.id,
            incident=incident,
            transition=notice.transition,
            title=_title(notice),
            facts=tuple(self._facts(incident)),
            ranked=tuple(ranked),
            affected=tuple(self._affected(item) for item in shown),
            more=len(ranked) - len(shown),
            way=" → ".join(incident.path),
            links=tuple(self._links(incident)),
            text=notice.text,
            reached=notice.reached,
        )

    def digest(self, notices: Sequence[Notice]) -> Digest:
        """Return several notices as one message, the critical and open ones first."""
        ranked = sorted(notices, key=_digest_order)
        suffix = ids.digest("\x1f".join(sorted(item.id for item in notices)).encode()).hex()
        title = _digest_title(notices)
        return Digest(f"msg_{suffix}", title, tuple(map(self.message, ranked)))

    def time(self, at: int) -> str:
        """A time for people: `29 Nov 2026, 06:42 CET`."""
        moment = local(at, self.zone)
        return f"{moment.day} {moment:%b %Y, %H:%M %Z}"

    def _facts(self, incident: IncidentEntry) -> Iterator[tuple[str, str]]:
        yield "Since", self.time(incident.at)
        if incident.resolved_at is not None:
            lasted = duration(incident.resolved_at - incident.opened_at)
            yield "Resolved", f"{self.time(incident.resolved_at)}, after {lasted}"
            if incident.resolved_by:
                yield "Resolved by", incident.resolved_by
        first = min((item.expected_by for item in incident.affected if item.expected_by), default=0)
        if first and incident.resolved_at is None:
            yield "First expected by", self.time(first)
        if eta := self._eta(incident):
            yield "Expected to be fresh", eta
        if incident.acknowledged_by:
            yield "Acknowledged by", incident.acknowledged_by
        if incident.assigned_to:
            yield "Assigned to", incident.assigned_to

    def _eta(self, incident: IncidentEntry) -> str | None:
        """When the last of what is affected should be fresh, None where one of them is unknown."""
        known = [item.eta for item in incident.affected if item.eta is not None]
        if incident.resolved_at is not None or not known or len(known) < len(incident.affected):
            return None
        median, low, high = max(known)
        return f"{self.time(median)} (between {self.time(low)} and {self.time(high)})"

    def _affected(self, item: AffectedAsset) -> str:
        details = [item.standing.replace("_", " ")]
        if item.expected_by is not None:
            details.append(f"expected by {self.time(item.expected_by)}")
        if item.eta is not None:
            details.append(f"ETA {self.time(item.eta[0])}")
        if item.owners:
            details.append(f"owned by {', '.join(item.owners)}")
        return f"{item.label} ({'; '.join(details)})"

    def _links(self, incident: IncidentEntry) -> Iterator[Link]:
        if self.public_url:
            page = self.public_url.rstrip("/")
            yield Link(PAGE, f"{page}/incidents/{incident.name.id}")
            shown = (node for node in _nodes(incident) if node != RESTRICTED)
            for node in islice(shown, 1):
                yield Link("Lineage", f"{page}/lineage?focus={quote(node, safe='')}")
        if incident.run_url:
            yield Link("Airflow run", incident.run_url)
        if incident.log_url and incident.log_url != incident.run_url:
            yield Link("Airflow log", incident.log_url)


def _nodes(incident: IncidentEntry) -> Iterator[str]:
    """The cause, then what is affected."""
    yield incident.node
    yield from (item.node for item in sorted(incident.affected, key=_urgency))


def duration(microseconds: int) -> str:
    """A duration for people: `2 h 5 min`."""
    minutes = max(0, microseconds) // 60_000_000
    if minutes < 1:
        return "less than a minute"
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join([f"{number} {unit}" for number, unit in parts if number][:2])


def lines(message: Message) -> list[str]:
    """The message as plain text without its title, a line each."""
    found = [message.text, ""]
    found += [f"{label}: {value}" for label, value in message.facts]
    if message.way:
        found.append(f"Path: {message.way}")
    if message.affected:
        found += ["", affected_title(message), *(f"- {line}" for line in message.affected)]
        found += [f"- and {message.more} more"] if message.more else []
    if message.links:
        found += ["", *(f"{link.label}: {link.url}" for link in message.links)]
    return found


def affected_title(message: Message) -> str:
    """The heading above what is affected."""
    count = len(message.affected) + message.more
    return f"Affected: {count} {'asset' if count == 1 else 'assets'}"


def summary(message: Message) -> str:
    """One line about the incident, for digests."""
    count = len(message.affected) + message.more
    since = dict(message.facts).get("Resolved") or f"since {dict(message.facts)['Since']}"
    affected = f"; {count} affected" if count else ""
    return f"{message.title} ({since}{affected})"


def cut(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis in `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _title(notice: Notice) -> str:
    incident = notice.incident
    head = _HEADS.get(notice.transition, "")
    if notice.reached:
        head = f"Now also affects {', '.join(notice.reached)}: "
    name = "" if notice.transition == "resolved" else f"{_NAMES[incident.severity]}: "
    return cut(" ".join(f"{head}{name}{notice.text}".split()), _LONGEST_TITLE)


def _digest_title(notices: Sequence[Notice]) -> str:
    over = sum(item.transition == "resolved" for item in notices)
    parts = [f"{len(notices) - over} open" if over < len(notices) else ""]
    parts.append(f"{over} resolved" if over else "")
    noun = "incident" if len(notices) == 1 else "incidents"
    return f"{len(notices)} {noun}: {', '.join(filter(None, parts))}"


def _digest_order(item: Notice) -> tuple[bool, bool, int, int]:
    incident = item.incident
    resolved, minor = item.transition == "resolved", incident.severity != "critical"
    return resolved, minor, incident.at, incident.name.id


_STANDINGS = ("failed", "late", "at_risk", "unknown", "ok")


def _urgency(item: AffectedAsset) -> tuple[int, float, str]:
    rank = _STANDINGS.index(item.standing) if item.standing in _STANDINGS else len(_STANDINGS)
    return rank, item.expected_by if item.expected_by is not None else float("inf"), item.label
