"""
Every error that the bridge raises on purpose, in one tree.

    FairleadError
    ├── BadSettings            a setting is missing or wrong: the bridge cannot start
    │   └── BadSetting         one of a file or table, by its name
    ├── Wrong                  a field of an expectation means nothing (a ValueError, too)
    │   └── WrongLines         one that another file names, with the lines that are wrong
    ├── WrongDeclaration       a part of a file that declares datasets means nothing
    ├── UndeclaredRoute        an address does not say which role it needs: a mistake of ours
    ├── UnscopedStatement      a statement cannot be narrowed to some namespaces: a mistake of ours
    ├── BadBody                the body of a request cannot be read
    │   ├── BodyTooLarge
    │   ├── BodyTooSlow
    │   └── BodyUnreadable     it cannot be unpacked
    ├── Malformed              an event cannot be understood: it goes to quarantine
    │   ├── TooManyElements
    │   ├── WrongShape         JSON, but no OpenLineage event
    │   └── TooDeep
    ├── NestedTooDeeply        JSON that Python cannot read (a ValueError, too)
    ├── BadToken               a token or a sign-in is not valid: its sender is not known
    ├── IssuerUnavailable      the company's issuer of tokens cannot be asked
    ├── Overloaded             an event could not be made durable in time: the sender retries
    ├── TooExpensive           a question takes more processor time than one may
    ├── Conflict               what was asked for does not fit how things stand
    ├── NotFound               the catalog has no such run, job or dataset
    ├── BadAnswer              the answer of another server cannot be used
    │   ├── AnswerTooLong
    │   ├── AnswerUnreadable   it cannot be unpacked
    │   ├── AnswerOverdue
    │   └── AnswerIncomplete
    ├── Rejected               a sink refused an entry: a retry will not help
    │   └── HttpRejected       by a 4xx answer
    └── Unavailable            a sink cannot be reached now: a retry may help
        ├── ServerFailed       by a 500 answer, which this one request may have caused
        ├── Misconfigured      until a setting changes, here or there
        ├── NotAsked           the sink was not asked: another entry comes first
        └── MissingParent      the sink lacks what the entry belongs to
"""

from __future__ import annotations

from collections.abc import Sequence


class FairleadError(Exception):
    """Base of every error this package raises on purpose."""


class BadSettings(FairleadError):
    """A setting is missing or wrong; the message says which and what to write instead."""


class BadSetting(BadSettings):
    """`field` is missing or wrong; `problem` says how, and what to write instead."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class Wrong(FairleadError, ValueError):
    """A field has a value that means nothing; the message says what to write instead."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class WrongLines(Wrong):
    """A file that another one names is wrong; each problem begins with its own file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("file", "; ".join(problems))
        self.problems = problems


class WrongDeclaration(FairleadError):
    """A part of a file means nothing. `path` leads to it; the message says what to write instead."""

    def __init__(self, path: Sequence[str | int], message: str) -> None:
        super().__init__(message)
        self.path = tuple(path)


class UndeclaredRoute(FairleadError):
    """An address does not say which role it needs, or what it shows to whom; the message names it."""


class UnscopedStatement(FairleadError):
    """A statement that a caller with some namespaces would run cannot be narrowed to them."""


# --- receiving events -------------------------------------------------------------------------


class BadBody(FairleadError):
    """The body of a request cannot be read."""


class BodyTooLarge(BadBody):
    """The body has more bytes, unpacked, than are allowed."""


class BodyTooSlow(BadBody):
    """The body did not arrive in time."""


class BodyUnreadable(BadBody):
    """The body cannot be unpacked; the message says why."""


class Malformed(FairleadError):
    """The event cannot be understood; the message is its reason in quarantine."""


class TooManyElements(Malformed):
    """An array has more events than are allowed."""


class WrongShape(Malformed):
    """The body is JSON, but no OpenLineage event."""


class TooDeep(Malformed):
    """The event is nested deeper than its readers allow."""


class NestedTooDeeply(FairleadError, ValueError):
    """Text that is nested more deeply than Python's reader of JSON goes."""


class Overloaded(FairleadError):
    """The event could not be made durable in time; nothing of it was stored."""


# --- who asks -----------------------------------------------------------------------------------


class BadToken(FairleadError):
    """A token or a sign-in is not valid; the message says why."""


class IssuerUnavailable(FairleadError):
    """The company's issuer of tokens does not answer as it should."""


# --- reading the catalog ----------------------------------------------------------------------


class TooExpensive(FairleadError):
    """A question takes more processor time than one may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"this takes more than {seconds:g} s of processor time, as much as one question may: ask for "
            "less, such as a smaller depth or limit, fewer words, or a shorter time"
        )


class Conflict(FairleadError):
    """What was asked for does not fit how things stand; the message says why."""


class NotFound(FairleadError):
    """The catalog has no such run, job or dataset."""


# --- calling other servers --------------------------------------------------------------------

#: Seconds until the next attempt where a setting has to change first.
MISCONFIGURED_PAUSE = 300.0


class BadAnswer(FairleadError):
    """The answer of another server cannot be used."""


class AnswerTooLong(BadAnswer):
    """The answer has more bytes, unpacked, than are allowed."""


class AnswerUnreadable(BadAnswer):
    """The answer cannot be unpacked."""


class AnswerOverdue(BadAnswer):
    """The answer was not complete in time."""


class AnswerIncomplete(BadAnswer):
    """The connection ended in the middle of the answer."""


class Rejected(FairleadError):
    """The sink refused the entry; a retry will not help."""


class HttpRejected(Rejected):
    """A 4xx answer: `status` is HTTP's, `body` is the text of the answer."""

    def __init__(self, message: str, status: int, body: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class Unavailable(FairleadError):
    """
    The sink cannot be reached or asked for a later time; a retry may help.

    `retry_after` is the pause that it asked for, in seconds, or None.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServerFailed(Unavailable):
    """A 500 answer: the sink failed, and this request alone may be the reason."""


class Misconfigured(Unavailable):
    """
    The sink will accept nothing until a setting changes, here or there.

    `status` is that of its answer, None where there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message, MISCONFIGURED_PAUSE)
        self.status = status


class NotAsked(Unavailable):
    """An outcome: the sink was not asked, since another entry comes first or took too long."""


class MissingParent(Unavailable):
    """The sink does not have yet what the entry belongs to."""
