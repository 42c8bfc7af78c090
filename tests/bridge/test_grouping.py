"""Grouping: which names are one asset, as a function of everything that was said."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from fairlead_bridge.mapping.column_names import ColumnNames
from fairlead_bridge.mapping.grouping import APART, Link, contradictions, group

PATH, TABLE, OTHER, FORMER = 1, 2, 3, 4
NAMES = {
    PATH: ("s3://lake", "shop/orders"),
    TABLE: ("hive://metastore:9083", "shop.orders"),
    OTHER: ("s3://lake", "shop/orders_copy"),
    FORMER: ("hive://metastore:9083", "shop.a_orders"),
}


def test_names_without_links_are_assets_of_their_own() -> None:
    assert group(NAMES, []) == {each: each for each in NAMES}


def test_the_table_is_primary_and_its_location_an_alias() -> None:
    assert group(NAMES, [(PATH, TABLE, "TABLE")])[PATH] == TABLE
    assert group(NAMES, [(TABLE, PATH, "LOCATION")])[PATH] == TABLE


def test_among_equals_the_smallest_name_is_primary() -> None:
    assert group(NAMES, [(OTHER, PATH, "ALIAS")])[OTHER] == PATH
    assert group(NAMES, [(PATH, OTHER, "ALIAS")])[OTHER] == PATH


def test_links_hang_together() -> None:
    links = [(PATH, TABLE, "TABLE"), (OTHER, PATH, "LOCATION")]
    assert {group(NAMES, links)[each] for each in (PATH, TABLE, OTHER)} == {TABLE}


def test_a_renamed_dataset_has_its_identity_still_under_its_new_name() -> None:
    found = group(NAMES, [(TABLE, FORMER, "RENAME"), (PATH, FORMER, "TABLE")])
    assert found[FORMER] == found[PATH] == TABLE


def test_a_renaming_and_back_ends() -> None:
    found = group(NAMES, [(TABLE, FORMER, "RENAME"), (FORMER, TABLE, "RENAME")])
    assert found[TABLE] == found[FORMER] == FORMER


def test_a_name_that_only_a_catalog_knows_is_never_primary() -> None:
    names = {
        1: ("catalog:hive:thrift://metastore:9083", "shop.orders"),
        2: NAMES[PATH],
        3: NAMES[OTHER],
    }
    links: list[Link] = [(2, 1, "CATALOG"), (3, 1, "CATALOG"), (3, 2, "LOCATION")]
    assert set(group(names, links).values()) == {3}


def test_the_user_chooses_the_primary() -> None:
    found = group(NAMES, [(PATH, TABLE, "TABLE"), (TABLE, PATH, "RULE")])
    assert found[TABLE] == found[PATH] == PATH


def test_datasets_without_a_column_in_common_are_not_joined() -> None:
    link: list[Link] = [(PATH, TABLE, "TABLE")]
    apart = {PATH: frozenset({"id", "amount"}), TABLE: frozenset({"day", "rate"})}
    assert group(NAMES, link, apart)[PATH] == PATH
    assert group(NAMES, link, {**apart, TABLE: frozenset({"id"})})[PATH] == TABLE
    assert group(NAMES, link, {PATH: frozenset({"id"})})[PATH] == TABLE


def test_columns_of_names_that_may_be_one_compare_as_their_stores_do() -> None:
    names = {
        PATH: ("s3://lake", "o"),
        TABLE: ("hive://metastore:9083", "o"),
        OTHER: ("s3://b", "o"),
    }
    large = {PATH: {"Id"}, TABLE: {"ID"}, OTHER: {"id"}}
    with_table = group(names, [(PATH, TABLE, "TABLE"), (OTHER, TABLE, "TABLE")], large)
    assert set(with_table.values()) == {TABLE}
    files = group(names, [(PATH, OTHER, "LOCATION")], large)
    assert files[PATH] != files[OTHER]
    alike = group(names, [(PATH, OTHER, "LOCATION")], {**large, OTHER: {"Id"}})
    assert alike[PATH] == alike[OTHER]


@given(
    *(
        st.tuples(st.sampled_from(["s3://b", "postgres://h"]), st.sets(st.sampled_from("aAbB")))
        for _ in range(3)
    )
)
def test_what_was_joined_compares_as_all_of_its_names(
    one: tuple[str, set[str]], other: tuple[str, set[str]], third: tuple[str, set[str]]
) -> None:
    joined = ColumnNames(*one)
    joined.update(ColumnNames(*other))
    compared = ColumnNames(*third)
    known = [each for each in (one, other) if each[1]]
    apart = [ColumnNames(*each).is_disjoint(compared) for each in known]
    assert joined.is_disjoint(compared) == (bool(known) and all(apart))
    assert compared.is_disjoint(joined) == joined.is_disjoint(compared)


def test_the_user_and_a_rename_may_join_what_columns_would_not() -> None:
    apart = {PATH: frozenset({"id"}), TABLE: frozenset({"day"})}
    for kind in ("RULE", "RENAME"):
        found = group(NAMES, [(PATH, TABLE, kind)], apart)
        assert found[PATH] == found[TABLE]


def test_a_name_that_two_datasets_of_one_event_claim_is_nobodys() -> None:
    links: list[Link] = [(PATH, TABLE, "TABLE"), (OTHER, TABLE, "TABLE")]
    contradicting = contradictions(links, {PATH, OTHER})
    assert contradicting == [(PATH, OTHER, APART)]
    assert group(NAMES, links + contradicting) == {each: each for each in NAMES}


def test_two_datasets_of_an_event_that_it_says_are_one_are_one() -> None:
    links = [(PATH, TABLE, "TABLE"), (OTHER, TABLE, "TABLE"), (PATH, OTHER, "LOCATION")]
    assert contradictions(links, {PATH, OTHER}) == []
    assert len(set(group(NAMES, links).values())) == 2  # these three, and FORMER


def test_that_two_are_one_counts_for_more_than_an_event_that_shows_both() -> None:
    links: list[Link] = [(OTHER, PATH, "LOCATION"), (PATH, OTHER, APART)]
    assert group(NAMES, links)[PATH] == group(NAMES, links)[OTHER]


def test_datasets_that_differ_stay_apart_in_a_roundabout_way() -> None:
    links: list[Link] = [
        (PATH, TABLE, "TABLE"),
        (OTHER, FORMER, "TABLE"),
        (TABLE, FORMER, "LOCATION"),
        (PATH, OTHER, APART),
    ]
    found = group(NAMES, links)
    assert found[PATH] != found[OTHER]


def test_every_order_of_the_links_gives_the_same_assets() -> None:
    links: list[Link] = [
        (PATH, TABLE, "TABLE"),
        (TABLE, FORMER, "RENAME"),
        (OTHER, FORMER, "LOCATION"),
        (PATH, OTHER, APART),
    ]
    assert len({tuple(sorted(group(NAMES, each).items())) for each in permutations(links)}) == 1


ids = st.integers(1, 8)
kinds = st.sampled_from(["TABLE", "LOCATION", "RENAME", "RULE", "HOST", "CATALOG", "ODD", APART])
links_of = st.lists(st.tuples(ids, ids, kinds), max_size=12)
columns_of = st.dictionaries(ids, st.frozensets(st.sampled_from("abc"), max_size=2))


@given(links_of, columns_of, st.randoms(use_true_random=False))
def test_assets_are_a_function_of_what_was_reported(links: list[Link], columns, dice) -> None:  # type: ignore[no-untyped-def]
    names = {each: (f"ns{each % 3}", f"t{each}") for each in range(1, 9)}
    found = group(names, links, columns)
    shuffled = [*links, *links]
    dice.shuffle(shuffled)
    assert group(dict(reversed(names.items())), shuffled, columns) == found
    assert all(found[asset] == asset for asset in found.values())


def test_names_that_are_not_asked_for_are_not_answered() -> None:
    assert group({PATH: NAMES[PATH]}, [(PATH, TABLE, "TABLE")]) == {PATH: PATH}


def test_a_chain_of_many_names_is_grouped_quickly() -> None:
    names = {each: ("ns", f"t{each:06}") for each in range(20_000)}
    links = [(each, each + 1, "LOCATION") for each in range(19_999)]
    assert set(group(names, links).values()) == {0}
