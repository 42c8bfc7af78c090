"""Where spooled events go: our own HTTP delivery, or any OpenLineage transport.

A destination is given a batch of events and answers, for each of them, whether it was taken. It
translates what the other side says into two kinds of failure, again or never; the deliverer obeys.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

import requests

from fairlead_sdk.documents import Json
from fairlead_sdk.errors import FairleadError, NotUnderstood
from fairlead_sdk.http import Answer, Limits, exchange, new_session
from fairlead_sdk.redact import MASK, sounds_secret

if TYPE_CHECKING:
    from openlineage.client import event_v2
    from openlineage.client.facet_v2 import parent_run

_BATCH = "api/v1/lineage/batch"
_SINGLE = "api/v1/lineage"

# These speak of access, of the address or of load, not of the event: it may work another time.
_AGAIN_STATUS = frozenset({401, 403, 404, 405, 407, 408, 421, 425, 429})
# A transport that raises one of these may be choking on the event; anything else is its receiver.
_SPEAKS_OF_THE_EVENT = (ValueError, TypeError, LookupError, AttributeError)
_NO_SUCH_ENDPOINT = frozenset({404, 405})


@dataclass(frozen=True)
class Again:
    """Not taken now, and may be later; `after` is how many seconds the receiver asked for."""

    reason: str
    after: float | None = None


@dataclass(frozen=True)
class Never:
    """The receiver will not take this event, however often it is sent."""

    reason: str


@dataclass(frozen=True)
class Unclear:
    """A failure that may be permanent or not; a few retries decide."""

    reason: str


Outcome = None | Again | Never | Unclear
"""None: taken."""


class Destination(Protocol):
    def deliver(self, events: Sequence[str]) -> list[Outcome]:
        """Hand the events over, in order. One outcome each; never raises."""

    def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True)
class HttpSettings:
    """An OpenLineage receiver; `url` without the `api/v1/lineage` behind it, `timeout` in seconds."""

    url: str
    auth: Json | None = None
    headers: dict[str, str] | None = None
    timeout: float = 10.0
    verify: bool | str = True
    cert: str | tuple[str, str] | None = None


class HttpDestination:
    """Batches, gzipped, over one connection that is kept open.

    A receiver that knows no batches (404 or 405 there) is given single events.
    """

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._url = settings.url.rstrip("/") + "/"
        self._limits = Limits(pause=settings.timeout, total=max(60.0, 6 * settings.timeout))
        self._session = new_session()
        self._session.headers.update({"Content-Type": "application/json"})
        self._session.headers.update(settings.headers or {})
        self._session.verify = settings.verify
        self._session.cert = settings.cert
        self._token = _token_provider(settings.auth)
        self._secrets = secrets_of(settings)
        self._batches = True
        self._gzip = True

    def deliver(self, events: Sequence[str]) -> list[Outcome]:
        outcomes = self._deliver_batch(events) if self._batches and len(events) > 1 else None
        if outcomes is None:
            outcomes = self._deliver_singly(events)
        return [outcome and self._without_secrets(outcome) for outcome in outcomes]

    def _without_secrets(self, outcome: Again | Never | Unclear) -> Outcome:
        """Receivers repeat in their answers what was sent, and reasons are stored for people."""
        reason = outcome.reason
        for secret in self._secrets:
            reason = reason.replace(secret, MASK)
        return replace(outcome, reason=reason)

    def _deliver_batch(self, events: Sequence[str]) -> list[Outcome] | None:
        """None says: send them one by one, the receiver has no batches or some event spoils this one."""
        answer = self._post(_BATCH, f"[{','.join(events)}]")
        if isinstance(answer, Again):
            return [answer] * len(events)
        if answer.is_success:
            return _batch_outcomes(answer, len(events))
        if answer.status in _NO_SUCH_ENDPOINT:
            self._batches = False
            return None
        failure = outcome_of(answer)
        return None if isinstance(failure, Never) else [failure] * len(events)

    def _deliver_singly(self, events: Sequence[str]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for event in events:
            answer = self._post(_SINGLE, event)
            outcome = answer if isinstance(answer, Again) else outcome_of(answer)
            outcomes.append(outcome)
            if isinstance(outcome, Again):  # what comes later must not overtake it
                outcomes += [outcome] * (len(events) - len(outcomes))
                break
        return outcomes

    def _post(self, path: str, body: str) -> Answer | Again:
        try:
            answer = self._send(path, body)
            if answer.status == 415 and self._gzip:  # a receiver that cannot unpack
                self._gzip = False
                answer = self._send(path, body)
            return answer
        except FairleadError as error:
            return Again(str(error))
        except Exception as error:  # noqa: BLE001 - the border to token providers of any make
            return Again(f"{type(error).__name__}: {error}")

    def _send(self, path: str, body: str) -> Answer:
        data = body.encode()
        headers = {}
        if self._gzip:
            data = gzip.compress(data, compresslevel=5)
            headers["Content-Encoding"] = "gzip"
        if self._token and (bearer := self._token.get_bearer()):
            headers["Authorization"] = bearer
            self._secrets.add(bearer.rpartition(" ")[2])
        return exchange(
            self._session,
            "POST",
            self._url + path,
            limits=self._limits,
            data=data,
            headers=headers,
        )

    def close(self) -> None:
        self._session.close()


def secrets_of(settings: HttpSettings) -> set[str]:
    """The values that are sent and must not be shown: of the address and of headers."""
    headers = settings.headers or {}
    found = {
        word
        for name, value in headers.items()
        if sounds_secret(name)
        for word in (value, value.rpartition(" ")[2])
    }
    with suppress(ValueError):
        found.add(unquote(urlsplit(settings.url).password or ""))
    return {secret for secret in found if len(secret) > 3}


def _token_provider(auth: Json | None) -> Any:
    if not auth:
        return None
    # Only here: the client library takes a while to import, and most deliver without a token.
    from openlineage.client.transport.http import create_token_provider

    return create_token_provider(auth)


def outcome_of(answer: Answer) -> Outcome:
    """Taken only by a 2xx of an API: a redirect or a login page acknowledges nothing."""
    if answer.is_success:
        return None
    status = answer.status
    reason = answer.misdirection or f"HTTP {status}: {answer.text()}"
    if 400 <= status < 500 and status not in _AGAIN_STATUS:
        return Never(reason)
    return Again(reason, answer.retry_after)


def _batch_outcomes(answer: Answer, count: int) -> list[Outcome]:
    """The OpenLineage specification's answer: 200 with a `failed_events` list, or nothing to say."""
    outcomes: list[Outcome] = [None] * count
    try:
        failed = answer.json()["failed_events"]
    except (NotUnderstood, LookupError, TypeError):  # 204, or a receiver with words of its own
        return outcomes
    for row in failed if isinstance(failed, list) else ():
        index = row.get("index") if isinstance(row, dict) else None
        if isinstance(index, int) and 0 <= index < count:
            reason = str(row.get("reason") or "rejected")
            outcomes[index] = Again(reason) if row.get("retriable") else Never(reason)
    return outcomes


class TransportDestination:
    """Any OpenLineage transport, one event at a time."""

    def __init__(self, config: Json) -> None:
        from openlineage.client.transport import get_default_factory

        self._transport = get_default_factory().create(synchronous(config))
        for session in _sessions(self._transport):
            session.hooks["response"].append(_only_acknowledgements)

    def deliver(self, events: Sequence[str]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for event in events:
            outcome = self._emit(event)
            outcomes.append(outcome)
            if isinstance(outcome, Again | Unclear):
                outcomes += [Again(outcome.reason)] * (len(events) - len(outcomes))
                break
        return outcomes

    def _emit(self, event: str) -> Outcome:
        try:
            self._transport.emit(as_event(json.loads(event)))
        except NotUnderstood as error:
            return Again(str(error))
        except requests.HTTPError as error:
            response = error.response
            answer = Answer(response.url, response.status_code, response.content, response.headers)
            return outcome_of(answer) or Again(str(error))
        except OSError as error:  # before ValueError: some of requests' own errors are both
            return Again(f"{type(error).__name__}: {error}")
        except _SPEAKS_OF_THE_EVENT as error:
            return Unclear(f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - the border to transports of any make
            cause = f" ({error.__cause__})" if error.__cause__ else ""  # a composite hides it
            return Again(f"{type(error).__name__}: {error}{cause}")
        return None

    def close(self) -> None:
        self._transport.close()


def _sessions(transport: Any) -> Iterator[requests.Session]:
    """The sessions of the client's HTTP transports, also inside of others."""
    session = getattr(transport, "session", None)
    if isinstance(session, requests.Session):
        yield session
    for inner in (getattr(transport, "transport", None), *getattr(transport, "transports", ())):
        if inner is not None:
            yield from _sessions(inner)


def _only_acknowledgements(response: requests.Response, **_: Any) -> None:
    """A hook of `requests`, called before a redirect is followed: the client's transport would follow
    it with a GET, and take the login page at its end for success."""
    answer = Answer(response.url, response.status_code, headers=response.headers)
    if wrong := answer.misdirection:
        raise NotUnderstood(wrong)


def synchronous(config: Json) -> Json:
    """The same transport, made to answer only when the event has arrived.

    The client's `async_http` returns at once without the outcome of the event, so a spool
    behind it would forget events that never arrived. Its settings are those of `http`.
    """
    result = dict(config)
    if result.get("type") == "async_http":
        result["type"] = "http"
    nested = result.get("transports")
    if isinstance(result.get("transport"), dict):
        result["transport"] = synchronous(result["transport"])
    if isinstance(nested, list):
        result["transports"] = [synchronous(one) for one in nested]
    elif isinstance(nested, dict):
        result["transports"] = {name: synchronous(one) for name, one in nested.items()}
    return result


def as_event(data: Json) -> Any:
    """The event as an object, because some transports read its job or its parent.

    Facets stay plain dicts, except `parent`, from which Kafka's message key is made. Something that
    is no valid event stays a dict as a whole: whether it may travel is for the receiver to say.
    """
    from openlineage.client import event_v2

    common: Json = {"eventTime": data.get("eventTime"), "producer": data.get("producer", "")}
    both: Json = {"inputs": data.get("inputs"), "outputs": data.get("outputs")}
    try:
        if "run" in data:
            return _run_event(data, {**common, **both})
        if "dataset" in data:
            node = data["dataset"]
            dataset = event_v2.StaticDataset(
                node["namespace"], node["name"], facets=node.get("facets")
            )
            return event_v2.DatasetEvent(dataset=dataset, **common)
        return event_v2.JobEvent(job=_job(data["job"]), **common, **both)
    except (KeyError, TypeError, ValueError, AttributeError):
        return data


def _run_event(data: Json, more: Json) -> event_v2.RunEvent:
    from openlineage.client import event_v2

    facets = dict(data["run"].get("facets") or {})
    if "parent" in facets:
        facets["parent"] = _parent(facets["parent"])
    state = data.get("eventType")
    return event_v2.RunEvent(
        eventType=event_v2.RunState(state) if state else None,
        run=event_v2.Run(data["run"]["runId"], facets),
        job=_job(data["job"]),
        **more,
    )


def _job(node: Json) -> event_v2.Job:
    from openlineage.client import event_v2

    return event_v2.Job(node["namespace"], node["name"], node.get("facets"))


def _parent(facet: Json) -> parent_run.ParentRunFacet:
    from openlineage.client.facet_v2 import parent_run

    root = facet.get("root")
    return parent_run.ParentRunFacet(
        run=parent_run.Run(facet["run"]["runId"]),
        job=parent_run.Job(facet["job"]["namespace"], facet["job"]["name"]),
        root=root
        and parent_run.Root(
            run=parent_run.RootRun(root["run"]["runId"]),
            job=parent_run.RootJob(root["job"]["namespace"], root["job"]["name"]),
        ),
        producer=facet.get("_producer", ""),
    )
