"""Requests to one OpenMetadata, and what was looked up there."""

from __future__ import annotations

import threading
import time
from typing import Any
from urllib.parse import quote

import msgspec

from fairlead_bridge.errors import HttpRejected, Misconfigured, MissingParent
from fairlead_bridge.sinks.http import Bearer, Client
from fairlead_bridge.sinks.openmetadata.payloads import Body
from fairlead_bridge.sinks.openmetadata.settings import OpenMetadataSettings

#: Seconds before we look again for a table or pipeline that OpenMetadata does not have.
INGESTED_LATER, PIPELINE_LATER = 3600.0, 30.0
#: Seconds that tables, pipelines and owners are not looked up again.
_LOOKED_UP_FOR = 300.0


class Server:
    """One OpenMetadata: requests, entities that are made once, and a cache of lookups."""

    def __init__(self, settings: OpenMetadataSettings) -> None:
        base = settings.url.rstrip("/")
        self.client = Client(
            f"{base.removesuffix('/api')}/api/v1",
            auth=Bearer(settings.token.get_secret_value) if settings.token else None,
            timeout=(5.0, settings.timeout),
            verify=settings.verify,
            rate=settings.rate,
        )
        self._made: set[str] = set()  # prerequisites that this process has put
        self._making = threading.Lock()
        self._known: dict[str, Body] = {}  # what is there, by path; looked up anew now and then
        self._known_until = 0.0

    def refresh(self) -> None:
        """Forget what was not there, and after some minutes everything that was."""
        if time.monotonic() > self._known_until:
            self.forget()
            self._known_until = time.monotonic() + _LOOKED_UP_FOR
        self._known = {path: found for path, found in self._known.items() if found}

    def forget(self) -> bool:
        """Forget every lookup; returns whether there was any."""
        had_any = bool(self._known)
        self._known.clear()
        return had_any

    def forget_made(self) -> None:
        """Put every prerequisite again when it is next needed."""
        self._made.clear()

    def remember(self, path: str, found: Body) -> None:
        """Store what is at a path, as a request returned it."""
        self._known[path] = found

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """
        Return the answer's JSON, as `Client.json` does.

        Raises Misconfigured where the bot lacks a right, so that the whole sink pauses.
        """
        try:
            return self.client.json(method, path, body, **more)
        except HttpRejected as error:
            if error.status == 403:
                raise Misconfigured(f"{error}; give the bot a role that may do this") from error
            raise

    def once(self, path: str, body: Body) -> None:
        """Put a prerequisite, once in this process."""
        key = f"{path} {msgspec.json.encode(body, order='sorted').decode()}"
        with self._making:
            if key not in self._made:
                self.call("PUT", path, body)
                self._made.add(key)

    def find(self, path: str, fields: str = "") -> Body | None:
        """Return what is at the path; None where nothing is."""
        found = self._known.get(path)
        if found is None:
            params = {"fields": fields} if fields else None
            try:
                found = self.call("GET", path, params=params)
            except HttpRejected as error:
                if error.status != 404:
                    raise
                found = {}
            self._known[path] = found
        return found or None

    def owner(self, name: str) -> Body | None:
        """Return a reference to the team or user of that name; None where there is neither."""
        for kind, path in (("team", "teams"), ("user", "users")):
            found = self.find(f"/{path}/name/{quote(name, safe='')}")
            if found is not None:
                return {"id": found["id"], "type": kind}
        return None

    def own_user(self) -> str | None:
        """Return the name of the user whose token we send; None where OpenMetadata does not say."""
        found = self.find("/users/loggedInUser")
        return str(found["name"]) if found else None

    def pipeline(self, fqn: str) -> Body:
        """Return a reference to a pipeline. Raises MissingParent where there is none yet."""
        found = self.find(f"/pipelines/name/{quote(fqn, safe='')}")
        if found is None:
            raise MissingParent(f"OpenMetadata has no pipeline {fqn} yet", PIPELINE_LATER)
        return {"id": found["id"], "type": "pipeline", "fullyQualifiedName": fqn}

    def table(self, fqn: str) -> Body | None:
        """Return a table with its columns; None where there is none."""
        return self.find(f"/tables/name/{quote(fqn, safe='')}", "columns,lifeCycle,testSuite")

    def required_table(self, fqn: str) -> Body:
        """Return a table with its columns. Raises MissingParent where there is none yet."""
        found = self.table(fqn)
        if found is None:
            raise MissingParent(
                f"OpenMetadata has no table {fqn} yet: ingest it, or look at the naming map",
                INGESTED_LATER,
            )
        return found
