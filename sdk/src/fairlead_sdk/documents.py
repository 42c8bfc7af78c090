"""JSON objects of other programs: events, facets, answers, files."""

from __future__ import annotations

from typing import Any

#: Its members are what their sender wrote: who reads one checks its type.
Json = dict[str, Any]
