"""The API's description for people: one page made from the OpenAPI document, nothing loaded."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape

from fairlead_bridge.documents import Json

_POLICY = (
    "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

_EVENT = {"type": "object", "description": "An OpenLineage RunEvent, DatasetEvent or JobEvent."}
_PROBLEM = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _post(summary: str, schema: Json, responses: Json) -> Json:
    return {
        "post": {
            "tags": ["intake"],
            "summary": summary,
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
            "responses": {
                **responses,
                "401": {
                    "description": "The bridge asks for a key: send `Authorization: Bearer KEY`."
                },
                "408": {"description": "The body did not come in time."},
                "413": {"description": "The body is larger than the bridge allows."},
                "503": {
                    "description": "Too busy to keep it now: come again after Retry-After seconds.",
                    "content": _PROBLEM,
                },
            },
        }
    }


#: The entry points for events are no FastAPI routes; this describes them in the document.
INTAKE = {
    "/api/v1/lineage": _post(
        "Receive an event",
        _EVENT,
        {"201": {"description": "The event is durable. Bodies may be compressed (gzip, zstd)."}},
    ),
    "/api/v1/lineage/batch": _post(
        "Receive many events",
        {"type": "array", "items": _EVENT},
        {
            "200": {
                "description": "All are durable; those that `failed_events` lists are no events."
            },
            "204": {"description": "All of them are durable."},
        },
    ),
}

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; text-transform: capitalize; }
section { border-top: 1px solid #8886; padding: .5rem 0 1rem; }
code { font: 13px ui-monospace, monospace; }
h3 { font-size: 1rem; margin: .5rem 0; }
table { border-collapse: collapse; } td { padding: .15rem 1rem .15rem 0; vertical-align: top; }
p { margin: .3rem 0; white-space: pre-line; }
"""


def headers() -> dict[str, str]:
    """The policy of the page: it runs nothing, and its own style is the only one."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return {"Content-Security-Policy": _POLICY.format(digest=digest)}


def page(document: Json) -> str:
    """The whole OpenAPI document as HTML."""
    info = document["info"]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API'
        f"</title><style>{_STYLE}</style></head><body><h1>{escape(info['title'])} API "
        f"{escape(info['version'])}</h1><p>{escape(info.get('summary', ''))}</p>"
        '<p>Machines read <a href="openapi.json">openapi.json</a>.</p>'
        f"{''.join(_groups(document))}</body></html>"
    )


def _groups(document: Json) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append(_operation(method, path, operation))
    for tag, sections in by_tag.items():
        yield f"<h2>{escape(tag)}</h2>{''.join(sections)}"


def _operation(method: str, path: str, operation: Json) -> str:
    text = operation.get("description") or operation.get("summary") or ""
    rows = "".join(_parameter(each) for each in operation.get("parameters", ()))
    table = f"<table>{rows}</table>" if rows else ""
    return (
        f"<section><h3><code>{method.upper()} {escape(path)}</code></h3>"
        f"<p>{escape(text)}</p>{table}<p>{_answers(operation)}</p></section>"
    )


def _parameter(parameter: Json) -> str:
    schema = parameter.get("schema", {})
    kinds = [each.get("type", "") for each in schema.get("anyOf", [schema])]
    kind = " or ".join(each for each in kinds if each and each != "null")
    choices = ", ".join(map(str, schema.get("enum", ())))
    constraints = [
        "required" if parameter.get("required") else "",
        f"default {schema['default']}" if schema.get("default") is not None else "",
        choices,
        parameter.get("description", ""),
    ]
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(kind)}</td>"
        f"<td>{escape('; '.join(constraint for constraint in constraints if constraint))}</td></tr>"
    )


def _answers(operation: Json) -> str:
    found = []
    for status, response in operation.get("responses", {}).items():
        content = response.get("content", {}).get("application/json", {})
        name = str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
        found.append(f"{status}: {name or response.get('description', '')}")
    return escape(" · ".join(found))
