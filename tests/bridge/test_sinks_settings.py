"""Sinks as users write them down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fairlead_bridge.entries import AnyEntry, DatasetRef
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.sinks import Outcome, settings
from fairlead_bridge.sinks.naming import Naming, Rule, conflicts

MARQUEZ = {"type": "openlineage", "preset": "marquez", "url": "http://marquez:5000"}


def test_without_settings_there_are_no_sinks() -> None:
    assert settings.read({}) == []


def test_sinks_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "sinks.toml"
    file.write_text(
        '[sinks.marquez]\ntype = "openlineage"\npreset = "marquez"\nurl = "http://m:5000"\n'
        'namespaces = ["prod-*"]\nbatch = 7\n'
        '[sinks.off]\ntype = "openlineage"\nurl = "http://m:5000"\nenabled = false\n'
    )
    (target,) = settings.read({"FAIRLEAD_SINKS_FILE": str(file)})
    assert (target.name, target.type, target.batch) == ("marquez", "openlineage", 7)
    assert target.kinds == {"event"}
    assert target.namespaces == ("prod-*",)


def test_sinks_come_from_the_environment() -> None:
    targets = settings.read({"FAIRLEAD_SINKS": json.dumps({"one": MARQUEZ, "two": MARQUEZ})})
    assert [target.name for target in targets] == ["one", "two"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"sinks": {"a": {"type": "nowhere"}}}, "sinks.a.type: no such sink: 'nowhere'"),
        ({"sinks": {"a": MARQUEZ | {"urls": "x"}}}, "sinks.a.urls: Extra inputs"),
        ({"sinks": {"a": {"type": "openlineage"}}}, "sinks.a: Value error, preset url needs url"),
        ({"sinks": {"a": MARQUEZ | {"url": "marquez:5000"}}}, "url must begin with http"),
        ({"sinks": {"a": MARQUEZ | {"kinds": ["run"]}}}, "sinks.a.kinds: a sink of type openlin"),
        ({"sinks": {"a": MARQUEZ | {"token": "s3cret"}}}, "sinks.a.token: write token_env or tok"),
        ({"sinks": {"a": MARQUEZ | {"token_env": "NO"}}}, "sinks.a.token_env: the environment has"),
        ({"sinks": {"a": MARQUEZ | {"token_file": "/no"}}}, "sinks.a.token_file: /no cannot be re"),
        ({"sinks": {"a": "marquez"}}, "sinks.a must be a table"),
        ({"sink": {}}, "no such part in the settings of sinks: sink"),
        ({"sinks": {"a": MARQUEZ}, "naming": [{"nmspace": "x"}]}, "sinks.a.naming.0.namespace"),
    ],
)
def test_what_is_wrong_is_named(asked: Mapping[str, Any], message: str) -> None:
    with pytest.raises(BadSettings, match=message.replace("[", r"\[")) as caught:
        settings.targets(asked, {})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"FAIRLEAD_SINKS": "{"}, "FAIRLEAD_SINKS is not JSON"),
        ({"FAIRLEAD_SINKS": "[]"}, "must be a JSON object"),
        ({"FAIRLEAD_SINKS_FILE": "/no/such"}, "cannot be read"),
        ({"FAIRLEAD_SINKS": "{}", "FAIRLEAD_SINKS_FILE": "x"}, "both set"),
    ],
)
def test_a_bad_source_is_named(environ: dict[str, str], message: str) -> None:
    with pytest.raises(BadSettings, match=message):
        settings.read(environ)


def test_secrets_come_from_the_environment_or_a_file_and_are_not_shown(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    targets = settings.targets(
        {
            "sinks": {
                "a": MARQUEZ | {"token_env": "TOKEN"},
                "b": MARQUEZ | {"token_file": str(secret)},
            }
        },
        {"TOKEN": "s3cret"},
    )
    assert "s3cret" not in repr(targets)
    assert "s3cret" not in repr([vars(target.sink) for target in targets])


class Elsewhere:
    """A sink of another package."""

    class Settings(settings.SinkSettings):
        type: str = "elsewhere"
        colour: str

    kinds = frozenset({"job"})

    def __init__(self, name: str, settings: Settings) -> None:
        self.colour = settings.colour

    def render(self, entry: AnyEntry) -> Any:
        return None

    def push(self, payloads: Sequence[Any]) -> Iterator[Outcome]:
        yield from ()

    def probe(self) -> list[str]:
        return []


def test_another_package_adds_a_sink_by_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "elsewhere-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(
        f"[fairlead_bridge.sinks]\nelsewhere = {__name__}:Elsewhere\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    asked = {"sinks": {"x": {"type": "elsewhere", "colour": "blue"}}}
    (target,) = settings.targets(asked, {})
    assert isinstance(target.sink, Elsewhere)
    assert (target.sink.colour, target.kinds) == ("blue", {"job"})


# --- the naming map -----------------------------------------------------------------------------


def dataset(namespace: str, name: str) -> DatasetRef:
    return DatasetRef(hash((namespace, name)), namespace, name)


def test_the_first_rule_that_fits_names_a_dataset() -> None:
    naming = Naming(
        [
            Rule(namespace="postgres://db:5432", name=r"tmp\..*", skip=True),
            Rule(namespace="postgres://db:*", platform="postgres", case="upper"),
            Rule(namespace="s3://raw", name=r"([^/]+)/.*", to=r"lake.\1"),
        ]
    )
    table = naming(dataset("postgres://db:5432", "shop.orders"))
    assert table is not None
    assert (table.name, table.rule.platform, table.ruled) == ("SHOP.ORDERS", "postgres", True)
    assert naming(dataset("postgres://db:5432", "tmp.x")) is None
    path = naming(dataset("s3://raw", "orders/2026/11.parquet"))
    assert path is not None
    assert path.name == "lake.orders"
    unknown = naming(dataset("mysql://x", "a.b"))
    assert unknown is not None
    assert (unknown.name, unknown.ruled) == ("a.b", False)


def test_a_dry_run_finds_what_is_unknown_and_what_becomes_one() -> None:
    a, b, c = dataset("x", "a"), dataset("y", "A"), dataset("z", "c")
    found = conflicts([(a, "db.a"), (b, "db.a"), (c, None)])
    assert [(trouble.dataset, trouble.what[:20]) for trouble in found] == [
        (b, "becomes db.a, as doe"),
        (c, "no rule of the namin"),
    ]
