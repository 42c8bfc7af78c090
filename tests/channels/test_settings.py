"""Channels and routes as people write them down: what is wrong is refused by file, line and name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fairlead_bridge.channels import settings
from fairlead_bridge.channels.target import ChannelTarget
from fairlead_bridge.errors import BadSettings
from tests.support.channels.senders import ROUTING_KEY, SECRET

ENVIRON = {
    "HOOK_SECRET": SECRET,
    "SLACK_URL": "https://hooks.slack.com/services/T/B/hush-hush",
    "PD_KEY": ROUTING_KEY,
    "SMTP_PASSWORD": "hush-hush",
}

WHOLE = """\
[[channel]]
name = "audit"
type = "webhook"
url = "https://example.com/hook"
secret_env = "HOOK_SECRET"

[[channel]]
name = "data-team"
type = "slack"
url_env = "SLACK_URL"
zone = "Europe/Berlin"
quiet = { from = "22:00", to = "07:00", days = ["mon", "tue"] }

[[channel]]
name = "managers"
type = "email"
host = "smtp.example.com"
username = "fairlead"
password_env = "SMTP_PASSWORD"
from = "fairlead@example.com"
to = ["managers@example.com"]
[channel.digest]
at = "08:00"
zone = "Europe/Lisbon"

[[channel]]
name = "on-call"
type = "pagerduty"
routing_key_env = "PD_KEY"

[[route]]
channels = "audit"

[[route]]
owner = ["data-*", "kim"]
channels = ["data-team", "managers"]

[[route]]
severity = "critical"
dataset = "mart.*"
channels = ["on-call"]
"""


def read(tmp_path: Path, text: str) -> list[ChannelTarget]:
    file = tmp_path / "notifications.toml"
    file.write_text(text)
    return settings.read(ENVIRON | {"FAIRLEAD_NOTIFICATIONS_FILE": str(file)}, "https://page")


def test_without_settings_there_are_no_channels() -> None:
    assert settings.read({}) == []


def test_channels_and_routes_come_from_a_file(tmp_path: Path) -> None:
    targets = read(tmp_path, WHOLE)
    assert [(target.name, target.type) for target in targets] == [
        ("notify:audit", "webhook"),
        ("notify:data-team", "slack"),
        ("notify:managers", "email"),
        ("notify:on-call", "pagerduty"),
    ]
    assert [len(target.routes) for target in targets] == [3] * 4
    assert targets[1].schedule.quiet[0].days == {0, 1}
    assert targets[2].schedule.digest is not None
    assert all(target.kinds == {"incident"} for target in targets)


def test_channels_come_from_a_variable_as_well() -> None:
    asked = {"channel": [{"name": "a", "type": "slack", "url_env": "SLACK_URL"}]}
    (target,) = settings.read(ENVIRON | {"FAIRLEAD_NOTIFICATIONS": json.dumps(asked)})
    assert target.routes[0].channels == ("a",)  # without routes, everything goes everywhere


SLACK = '[[channel]]\nname = "a"\ntype = "slack"\nurl_env = "SLACK_URL"\n'
HOOK = '[[channel]]\nname = "h"\ntype = "webhook"\nsecret_env = "HOOK_SECRET"\n'
PAGERDUTY = '[[channel]]\nname = "p"\ntype = "pagerduty"\nrouting_key_env = "PD_KEY"\n'
MAIL = '[[channel]]\nname = "m"\ntype = "email"\nhost = "h"\nfrom = "a@b.c"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[channel]\n", ":? is not TOML: .*line 1"),
        (SLACK + "[chanel]\n", ":5: chanel: unknown table; write .*channel.* and .*route"),
        ("[channel.a]\n", ": channel: must be an array of tables; write .*channel"),
        (
            '[[channel]]\nname = "a"\n',
            ':1: channel "a": type: is missing; there are apprise, email',
        ),
        ('\n[[channel]]\ntype = "sms"\n', ':3: channel number 1: type: no such type: "sms"'),
        (
            SLACK.replace("url_env", "ur_env"),
            ':4: .*"a": ur_env: unknown setting; did you mean url_env',
        ),
        (SLACK.replace("url_env", "url"), ':4: channel "a": url: write url_env or url_file'),
        (SLACK.replace("SLACK_URL", "NO"), ':4: channel "a": url_env: the environment has no NO'),
        (SLACK.replace("url_env", "# "), ':1: channel "a": url: is missing; write url_env'),
        (SLACK + SLACK, ':6: channel "a": name: is taken'),
        (SLACK.replace('"a"', '"a b"'), ":2: .*name: write letters, digits"),
        (SLACK + 'zone = "Berlin"\n', ':5: channel "a": zone: no such time zone: "Berlin"; write'),
        (
            SLACK + 'quiet = { from = "7", to = "8:00" }\n',
            ':5: .*quiet.from: not a time of day: "7"',
        ),
        (SLACK + '[channel.digest]\nevery = "5"\n', ":6: .*digest.every: not a period: '5'; write"),
        (SLACK + "digest = {}\n", ':5: .*digest: write either every = "15m" or at = "08:00"'),
        (SLACK + 'quiet = { from = "22:00" }\n', ":5: .*quiet.to: is missing"),
        (
            SLACK + 'quiet = { form = "22:00" }\n',
            ":5: .*quiet.form: unknown setting; did you mean f",
        ),
        (
            SLACK + "[channel.digest]\nhourly = 1\n",
            ":6: .*hourly: unknown setting; known are every",
        ),
        (HOOK + 'url = "example.com"\n', ':5: channel "h": url: must begin with http'),
        (
            HOOK.replace("HOOK_SECRET", "PD_KEY") + 'url = "http://e"\n',
            ".*does not begin with whsec_",
        ),
        (MAIL + "to = []\n", ':6: channel "m": to: '),
        (MAIL + 'to = ["nobody"]\n', ':6: channel "m": to: not an e-mail address: "nobody"'),
        (MAIL + 'to = ["a@b.c"]\nusername = "u"\n', ":1: .*write username and password_env"),
        (SLACK + '[[route]]\nchannels = "b"\n', ':6: route number 1: channels: no channel "b"'),
        (SLACK + '[[route]]\nchannels = "a"\nteam = "x"\n', ":7: route number 1: team: unknown"),
        (SLACK + '[[route]]\nchannels="a"\nseverity = "bad"\n', ":7: .*severity: input should be"),
        (SLACK + HOOK + 'url="http://e"\n[[route]]\nchannels="a"\n', ':5: channel "h": no .*route'),
        (
            PAGERDUTY + 'digest = { every = "1h" }\n',
            ':5: channel "p": digest: a channel of type pagerduty has no digests',
        ),
    ],
)
def test_what_is_wrong_is_refused_by_line_and_name(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadSettings, match=f"notifications.toml{message}") as caught:
        read(tmp_path, text)
    assert "hush-hush" not in str(caught.value)
    assert ROUTING_KEY not in str(caught.value)


def test_a_channel_may_be_turned_off(tmp_path: Path) -> None:
    assert read(tmp_path, SLACK + "enabled = false\n") == []


def test_secrets_are_not_in_what_a_channel_shows_of_itself(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, WHOLE))
    assert "hush-hush" not in shown
    assert SECRET not in shown
