from __future__ import annotations

import os
from pathlib import Path

import pytest

from fairlead_bridge.cli import main
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.settings import NEIGHBOURS, ROLES, Settings, load


@pytest.fixture(autouse=True)
def _a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("FAIRLEAD_"):
            monkeypatch.delenv(name)


def test_without_settings_the_bridge_listens_to_this_machine_and_stores_a_file() -> None:
    settings = load()
    assert (settings.host, settings.port) == ("127.0.0.1", 7070)
    assert settings.database_url == "sqlite:///fairlead.db"
    assert settings.roles == ROLES


def test_flags_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_PORT", "8000")
    monkeypatch.setenv("FAIRLEAD_HOST", "0.0.0.0")  # noqa: S104
    settings = load({"port": 9000, "host": None})
    assert (settings.host, settings.port) == ("0.0.0.0", 9000)  # noqa: S104


def test_the_database_url_may_stand_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://ann:hush@db/shop\n")
    monkeypatch.setenv("FAIRLEAD_DATABASE_URL_FILE", str(file))
    assert load().database_url == "postgresql://ann:hush@db/shop"
    assert "hush" not in repr(load())
    with pytest.raises(BadSettings, match="both given"):
        load({"database_url": "sqlite:///a.db"})
    file.write_text("")
    with pytest.raises(BadSettings, match="is empty"):
        load()
    file.unlink()
    with pytest.raises(BadSettings, match=r"FAIRLEAD_DATABASE_URL_FILE=.* cannot be read"):
        load()


def test_a_password_on_the_command_line_is_warned_of_without_showing_it(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    url = "postgresql://ann:hush@127.0.0.1:9/shop"
    main(["status", "--database-url", url])
    shown = capfd.readouterr().err
    assert "bridge.password_shown" in shown
    assert "FAIRLEAD_DATABASE_URL_FILE" in shown
    assert "hush" not in shown
    main(["status", "--database-url", f"sqlite:///{tmp_path}/a.db"])
    assert "password_shown" not in capfd.readouterr().err


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_API_KEYS", "one, two,")
    assert [key.get_secret_value() for key in load().api_keys] == ["one", "two"]


def test_keys_and_passwords_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_API_KEYS", "hush")
    assert "hush" not in repr(load())


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_PORT", "")
    assert load().port == 7070


def test_a_misspelt_setting_is_refused_with_the_right_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_DATABSE_URL", "sqlite:///x.db")
    with pytest.raises(
        BadSettings,
        match="unknown setting FAIRLEAD_DATABSE_URL; did you mean FAIRLEAD_DATABASE_URL",
    ):
        load()


def test_a_wrong_value_is_refused_by_the_name_it_was_given_under(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAIRLEAD_PORT", "http")
    monkeypatch.setenv("FAIRLEAD_ABSORB_BATCH", "0")
    with pytest.raises(BadSettings) as refusal:
        load()
    assert "FAIRLEAD_PORT='http' (port to listen on" in str(refusal.value)
    assert "FAIRLEAD_ABSORB_BATCH='0'" in str(refusal.value)
    with pytest.raises(BadSettings, match="--port=70000"):
        load({"port": 70000, "absorb_batch": 1})


def test_the_clients_own_settings_do_not_stop_the_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NEIGHBOURS:
        monkeypatch.setenv(name, "x")
    load()


def test_one_role_asked_for_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_ABSORB", "true")
    assert load().roles == ("absorb",)
    assert load({"intake": True}).roles == ("intake", "absorb")


def test_every_setting_says_what_it_is() -> None:
    undescribed = {name for name, field in Settings.model_fields.items() if not field.description}
    assert undescribed == set()
