"""
Whether what a data contract promises of a table is kept: its schema, freshness, quality and owner. Pure.

What the catalog does not know is unknown, which is not "kept". Times are microseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from fairlead_bridge.insight import logical
from fairlead_bridge.insight.expectations import Expectation
from fairlead_bridge.insight.quality import Breach, Check
from fairlead_bridge.insight.starts import clock
from fairlead_bridge.insight.statements import Statement
from fairlead_bridge.insight.types import on_platform, widens

#: The facet that holds what a contract promises of a dataset.
FACET = "fairlead_contract"

Aspect = Literal["schema", "freshness", "quality", "owner"]
ASPECTS: tuple[Aspect, ...] = ("schema", "freshness", "quality", "owner")
Outcome = Literal["kept", "broken", "unknown"]


class PromisedColumn(msgspec.Struct, frozen=True, omit_defaults=True):
    """`type` is one of the platform, `logical` one of the standard; None where neither is promised."""

    name: str
    type: str | None = None
    logical: str | None = None


class PromisedCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule of quality; `column` is empty where it is about the whole table."""

    name: str
    column: str = ""
    rule: str = ""  # the standard's metric, such as nullValues


class Contract(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a contract promises of one of its tables."""

    id: str
    name: str = ""
    version: str = ""
    status: str = ""
    owners: tuple[str, ...] = ()
    columns: tuple[PromisedColumn, ...] = ()
    service_levels: tuple[Statement, ...] = ()
    checks: tuple[PromisedCheck, ...] = ()
    rows: Statement | None = None
    doubtful: tuple[str, ...] = ()  # service levels that name no table of it, or one twice

    @property
    def label(self) -> str:
        """The contract for people."""
        return " ".join(filter(None, (self.name or self.id, self.version)))


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether one aspect is kept, and a sentence that says why; what is not promised is unknown."""

    verdict: Outcome
    reason: str
    since: int | None = None  # of what is broken
    is_promised: bool = True


Findings = Mapping[Aspect, Finding]


def overall(verdicts: Iterable[Finding]) -> Outcome:
    """
    Broken where one is, unknown where one that is promised is, else kept.

    >>> overall([Finding("kept", ""), Finding("unknown", "", is_promised=False)])
    'kept'
    >>> overall([Finding("kept", ""), Finding("unknown", "")]), overall([])
    ('unknown', 'unknown')
    """
    found = {each.verdict for each in verdicts if each.is_promised}
    if "broken" in found:
        return "broken"
    return "kept" if found == {"kept"} else "unknown"


def _nothing(what: str) -> Finding:
    return Finding("unknown", f"the contract promises no {what}", is_promised=False)


# --- schema ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """The columns that a dataset has, as runs or its store showed: types by names."""

    columns: Mapping[str, str | None]
    since: int | None = None  # when it got them
    is_whole: bool = True  # False where only readers sent them, who may have read a part


def schema(
    contract: Contract, shown: Shown | None, platform: str, key: Callable[[str], str]
) -> Finding:
    """
    Broken where a promised column is missing, or its type holds what the promised one does not.

    `shown` is None where no event said which columns there are; `key` is a column's name as the
    platform compares it. Columns beyond the promised ones break nothing.
    """
    if not contract.columns:
        return _nothing("columns")
    if shown is None:
        return Finding("unknown", "no run has shown its columns yet")
    types = {key(name): type for name, type in shown.columns.items()}
    missing = [each.name for each in contract.columns if key(each.name) not in types]
    there = [each for each in contract.columns if key(each.name) in types]
    wrong, unsure = _types(there, {each.name: types[key(each.name)] for each in there}, platform)
    if missing and not shown.is_whole:
        unsure = [*(f"{name} was not among what readers read" for name in missing), *unsure]
        missing = []
    broken = [*(f"{name} is missing" for name in missing), *wrong]
    if broken:
        return Finding("broken", _listed(broken), shown.since)
    if unsure:
        return Finding("unknown", _listed(unsure))
    return Finding("kept", f"all {len(contract.columns)} promised columns are there")


def _types(
    promised: Sequence[PromisedColumn], types: Mapping[str, str | None], platform: str
) -> tuple[list[str], list[str]]:
    """What is wrong with the types of these columns, and what cannot be said of them."""
    wrong, unsure = [], []
    for each in promised:
        actual, wanted = types[each.name], each.type or each.logical
        if wanted is None:
            continue
        fits = _fits(actual, each, platform)
        if fits is None:
            shown = "has no known type" if actual is None else f"is {actual}"
            unsure.append(f"{each.name} {shown}, which cannot be compared with {wanted}")
        elif not fits:
            wrong.append(f"{each.name} is {actual}, promised is {wanted}")
    return wrong, unsure


def _fits(actual: str | None, promised: PromisedColumn, platform: str) -> bool | None:
    if actual is None:
        return None
    if promised.type is not None:
        return widens(on_platform(actual, platform), on_platform(promised.type, platform))
    return logical.fits(on_platform(actual, platform) or actual, promised.logical or "")


# --- freshness ------------------------------------------------------------------------------------


def freshness(
    contract: Contract, expected: Collection[Expectation], written_at: int | None, now: int
) -> Finding:
    """
    Broken where the newest write is older than one of these expectations, which the contract states,
    allows.
    """
    if not contract.service_levels:
        if contract.doubtful:
            return Finding("unknown", contract.doubtful[0])
        return _nothing("time")
    if not expected:
        return Finding("unknown", "what it promises of the time cannot be read")
    if written_at is None:
        return Finding("unknown", "no write of it is known")
    late = [(at, each) for each in expected if (at := each.late_since(written_at, now)) is not None]
    if late:
        at, first = min(late, key=lambda pair: pair[0])
        return Finding("broken", f"late since {clock(at, now)} UTC: {first.text}", at)
    due = [at for each in expected if (at := each.due(written_at)) is not None]
    if not due:
        return Finding("unknown", "it cannot be said when the next write is due")
    return Finding("kept", f"written {clock(written_at, now)} UTC, due by {clock(min(due), now)}")


# --- quality --------------------------------------------------------------------------------------

#: How checks of other tools call what a metric of the standard measures, without anything but letters.
_CALLED = {
    "nullvalues": ("notnull", "notbenull", "nullcheck", "nullvalues", "isnull"),
    "missingvalues": ("missing", "notnull", "notbenull"),
    "duplicatevalues": ("unique", "duplicate"),
    "invalidvalues": ("acceptedvalues", "inset", "valid", "inlist", "matchregex"),
}
_SAME = {
    "nullcheck": "nullvalues",
    "uniquecheck": "duplicatevalues",
    "duplicatecount": "duplicatevalues",
    "validvalues": "invalidvalues",
}


def quality(
    contract: Contract, made: Sequence[Check], rows: Breach | None, counted: bool
) -> Finding:
    """
    Broken where a promised check failed when it was made last, or the row count is not as promised.

    `made` are the checks of the data that is there now; `rows` is what is wrong with the row count of
    the newest write, which is known where it was `counted`.
    """
    if not contract.checks and contract.rows is None:
        return _nothing("quality")
    found = [(each, _matching(each, made)) for each in contract.checks]
    failed = [check for _, some in found for check in some if not check.is_passed]
    broken = [
        f"check {each.name}{f' of {each.column}' if each.column else ''} failed" for each in failed
    ]
    times = [each.at for each in failed]
    if contract.rows is not None and rows is not None and rows.is_certain:
        broken.append(rows.text)
        times.append(rows.at)
    if broken:
        return Finding("broken", _listed(list(dict.fromkeys(broken))), min(times))
    unsure = [f"no check is known for {_rule(each)}" for each, some in found if not some]
    if contract.rows is not None and not counted:
        unsure.append("no write says how many rows it has")
    if unsure:
        return Finding("unknown", _listed(unsure))
    number = len(contract.checks) + (contract.rows is not None)
    return Finding("kept", f"{number} of {number} promised checks passed")


def _rule(check: PromisedCheck) -> str:
    return f"{check.name}{f' of {check.column}' if check.column else ''}"


def _matching(promised: PromisedCheck, made: Iterable[Check]) -> list[Check]:
    """The checks of the same column that are called as the promised one, or as its metric."""
    name, rule = _letters(promised.name), _letters(promised.rule)
    words = _CALLED.get(_SAME.get(rule, rule), (rule,) if rule else ())
    return [
        each
        for each in made
        if each.column.lower() == promised.column.lower()
        and (_letters(each.name) == name or any(word in _letters(each.name) for word in words))
    ]


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


# --- owner ----------------------------------------------------------------------------------------


def owner(contract: Contract, owners: Sequence[str], since: int | None) -> Finding:
    """Broken where others than the contract names own the dataset; `since` is when that was said."""
    if not contract.owners:
        return _nothing("owner")
    promised = ", ".join(contract.owners)
    if not owners:
        return Finding("unknown", f"the catalog knows no owner; promised is {promised}")
    known = {each.casefold() for each in owners}
    if known.isdisjoint(each.casefold() for each in contract.owners):
        return Finding("broken", f"owned by {', '.join(owners)}; promised is {promised}", since)
    return Finding("kept", f"owned by {', '.join(owners)}")


_MOST = 5


def _listed(reasons: Sequence[str]) -> str:
    more = len(reasons) - _MOST
    return "; ".join([*reasons[:_MOST], *([f"and {more} more"] if more > 0 else [])])
