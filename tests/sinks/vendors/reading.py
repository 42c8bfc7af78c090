"""
How a vendor's reader is run: by the vendors' own Python, which has none of our packages. Requests
come in as JSON, and how many things were read and what is wrong with them goes out.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

#: A request as it went over the wire: "method", "path", "query" and "body".
Request = dict[str, Any]
#: For each thing that was read: what is wrong with it, or None.
Reader = Callable[[Request], Iterator[str | None]]


def main(reader: Reader) -> None:
    warnings.simplefilter("ignore")
    read, wrong = 0, []
    for request in json.load(sys.stdin):
        for complaint in _complaints(reader, request):
            read += 1
            if complaint is not None:
                wrong.append(f"{request['method']} {request['path']}: {complaint}"[:2000])
    sys.stdout.write(json.dumps({"read": read, "wrong": wrong}) + "\n")


def _complaints(reader: Reader, request: Request) -> Iterator[str | None]:
    try:
        yield from reader(request)
    except Exception as error:  # noqa: BLE001  (whatever the model says)
        yield f"{type(error).__name__}: {error}"


def left_out(sent: dict[str, Any], stored: dict[str, Any]) -> str | None:
    """Models drop what they do not know and say nothing; so what was read is written and compared."""
    missing = set(sent) - set(stored)
    return f"{sorted(missing)} was dropped" if missing else None
