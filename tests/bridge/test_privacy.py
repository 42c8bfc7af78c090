"""Where personal data is, and where it comes to."""

from __future__ import annotations

import pytest

from fairlead_bridge.catalog import privacy
from fairlead_bridge.catalog.columns import WHOLE, Origin

LOAD = 7


def origin(target: tuple[int, str], source: tuple[int, str], **way: object) -> Origin:
    told = {"type": "DIRECT", "subtype": "IDENTITY", **way}
    return Origin(*target, *source, (told,), LOAD)


def flow(tagged: dict[int, list[str]], *origins: Origin) -> privacy.Flow:
    return privacy.flow(tagged, [((each.source_id, each.source_column), each) for each in origins])


@pytest.mark.parametrize(
    ("key", "value", "personal"),
    [
        ("pii", "true", True),
        ("PII.Sensitive", None, True),
        ("classification", "personal-data", True),
        ("gdpr", "email", True),
        ("pii", "false", False),
        ("PII.None", None, False),
        ("piiless", None, False),
        ("gold", "yes", False),
    ],
)
def test_tags_say_personal_data_in_many_spellings(
    key: str, value: str | None, personal: bool
) -> None:
    assert privacy.is_personal({"key": key, "value": value}) is personal


def test_personal_data_is_followed_through_every_column_that_carries_it() -> None:
    found = flow(
        {1: ["email"]},
        origin((2, "mail"), (1, "email")),
        origin((3, "contact"), (2, "mail"), subtype="TRANSFORMATION"),
        origin((3, "amount"), (2, "amount")),
    )
    assert found.reached == {2: {"mail"}, 3: {"contact"}}
    assert found.carried == {(1, LOAD, 2), (2, LOAD, 3)}


def test_it_ends_where_it_is_masked_and_where_it_only_filters() -> None:
    found = flow(
        {1: ["email"]},
        origin((2, "hash"), (1, "email"), masking=True),
        origin((3, "hash"), (2, "hash")),
        origin((2, "total"), (1, "email"), type="INDIRECT", subtype="FILTER"),
    )
    assert found.reached == {}
    assert found.masked == {2: {"hash"}}


def test_a_dataset_that_is_personal_as_a_whole_is_so_in_every_column() -> None:
    assert flow({1: [WHOLE]}, origin((2, "a"), (1, "x"))).reached == {2: {"a"}}


def test_circles_end() -> None:
    found = flow({1: ["a"]}, origin((2, "a"), (1, "a")), origin((1, "a"), (2, "a")))
    assert found.reached == {2: {"a"}}
