"""What the SDK raises on purpose.

FairleadError
  Unavailable     asking again later may help: no connection, no answer in time, 429, 5xx
  Refused         the bridge says no (4xx): asking again will not help
  NotUnderstood   what answers there is not the bridge's API: a redirect, a web page, no JSON
  CannotCheck     a change cannot be judged: a file that is no schema, no git history
"""

from __future__ import annotations


class FairleadError(Exception):
    """Base of every error that the SDK raises on purpose."""


class Unavailable(FairleadError):
    """Asking again later may help; `retry_after` is how many seconds the bridge asked for."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(FairleadError):
    """A 4xx answer: `status` is HTTP's, `body` is the text of the answer."""

    def __init__(self, message: str, status: int, body: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class NotUnderstood(FairleadError):
    """Something else than the bridge's API answers at this address, or in its place."""


class CannotCheck(FairleadError):
    """A change cannot be judged: a file that is no schema, or no git history; the message says which."""
