"""One address of every page, for whatever a bridge knows."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.parse import quote

Json = dict[str, Any]


def get(base: str, path: str) -> Json:
    with urllib.request.urlopen(f"{base}/api/v1/{path}", timeout=20) as answer:  # noqa: S310
        found: Json = json.load(answer)
    return found


def items(base: str, path: str) -> list[Json]:
    """All of a list, page after page."""
    mark, found, cursor = "&" if "?" in path else "?", [], None
    while True:
        page = get(base, path + (f"{mark}cursor={quote(cursor)}" if cursor else ""))
        found += page["items"]
        cursor = page["next"]
        if not cursor:
            return found


def lineage(base: str, focus: str, **search: object) -> str:
    """The address of the lineage screen around a node."""
    more = "".join(f"&{name}={quote(str(value), safe='')}" for name, value in search.items())
    return f"{base}/lineage?focus={quote(focus, safe='')}{more}"


def graph(base: str, node: str, **search: object) -> Json:
    """The graph that the lineage screen draws around a node, as the bridge answers it."""
    search = {"up": 6, "down": 4, **search}
    more = "".join(f"&{name}={quote(str(value), safe='')}" for name, value in search.items())
    return get(base, f"graph?node={quote(node, safe='')}{more}")


def widest(base: str, candidates: int = 40) -> str:
    """The dataset whose picture has the most cards, of those written last; "" if there is none."""
    known = [item for item in items(base, "datasets?limit=200") if item["written_at"]]
    newest = sorted(known, key=lambda item: str(item["written_at"]), reverse=True)[:candidates]
    sizes = {item["node"]: len(graph(base, item["node"])["cards"]) for item in newest}
    return max(sizes, key=lambda node: (sizes[node], node), default="")


def every(base: str, focus: str = "") -> dict[str, str]:
    """
    One of every page, by a short name. Of each kind of thing the one with most to show: what
    failed, what has columns. Pages for which the catalog has nothing are left out.
    """
    found = {
        "health": f"{base}/",
        "datasets": f"{base}/datasets",
        "dags": f"{base}/dags",
        "runs": f"{base}/runs",
        "changes": f"{base}/changes",
        "deliveries": f"{base}/deliveries",
        "events": f"{base}/events",
        "start": f"{base}/lineage",
    }
    if opened := get(base, "incidents?limit=1")["items"]:
        found["incidents"] = f"{base}/incidents"
        found["incident"] = f"{base}/incidents/{opened[0]['id']}"
    failed = get(base, "runs?state=failed&kind=task&limit=1")["items"]
    tasks = failed or get(base, "runs?kind=task&limit=1")["items"]
    if tasks:
        detail = get(base, f"runs/{tasks[0]['id']}")
        found["failed-run" if failed else "task-run"] = f"{base}/runs/{tasks[0]['id']}"
        job = quote(f"{detail['job']['namespace']}:{detail['job']['name']}", safe="")
        found["task"] = f"{base}/jobs/{get(base, f'jobs/{job}')['id']}"
    if dags := get(base, "jobs?kind=dag&limit=100")["items"]:
        dag = max(dags, key=lambda item: ("failed" in item["recent"], item["tasks"], item["name"]))
        found["dag"] = f"{base}/jobs/{dag['id']}"
        found["lineage-of-a-dag"] = lineage(base, dag["node"])
        if runs := get(base, f"runs?kind=dag&dag_id={quote(dag['dag_id'], safe='')}")["items"]:
            found["dag-run"] = f"{base}/runs/{runs[0]['id']}"
    if focus := focus or widest(base):
        if focus.startswith("dataset:"):
            dataset = get(base, f"datasets/{quote(focus.removeprefix('dataset:'), safe='')}")
            found["dataset"] = f"{base}/datasets/{dataset['id']}"
        found["lineage"] = lineage(base, focus, sel=focus)
        found["time-travel"] = lineage(base, focus, time="true")
    return found
