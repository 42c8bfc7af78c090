"""The page about notifications says what is so: every setting, every type, every example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fairlead_bridge.channels import settings
from fairlead_bridge.channels.base import ChannelSettings
from tests.support.channels.senders import ROUTING_KEY, SECRET

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "get-notified.md").read_text()
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
VALUES = {"PAGERDUTY_KEY": ROUTING_KEY, "FAIRLEAD_HOOK_SECRET": SECRET, "NTFY_URL": "ntfy://h/t"}


def test_every_setting_and_type_is_on_the_page() -> None:
    models = [
        ChannelSettings,
        settings.RouteSettings,
        *(it.Settings for it in settings.TYPES.values()),
    ]
    names = {about.alias or name for model in models for name, about in model.model_fields.items()}
    assert not [name for name in sorted(names | set(settings.TYPES)) if f"`{name}" not in PAGE]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Apprise's own imports
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_every_example_is_taken_as_it_is(number: int, tmp_path: Path) -> None:
    file = tmp_path / "notifications.toml"
    file.write_text(BLOCKS[number])
    named = re.findall(r'_env = "(\w+)"', BLOCKS[number])
    environ = {name: VALUES.get(name, "https://example.com/x") for name in named}
    assert settings.read(environ | {settings.FILE: str(file)})


def test_every_type_has_an_example() -> None:
    assert set(re.findall(r'^type = "(\w+)"', "\n".join(BLOCKS), re.MULTILINE)) == set(
        settings.TYPES
    )
