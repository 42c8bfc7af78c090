"""
Everything that goes wrong on purpose, in one tree:

* FairleadError
  - BadSettings    the bridge cannot start as it was told to; the message names the setting
  - Malformed      an event we cannot read; it is kept in quarantine for a human
  - Overloaded     the inbox cannot keep an event now; the sender should come again
  - NotFound       somebody asked for what the catalog does not have
  - Rejected       a catalog refused a delivery; trying again will not help
  - Unavailable    a catalog could not be reached; trying again may help
"""

from __future__ import annotations


class FairleadError(Exception):
    """Base of every error this package raises on purpose."""


class BadSettings(FairleadError):
    """A setting is missing or wrong; the message says which and what to write instead."""


class Malformed(FairleadError):
    """The event cannot be understood."""


class Overloaded(FairleadError):
    """The event could not be made durable in time; nothing of it was kept."""


class NotFound(FairleadError):
    """The catalog has no such thing."""


class Rejected(FairleadError):
    """The catalog refused the delivery; trying again will not help."""


class Unavailable(FairleadError):
    """
    The catalog could not be reached, or said "later"; trying again may help.

    `retry_after` is what the catalog asked for, in seconds, when it did.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
