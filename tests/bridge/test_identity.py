"""Identity: each rule is a page of before and after in tests/bridge/identity."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairlead_bridge.errors import BadSettings, Malformed
from fairlead_bridge.mapping.identity import RULES, Identity, Normaliser, Rule, Spelling
from fairlead_bridge.mapping.identity.rules import FOLD
from tests.support.corpus import every_event, needs_corpus

PAGES = Path(__file__).parent / "identity"


class Case(NamedTuple):
    rule: str
    before: tuple[str, str]
    relation: str | None  # "=>", "==", "!=", or None where the rule leaves it alone
    after: str
    enabled: tuple[str, ...]


def cases() -> Iterator[Case]:
    for page in sorted(PAGES.glob("*.txt")):
        enabled: tuple[str, ...] = ()
        for line in page.read_text().splitlines():
            if line.startswith("enable:"):
                enabled = tuple(line.removeprefix("enable:").split())
            elif line and not line.startswith("#"):
                before, relation, after = re.fullmatch(
                    r"(.*?)(?:\s+(=>|==|!=)\s+(.*))?", line
                ).groups()  # type: ignore[union-attr]
                yield Case(page.stem, place(before), relation, after or "", enabled)


def place(text: str) -> tuple[str, str]:
    namespace, name = text.strip().split(" | ")
    return namespace.strip().replace("␠", " "), name.strip().replace("␠", " ")


def shown(identity: Identity) -> str:
    partition = ", ".join(f"{key}={value}" for key, value in identity.partition)
    also = "".join(f"   also {namespace} | {name}" for namespace, name in identity.also)
    reported = f" {{{partition}}}" if partition else ""
    return f"{identity.namespace} | {identity.name}{reported}{also}"


def same(a: Identity, b: Identity) -> bool:
    return (a.namespace, a.key) == (b.namespace, b.key)


CASES = [pytest.param(case, id=f"{case.rule}: {case.before}") for case in cases()]


@pytest.mark.parametrize("case", CASES)
def test_a_rule_does_what_its_page_says(case: Case) -> None:
    normalise = Normaliser(enabled=case.enabled)
    identity = normalise(*case.before)
    if case.relation is None:
        assert case.rule not in identity.rules
        assert shown(identity) == " | ".join(case.before)
    elif case.relation == "=>":
        assert shown(identity) == case.after
        assert case.rule in identity.rules
    else:
        assert same(identity, normalise(*place(case.after))) is (case.relation == "==")


@pytest.mark.parametrize("case", CASES)
def test_a_rule_that_is_switched_off_does_nothing(case: Case) -> None:
    normalise = Normaliser(disabled={case.rule})
    if case.relation == "=>":
        assert case.rule not in normalise(*case.before).rules
    elif case.relation == "==":
        assert not same(normalise(*case.before), normalise(*place(case.after)))


def test_every_rule_has_its_page() -> None:
    assert {page.stem for page in PAGES.glob("*.txt")} == {rule.name for rule in RULES} | {FOLD}


@pytest.mark.parametrize("case", CASES)
def test_a_normalised_name_stays_as_it_is_on_every_page(case: Case) -> None:
    assert_converged(Normaliser(enabled=case.enabled), *case.before)


def assert_converged(normalise: Normaliser, namespace: str, name: str) -> None:
    once = normalise(namespace, name)
    twice = normalise(once.namespace, once.name)
    assert (twice.namespace, twice.name, twice.key) == (once.namespace, once.name, once.key)
    assert twice.also == once.also
    for other in once.also:
        again = normalise(*other)
        assert (again.namespace, again.name) == other


PIECES = """
    postgres postgresql jdbc: :// : / // . , ; ? @ file s3a s3 gs bigquery kafka hdfs snowflake
    oracle:thin:@ mssql sqlserver h H b1 b2 5432 None 443 shop public t T dt=1 h=2 2026 11 01
    20261101 2026-11-01 part-0 _20261101 $20261101 * [ ] " ` databaseName= user:p x.csv databricks
    unitycatalog wasb mariadb .blob.core.windows.net .snowflakecomputing.com localhost \\ # % ż İ
"""
pieces = st.sampled_from([*PIECES.split(), " ", "\n", "\x00"])
spelled = st.lists(pieces, max_size=9).map("".join)
EVERYTHING_ON = Normaliser(enabled={rule.name for rule in RULES})


@given(st.one_of(spelled, st.text()), st.one_of(spelled, st.text()))
@example("kafka://b1,b2:None,", "t")
@example("postgres://@@", "")
@example("jdbc:jdbc:postgresql://h/a/b/c/d", "x")
@example("file://localhostfile:///", "file:file:///")
def test_a_normalised_name_stays_as_it_is(namespace: str, name: str) -> None:
    assert_converged(Normaliser(), namespace, name)
    assert_converged(EVERYTHING_ON, namespace, name)


@given(st.sampled_from(["s3://b", "file", "bigquery", "postgres://h/d"]), spelled)
def test_no_rule_leaves_a_dataset_without_a_name(namespace: str, name: str) -> None:
    assert Normaliser()(namespace, name).name or not name


def test_a_rule_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(
        BadSettings, match=r"no identity rule 'casing'; there are: azure_blob, bare"
    ):
        Normaliser(disabled={"casing"})


def test_rules_that_go_round_in_circles_are_reported_and_end() -> None:
    def swap(it: Spelling) -> Spelling:
        return it._replace(name={"a": "b", "b": "a"}.get(it.name, it.name))

    normalise = Normaliser(user_rules=[Rule("mine", True, swap)])
    assert normalise("x", "c").name == "c"
    with pytest.raises(
        Malformed, match="the identity rules mine do not converge on a name for 'a'"
    ):
        normalise("x", "a")


def named(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        namespace, name = value.get("namespace"), value.get("name")
        if isinstance(namespace, str) and isinstance(name, str):
            yield namespace, name
        for item in value.values():
            yield from named(item)
    elif isinstance(value, list):
        for item in value:
            yield from named(item)


@needs_corpus
def test_every_name_of_the_corpus_has_an_identity_that_stays() -> None:
    seen: set[tuple[str, str]] = set()
    for _, body in every_event():
        try:
            seen.update(named(json.loads(body)))
        except ValueError:
            continue
    assert len(seen) > 300
    normalise = Normaliser()
    for namespace, name in seen:
        assert_converged(normalise, namespace, name)


@pytest.mark.parametrize(
    "unit",
    ["a", "a:", "a/", "@", ",", '"', "[", "a.", "k=v/", "2026/11/01/", "_20261101", "(HOST="],
)
def test_names_of_any_length_converge_in_no_time(unit: str) -> None:
    long = unit * 10_000
    normalise = Normaliser()
    for scheme in ("", "jdbc:", "jdbc:oracle:thin:@", "kafka://"):
        normalise(f"{scheme}{long}", "x")
    for namespace in ("postgres://h", "s3://b", "bigquery", "file"):
        normalise(namespace, long)
