"""A small client of the bridge's REST API.

client = Client("http://bridge:7070")
for run in client.runs(dag_id="shop_sales", state="failed"):
    print(run["task_id"], run["started_at"])
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import requests

from fairlead_sdk.datasets import Dataset, identity_of
from fairlead_sdk.documents import Json
from fairlead_sdk.errors import Refused
from fairlead_sdk.http import Limits, checked, exchange, new_session

_PAGE = 200
_MAX_BYTES = 64 * 1024 * 1024


class Client:
    """Reads the catalog.

    Raises the errors of `fairlead_sdk.errors`, all of them FairleadError: Refused for a 4xx answer,
    Unavailable where asking again later may help (no connection, no answer in time, 429, 5xx), and
    NotUnderstood where something else answers: a redirect, a web page, no JSON, more than 64 MiB.
    Asks once: whether to wait after Unavailable, and how long, is the caller's choice.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 30.0,
        verify: bool | str = True,
        session: requests.Session | None = None,
    ) -> None:
        """Without arguments `$FAIRLEAD_URL` and `$FAIRLEAD_API_KEY`.

        `timeout`: seconds to connect and between two bytes; a whole answer may take four times that.
        A `session` of your own is used as it is: `api_key`, `verify` and the time of a whole answer
        are then its own. Raises ValueError where no URL is given.
        """
        address = url or os.environ.get("FAIRLEAD_URL")
        if not address:
            raise ValueError("Which bridge? Give `url` or set FAIRLEAD_URL")
        self._url = address.rstrip("/")
        self._limits = Limits(pause=timeout, total=4 * timeout, max_bytes=_MAX_BYTES)
        self._session = session or new_session()
        if session is not None:
            return
        self._session.verify = verify
        key = api_key or os.environ.get("FAIRLEAD_API_KEY")
        if key:
            self._session.headers["Authorization"] = f"Bearer {key}"

    def get(self, path: str, **parameters: Any) -> Any:
        """GET below `/api/v1/`: the JSON answer. Parameters that are None are left out."""
        given = {name: value for name, value in parameters.items() if value is not None}
        url = f"{self._url}/api/v1/{path.lstrip('/')}"
        answer = exchange(self._session, "GET", url, limits=self._limits, params=given)
        return checked(answer).json()

    def post(self, path: str, body: Any) -> Any:
        """POST of JSON below `/api/v1/`: the JSON answer."""
        url = f"{self._url}/api/v1/{path.lstrip('/')}"
        answer = exchange(
            self._session,
            "POST",
            url,
            limits=self._limits,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        return checked(answer).json()

    def pages(self, path: str, **parameters: Any) -> Iterator[Json]:
        """Every item of a list, page after page."""
        cursor = None
        while True:
            page = self.get(path, limit=_PAGE, cursor=cursor, **parameters)
            yield from page["items"]
            cursor = page.get("next")
            if not cursor:
                return

    def health(self) -> Json:
        """`status`, and what waits in the inbox."""
        return dict(self.get("health"))

    def dataset(self, dataset: Dataset, name: str | None = None) -> Json | None:
        """One dataset whole, by any of its names; None where the catalog has none of that name.

        As in lineage: a URI, an absolute path, `(namespace, name)`; or both as two arguments.
        ValueError where that names no dataset.
        """
        identity = identity_of(dataset if name is None else (dataset, name))
        if identity is None:
            raise ValueError(
                f"{dataset!r} names no dataset: write a URI, an absolute path, or namespace and name"
            )
        namespace, name = identity
        try:
            return dict(self.get(f"datasets/{quote(f'{namespace}:{name}', safe='')}"))
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def runs(self, **filters: Any) -> Iterator[Json]:
        """Runs, newest first; filters: namespace, job, dag_id, dag_run_id, task_id, state, kind."""
        return self.pages("runs", **filters)

    def datasets(self, **filters: Any) -> Iterator[Json]:
        """Datasets; filters: namespace, name, q."""
        return self.pages("datasets", **filters)

    def jobs(self, **filters: Any) -> Iterator[Json]:
        """Jobs; filters: namespace, name, q, kind."""
        return self.pages("jobs", **filters)

    def lineage(self, node: str, direction: str = "both", depth: int = 3) -> Json:
        """`nodes` and `edges` around `dataset:NAMESPACE:NAME` or `job:NAMESPACE:NAME`.

        `direction` is up, down or both; `depth` counts edges.
        """
        return dict(self.get("lineage", node=node, direction=direction, depth=depth))

    def column_lineage(
        self, dataset: str, column: str, direction: str = "both", depth: int = 3
    ) -> Json:
        """`nodes` and `edges` around a column of `dataset:NAMESPACE:NAME`."""
        return dict(
            self.get(
                "lineage/columns",
                dataset=dataset,
                column=column,
                direction=direction,
                depth=depth,
            )
        )

    def impact(self, node: str, column: str | None = None, depth: int = 50) -> Json:
        """Everything downstream of a dataset, a job, or a column of `dataset:NAMESPACE:NAME`.

        Each of its `items` has `level`, `path` and `certain`: false where which columns a reader on
        the way uses is not known. Refused with status 404 for what the catalog does not have.
        """
        return dict(self.get("impact", node=node, column=column, depth=depth, limit=10_000))

    def schema_check(
        self, dataset: str, columns: Mapping[str, str | None], depth: int = 50
    ) -> Json:
        """What it would change, and break, if `dataset:NAMESPACE:NAME` had these columns.

        Types by name; None is any type. The answer has `safe`, `changes`, `uses`, `unknown`, `owners`
        and `kinds`. Refused with status 404 for a dataset that the catalog does not have.
        """
        proposed = [{"name": name, "type": kind} for name, kind in columns.items()]
        body = {"dataset": dataset, "columns": proposed, "depth": depth}
        return dict(self.post("schema-check", body))

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
