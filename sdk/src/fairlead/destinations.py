"""Where spooled events go: our own HTTP delivery, or any OpenLineage transport.

A destination is given a batch of events and answers, for each of them, whether it was taken. It
translates what the other side says into two kinds of failure, again or never; the deliverer obeys.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import requests

_BATCH = "api/v1/lineage/batch"
_SINGLE = "api/v1/lineage"

# These speak of access, of the address or of load, not of the event: it may work another time.
_AGAIN_STATUS = frozenset({401, 403, 404, 405, 407, 408, 421, 425, 429})
# A transport that raises one of these may be choking on the event; anything else is its receiver.
_SPEAKS_OF_THE_EVENT = (ValueError, TypeError, LookupError, AttributeError)
_NO_SUCH_DOOR = frozenset({404, 405})


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
    """It failed in a way that says neither; a few tries will tell."""

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
    auth: dict[str, Any] | None = None
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
        self._session = requests.Session()
        self._session.headers.update({"Content-Type": "application/json"})
        self._session.headers.update(settings.headers or {})
        self._session.verify = settings.verify
        self._session.cert = settings.cert
        self._token = _token_provider(settings.auth)
        self._batches = True
        self._gzip = True

    def deliver(self, events: Sequence[str]) -> list[Outcome]:
        if self._batches and len(events) > 1:
            outcomes = self._deliver_batch(events)
            if outcomes is not None:
                return outcomes
        return self._deliver_singly(events)

    def _deliver_batch(self, events: Sequence[str]) -> list[Outcome] | None:
        """None says: send them one by one, the receiver has no batches or some event spoils this one."""
        response = self._post(_BATCH, f"[{','.join(events)}]")
        if isinstance(response, Again):
            return [response] * len(events)
        if response.ok:
            return _batch_outcomes(response, len(events))
        if response.status_code in _NO_SUCH_DOOR:
            self._batches = False
            return None
        failure = _failure(response)
        return None if isinstance(failure, Never) else [failure] * len(events)

    def _deliver_singly(self, events: Sequence[str]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for event in events:
            response = self._post(_SINGLE, event)
            outcome = response if isinstance(response, Again) else _failure(response)
            outcomes.append(outcome)
            if isinstance(outcome, Again):  # what comes later must not overtake it
                outcomes += [outcome] * (len(events) - len(outcomes))
                break
        return outcomes

    def _post(self, path: str, body: str) -> requests.Response | Again:
        try:
            response = self._send(path, body)
            if response.status_code == 415 and self._gzip:  # a receiver that cannot unpack
                self._gzip = False
                response = self._send(path, body)
            return response
        except Exception as error:  # noqa: BLE001 - the border to requests and to token providers
            return Again(f"{type(error).__name__}: {error}")

    def _send(self, path: str, body: str) -> requests.Response:
        data = body.encode()
        headers = {}
        if self._gzip:
            data = gzip.compress(data, compresslevel=5)
            headers["Content-Encoding"] = "gzip"
        if self._token and (bearer := self._token.get_bearer()):
            headers["Authorization"] = bearer
        return self._session.post(
            self._url + path,
            data=data,
            headers=headers,
            timeout=self._settings.timeout,
            # A redirected POST becomes a GET, which would look like success.
            allow_redirects=False,
        )

    def close(self) -> None:
        self._session.close()


def _token_provider(auth: dict[str, Any] | None) -> Any:
    if not auth:
        return None
    # Only here: the client library takes a while to import, and most deliver without a token.
    from openlineage.client.transport.http import create_token_provider

    return create_token_provider(auth)


def _failure(response: requests.Response) -> Outcome:
    if response.ok and not response.is_redirect:
        return None
    reason = f"HTTP {response.status_code}: {response.text[:300].strip()}"
    status = response.status_code
    if 400 <= status < 500 and status not in _AGAIN_STATUS:
        return Never(reason)
    return Again(reason, retry_after(response.headers.get("Retry-After"), datetime.now(UTC)))


def _batch_outcomes(response: requests.Response, count: int) -> list[Outcome]:
    """The OpenLineage specification's answer: 200 with a `failed_events` list, or nothing to say."""
    outcomes: list[Outcome] = [None] * count
    try:
        failed = response.json()["failed_events"]
    except (ValueError, LookupError, TypeError):  # 204, or a receiver with words of its own
        return outcomes
    for row in failed if isinstance(failed, list) else ():
        index = row.get("index") if isinstance(row, dict) else None
        if isinstance(index, int) and 0 <= index < count:
            reason = str(row.get("reason") or "rejected")
            outcomes[index] = Again(reason) if row.get("retriable") else Never(reason)
    return outcomes


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait, from a Retry-After header in either of its forms.

    >>> retry_after("7", datetime(2026, 1, 1, tzinfo=UTC))
    7.0
    >>> retry_after("Thu, 01 Jan 2026 00:01:00 GMT", datetime(2026, 1, 1, tzinfo=UTC))
    60.0
    >>> retry_after("soon", datetime(2026, 1, 1, tzinfo=UTC)) is None
    True
    """
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None


class TransportDestination:
    """Any OpenLineage transport, one event at a time."""

    def __init__(self, config: dict[str, Any]) -> None:
        from openlineage.client.transport import get_default_factory

        self._transport = get_default_factory().create(synchronous(config))

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
        except requests.HTTPError as error:
            return _failure(error.response) or Again(str(error))
        except OSError as error:  # before ValueError: some of requests' own errors are both
            return Again(f"{type(error).__name__}: {error}")
        except _SPEAKS_OF_THE_EVENT as error:
            return Unclear(f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - the border to transports of any make
            return Again(f"{type(error).__name__}: {error}")
        return None

    def close(self) -> None:
        self._transport.close()


def synchronous(config: dict[str, Any]) -> dict[str, Any]:
    """The same transport, made to answer only when the event has arrived.

    The client's `async_http` answers at once and tells nobody what became of the event, so a spool
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


def as_event(data: dict[str, Any]) -> Any:
    """The event as an object, because some transports read its job or its parent.

    Facets stay plain dicts, except `parent`, from which Kafka's message key is made. Something that
    is no valid event stays a dict as a whole: whether it may travel is for the receiver to say.
    """
    from openlineage.client import event_v2
    from openlineage.client.facet_v2 import parent_run

    def job(node: dict[str, Any]) -> event_v2.Job:
        return event_v2.Job(node["namespace"], node["name"], node.get("facets"))

    def parent(facet: dict[str, Any]) -> parent_run.ParentRunFacet:
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

    common: dict[str, Any] = {
        "eventTime": data.get("eventTime"),
        "producer": data.get("producer", ""),
    }
    both: dict[str, Any] = {"inputs": data.get("inputs"), "outputs": data.get("outputs")}
    try:
        if "run" in data:
            facets = dict(data["run"].get("facets") or {})
            if "parent" in facets:
                facets["parent"] = parent(facets["parent"])
            state = data.get("eventType")
            return event_v2.RunEvent(
                eventType=event_v2.RunState(state) if state else None,
                run=event_v2.Run(data["run"]["runId"], facets),
                job=job(data["job"]),
                **common,
                **both,
            )
        if "dataset" in data:
            node = data["dataset"]
            dataset = event_v2.StaticDataset(
                node["namespace"], node["name"], facets=node.get("facets")
            )
            return event_v2.DatasetEvent(dataset=dataset, **common)
        return event_v2.JobEvent(job=job(data["job"]), **common, **both)
    except (KeyError, TypeError, ValueError, AttributeError):
        return data
