"""The clock of the simulated company: what happens next, and what a silent Airflow holds up."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from random import Random

from tests.support.company.messages import Event
from tests.support.company.model import SECOND, Airflow, Fault


class Clock:
    """Does one thing after the other; what is sent meanwhile is handed out by `until`."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._heap: list[tuple[int, int, Airflow, bool, Callable[[int], None]]] = []
        self._number = 0
        self._out: list[tuple[int, Event]] = []
        self._silence: dict[Airflow, Fault] = {}

    def _until(self, limit: int) -> Iterator[tuple[int, Event]]:
        """Everything that happens before `limit`."""
        while self._heap and self._heap[0][0] < limit:
            at, _, airflow, is_end, action = heapq.heappop(self._heap)
            held = self._held(airflow, is_end, action)
            if held is not None:
                self._at(held + self._jitter(1, 300), airflow, action)
                continue
            action(at)
            yield from self._out
            self._out.clear()

    def _at(
        self, at: int, airflow: Airflow, action: Callable[[int], None], *, end: bool = False, held: bool = True
    ) -> None:  # fmt: skip
        self._number += 1
        if not held:
            action = _Unheld(action)
        heapq.heappush(self._heap, (at, self._number, airflow, end, action))

    def _held(self, airflow: Airflow, end: bool, action: Callable[[int], None]) -> int | None:
        """Until when a silent Airflow does not do this; ends of tasks need no scheduler."""
        fault = self._silence.get(airflow)
        if fault is None or isinstance(action, _Unheld) or (end and fault.variant == "scheduler"):
            return None
        return fault.until

    def _jitter(self, low: float, high: float) -> int:
        return int(self._random.uniform(low, high) * SECOND)

    def _uuid(self, at: int) -> str:
        """A UUID of version 7."""
        stamp, bits = at // 1000, self._random.getrandbits(74)
        text = f"{stamp:012x}7{bits >> 62:03x}{0x8000 | (bits >> 48 & 0x3FFF):04x}{bits & (1 << 48) - 1:012x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def _emit(self, at: int, event: Event) -> None:
        self._out.append((at, event))

    def _emit_all(self, at: int, events: list[Event]) -> None:
        self._out += [(at, event) for event in events]


class _Unheld:
    """An action that no silent Airflow holds up."""

    def __init__(self, action: Callable[[int], None]) -> None:
        self._action = action

    def __call__(self, at: int) -> None:
        self._action(at)
