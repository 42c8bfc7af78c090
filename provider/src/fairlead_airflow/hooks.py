"""The hook of the `fairlead` connection type: the bridge's REST API from Airflow."""

from __future__ import annotations

from typing import Any

import requests

from fairlead_airflow import compat
from fairlead_airflow.config import (
    DEFAULT_CONNECTION,
    Config,
    airflow_reader,
    connection_destination,
    session_for,
)
from fairlead_sdk.client import Client
from fairlead_sdk.documents import Json
from fairlead_sdk.http import Limits, checked, exchange

_OPTIONS = ("api_key", "timeout")
_TIMEOUT = 10  # seconds


class FairleadHook(compat.base_hook()):  # type: ignore[misc]
    """Talks to the bridge: the one that lineage is sent to, or the one of a connection.

    >>> for run in FairleadHook().client().runs(dag_id="shop", state="failed"):  # doctest: +SKIP
    ...     print(run["task_id"], run["started_at"])
    """

    conn_name_attr = "fairlead_conn_id"
    default_conn_name = DEFAULT_CONNECTION
    conn_type = "fairlead"
    hook_name = "Fairlead"

    def __init__(self, fairlead_conn_id: str | None = None) -> None:
        """Without a connection: where `[fairlead]` says, its `url` or else its `conn_id`."""
        super().__init__()
        self.fairlead_conn_id = fairlead_conn_id
        self._destination: dict[str, object] | None = None

    @classmethod
    def get_ui_field_behaviour(cls) -> Json:
        """How the connection's form looks; the same as in the provider's description."""
        from fairlead_airflow.provider_info import get_provider_info

        behaviour = get_provider_info()["connection-types"][0]["ui-field-behaviour"]
        return {key.replace("-", "_"): value for key, value in behaviour.items()}

    @property
    def destination(self) -> Json:
        """`url`, and `api_key`, `timeout`, `verify`, `cert`, `headers` where they are set."""
        if self._destination is None:
            self._destination = self._found()
        return self._destination

    def _found(self) -> dict[str, object]:
        if self.fairlead_conn_id:
            return connection_destination(self.get_connection(self.fairlead_conn_id))
        config = Config.read(airflow_reader(compat.conf()), compat.home())
        if config.url:
            given = {name: config.spool[name] for name in _OPTIONS if name in config.spool}
            return {"url": config.url, **given}
        return connection_destination(self.get_connection(config.conn_id))

    def client(self) -> Client:
        """The bridge's REST API: lists of runs, jobs and datasets, and lineage."""
        return Client(
            self.destination["url"],
            timeout=self.destination.get("timeout", _TIMEOUT),
            session=self.get_conn(),
        )

    def get_conn(self) -> requests.Session:
        """A session with the connection's key, certificates and headers."""
        return session_for(self.destination)

    def get(self, path: str, **parameters: Any) -> Any:
        """GET below the bridge's address; the JSON answer. Raises as `fairlead_sdk.Client` does."""
        url = f"{self.destination['url'].rstrip('/')}/{path.lstrip('/')}"
        timeout = self.destination.get("timeout", _TIMEOUT)
        limits = Limits(pause=timeout, total=4 * timeout)
        with self.get_conn() as session:
            return checked(exchange(session, "GET", url, limits=limits, params=parameters)).json()

    def test_connection(self) -> tuple[bool, str]:
        """For the test button: asks the bridge for its health."""
        try:
            health = self.get("api/v1/health")
        except Exception as error:  # noqa: BLE001 - whatever it is, the button shows it
            return False, f"{type(error).__name__}: {error}"
        return True, f"The bridge answers: {health.get('status', health)}"
