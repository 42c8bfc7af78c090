"""A file of maintenance windows: while one is open, what it matches opens no incident."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from fairlead_bridge.errors import BadSettings
from fairlead_bridge.insight.maintenance import Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_KEYS = ("from", "to", "namespace", "dag", "dataset", "reason")


def read(text: str) -> list[tuple[Window, str | None]]:
    """
    The windows of a TOML file, each with its reason. Raises BadSettings, which says what to write.

    >>> read('''
    ... [[window]]
    ... dag = "load_*"
    ... from = 2026-12-24T18:00:00Z
    ... to = 2026-12-27T06:00:00Z
    ... reason = "warehouse upgrade"
    ... ''')[0][0].dag
    'load_*'
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"it is not TOML: {error}") from error
    if other := given.keys() - {"window"}:
        raise BadSettings(
            f"there is no {sorted(other)[0]!r} here: write [[window]] for each window"
        )
    items = given.get("window", [])
    if not isinstance(items, list):
        raise BadSettings("write [[window]], with two brackets, for each window")
    return [_window(number, item) for number, item in enumerate(items, 1)]


def _window(number: int, item: object) -> tuple[Window, str | None]:
    where = f"window {number}"
    if not isinstance(item, dict):
        raise BadSettings("write [[window]], with two brackets, for each window")
    if other := item.keys() - set(_KEYS):
        known = ", ".join(_KEYS)
        raise BadSettings(f"{where}: there is no {sorted(other)[0]!r}; a window has {known}")
    begin, end = _moment(where, item, "from"), _moment(where, item, "to")
    patterns = {key: _text(where, item, key) for key in ("namespace", "dag", "dataset")}
    check(where, begin, end, patterns)
    return Window(begin, end, **patterns), _text(where, item, "reason")


def check(where: str, begin: int, end: int, patterns: Mapping[str, str | None]) -> None:
    """Raises BadSettings where the window never opens, or would silence everything by mistake."""
    if end <= begin:
        raise BadSettings(f"{where}: it must end after it begins")
    if not any(patterns.values()):
        raise BadSettings(
            f'{where}: say what it is for: namespace, dag or dataset, as shell patterns; "*" is all'
        )


def _moment(where: str, item: Mapping[str, object], key: str) -> int:
    value = item.get(key)
    if not isinstance(value, datetime):
        raise BadSettings(f"{where}: {key} is a date and a time, such as 2026-12-24T18:00:00Z")
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def _text(where: str, item: Mapping[str, Any], key: str) -> str | None:
    value = item.get(key)
    if value is not None and not isinstance(value, str):
        raise BadSettings(f"{where}: {key} is a text")
    return value
