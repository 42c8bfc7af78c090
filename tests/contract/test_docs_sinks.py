"""The pages about sinks say what is so: every setting, every example, the how-to as it is printed."""

from __future__ import annotations

import re
import tomllib
import types
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from fairlead_bridge.errors import Unavailable
from fairlead_bridge.sinks import settings
from fairlead_bridge.sinks.naming import Rule
from fairlead_bridge.sinks.openlineage.settings import PRESETS
from tests.support.sinks import entries as shop
from tests.support.sinks.server import Answer, Fake, Request, serving

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: DOCS / "sinks" / f"{name}.md" for name in settings.types()}
ENVIRON = {
    name: "x"
    for page in (DOCS / "sinks").glob("*.md")
    for name in re.findall(r'_env = "(\w+)"', page.read_text())
}


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.parametrize("kind", sorted(PAGES))
def test_every_setting_of_a_sink_is_on_its_page(kind: str) -> None:
    shared = set(settings.SinkSettings.model_fields)
    own = set(settings.load("docs", kind).Settings.model_fields) - shared
    text = PAGES[kind].read_text()
    assert not [name for name in sorted(own) if f"`{name}`" not in text]


def test_every_shared_setting_and_rule_is_on_the_first_page() -> None:
    text = (DOCS / "sinks" / "README.md").read_text()
    named = {*settings.SinkSettings.model_fields, *Rule.model_fields} - {"type"}
    assert not [name for name in sorted(named) if f"`{name}`" not in text]
    assert not [kind for kind in settings.types() if f"`{kind}`" not in text]


def test_every_preset_is_on_its_page() -> None:
    text = PAGES["openlineage"].read_text()
    for name, preset in PRESETS.items():
        assert f"| `{name}` |" in text
        assert preset.path in text


@pytest.mark.parametrize("page", sorted((DOCS / "sinks").glob("*.md")), ids=lambda page: page.stem)
def test_every_example_is_taken_as_it_is(page: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    for block in blocks(page, "toml"):
        asked = tomllib.loads(re.sub(r'_file = ".*?"', f'_file = "{secret}"', block))
        assert settings.targets(asked, ENVIRON)


class Channel(Fake):
    def __init__(self) -> None:
        super().__init__()
        self.posted: list[str] = []

    def answer(self, request: Request) -> Answer:
        if request.path == "/health":
            return Answer(200, {})
        if request.path != "/hooks/s3cret":
            return Answer(404, "no such hook")
        self.posted.append(request.json()["text"])
        return Answer(200, {"ok": True})


def test_the_how_to_works_as_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    page = DOCS / "how-to" / "add-a-sink.md"
    module: Any = types.ModuleType("our_package.chat")
    monkeypatch.setitem(__import__("sys").modules, "our_package.chat", module)
    (code,) = blocks(page, "python")
    exec(compile(code, page, "exec"), module.__dict__)  # noqa: S102  (our own page)
    example, entry_point = (tomllib.loads(block) for block in blocks(page, "toml"))
    ((name, value),) = entry_point["project"]["entry-points"]["fairlead_bridge.sinks"].items()
    point = EntryPoint(name, value, settings.GROUP)
    monkeypatch.setattr(settings, "entry_points", lambda group: [point])
    channel = Channel()
    with serving(channel) as url:
        example["sinks"]["channel"] |= {"url": url}
        (target,) = settings.targets(example, {"CHAT_HOOK": "s3cret"})
        failed = shop.dag_run(state="failed", tasks=(shop.task_run(shop.LOAD, "failed"),))
        payloads = [target.sink.render(entry) for entry in (failed, shop.dag_run(), shop.DAG_ENTRY)]
        rendered = [payload for payload in payloads if payload is not None]
        assert list(target.sink.push(rendered)) == [None]
        assert target.sink.probe() == [f"{url} answers"]
        channel.trouble = lambda _: Answer(503, None, {"Retry-After": "9"})
        with pytest.raises(Unavailable):
            list(target.sink.push(rendered))
    assert channel.posted == ["orders_sync scheduled__2026-11-20T05:00:00+00:00 failed: load"]
