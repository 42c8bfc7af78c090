"""What every channel can be set to."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from fairlead_bridge.channels.schedule import ALL_DAYS, Daily, Every, Quiet, Schedule

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f'no such time zone: "{name}"; write one such as "Europe/Berlin"'
        ) from None
    return name


def _time(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError(f'not a time of day: "{value}"; write one such as "07:30"')
    return value


def _period(value: object) -> object:
    found = re.fullmatch(r"(\d+)([smhd])", value) if isinstance(value, str) else None
    if found is None or not 60 <= int(found[1]) * _UNITS[found[2]] <= 7 * 86_400:
        raise ValueError(f'not a period: {value!r}; write "15m" or "2h", one minute to seven days')
    return int(found[1]) * _UNITS[found[2]]


Zone = Annotated[str, AfterValidator(_zone)]
TimeOfDay = Annotated[time, BeforeValidator(_time)]
Period = Annotated[int, BeforeValidator(_period)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class QuietSettings(_Part):
    """Hours in which only critical incidents are sent at once."""

    begin: TimeOfDay = Field(alias="from")
    end: TimeOfDay = Field(alias="to")
    zone: Zone | None = None
    days: tuple[Day, ...] = _DAYS  # on which they begin

    def hours(self, zone: str) -> Quiet:
        return Quiet(self.begin, self.end, ZoneInfo(self.zone or zone), _weekdays(self.days))


class DigestSettings(_Part):
    """Messages collected for a period, or until a time of day."""

    every: Period | None = None
    at: TimeOfDay | None = None
    zone: Zone | None = None
    days: tuple[Day, ...] = _DAYS

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.every is None) == (self.at is None):
            raise ValueError('write either every = "15m" or at = "08:00"')
        return self

    def times(self, zone: str) -> Every | Daily:
        if self.at is not None:
            return Daily(self.at, ZoneInfo(self.zone or zone), _weekdays(self.days))
        return Every((self.every or 0) * 1_000_000)


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


def _listed_text(value: object) -> object:
    return [value] if isinstance(value, str) else value


class ChannelSettings(BaseModel):
    """What every channel can be set to; the settings of a type derive from it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    type: str
    enabled: bool = True
    zone: Zone = Field("UTC", description="time zone of the times in messages")
    digest: DigestSettings | None = Field(None, description="collect messages into one")
    quiet: Annotated[tuple[QuietSettings, ...], BeforeValidator(_listed)] = Field(
        (), description="hours in which only critical incidents are sent"
    )
    namespaces: Annotated[tuple[str, ...], BeforeValidator(_listed_text)] = Field(
        ("*",), min_length=1, description="what its readers see: shell patterns of namespaces"
    )
    affected: int = Field(20, ge=1, le=1000, description="affected assets that a message lists")
    attempts: int = Field(200, ge=1, description="for a message that alone cannot be delivered")
    timeout: float = Field(10.0, gt=0, le=20, description="seconds to wait for an answer")

    @property
    def schedule(self) -> Schedule:
        """When the channel may receive messages."""
        return Schedule(
            self.digest.times(self.zone) if self.digest else None,
            tuple(quiet.hours(self.zone) for quiet in self.quiet),
        )


def _weekdays(days: tuple[Day, ...]) -> frozenset[int]:
    return frozenset(_DAYS.index(day) for day in days) or ALL_DAYS
