"""What is set for OpenLineage, and what is left as the user has it."""

from __future__ import annotations

import json

import pytest

from fairlead_airflow.bootstrap import RUN_FACETS, TRANSPORT, Plan, plan
from fairlead_airflow.config import Config

Options = dict[tuple[str, str], str]


def planned(options: Options, environ: dict[str, str] | None = None, enabled: bool = True) -> Plan:
    return plan(lambda section, option: options.get((section, option)), environ or {}, enabled)


def test_with_nothing_set_the_transport_and_the_run_facet_are_ours() -> None:
    environment = planned({}).environment
    assert json.loads(environment["AIRFLOW__OPENLINEAGE__TRANSPORT"]) == {"type": TRANSPORT}
    assert environment["AIRFLOW__OPENLINEAGE__CUSTOM_RUN_FACETS"] == ";".join(RUN_FACETS)


@pytest.mark.parametrize("option", ["transport", "config_path", "config_conn_id"])
def test_a_destination_that_the_user_set_is_left_alone_and_named(option: str) -> None:
    result = planned({("openlineage", option): '{"type": "console"}'})
    assert "AIRFLOW__OPENLINEAGE__TRANSPORT" not in result.environment
    assert any(f"[openlineage] {option}" in note for note in result.left_alone)
    assert "AIRFLOW__OPENLINEAGE__CUSTOM_RUN_FACETS" in result.environment


@pytest.mark.parametrize("name", ["OPENLINEAGE_URL", "OPENLINEAGE__TRANSPORT__TYPE"])
def test_a_destination_in_the_clients_own_environment_is_left_alone(name: str) -> None:
    result = planned({}, {name: "x"})
    assert "AIRFLOW__OPENLINEAGE__TRANSPORT" not in result.environment
    assert any(name in note for note in result.left_alone)


@pytest.mark.parametrize(
    ("options", "environ", "enabled"),
    [
        ({("openlineage", "disabled"): "True"}, {}, True),
        ({}, {"OPENLINEAGE_DISABLED": "true"}, True),
        ({}, {}, False),
    ],
)
def test_what_is_switched_off_stays_off(
    options: Options, environ: dict[str, str], enabled: bool
) -> None:
    result = planned(options, environ, enabled)
    assert result.environment == {}
    assert result.left_alone


def test_the_users_own_facets_stay_and_come_first() -> None:
    result = planned({("openlineage", "custom_run_facets"): "mine.facet; ours.facet"})
    value = result.environment["AIRFLOW__OPENLINEAGE__CUSTOM_RUN_FACETS"]
    assert value.split(";") == ["mine.facet", "ours.facet", *RUN_FACETS]


def test_a_child_process_finds_everything_set_and_changes_nothing() -> None:
    first = planned({}).environment
    prefix = "AIRFLOW__OPENLINEAGE__"
    inherited = {
        ("openlineage", name.removeprefix(prefix).lower()): value for name, value in first.items()
    }
    assert planned(inherited).environment == {}


def test_a_wrong_option_is_named() -> None:
    options = {("fairlead", "max_bytes"): "many"}
    with pytest.raises(ValueError, match=r"\[fairlead\] max_bytes"):
        Config.read(lambda section, option: options.get((section, option)), "/home")
