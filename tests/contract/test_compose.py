"""
The containers get only what the programs in them understand.

No container engine is needed: each command, flag, port and variable in `docker-compose.yml` and in
the Dockerfiles is held against the bridge's and the provider's own settings, and Airflow's.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from sqlalchemy import make_url

from demo import shop
from fairlead_airflow.config import Config
from fairlead_airflow.provider_info import get_provider_info
from fairlead_bridge import cli
from fairlead_bridge import settings as bridge_settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
#: Where each service listens inside its container.
LISTENS = {
    "postgres": 5432,
    "bridge": 7070,
    "bridge-kafka": 7070,
    "kafka": 9092,
    "shop": 7079,
    "airflow": 8080,
}
BRIDGES = ["bridge", "bridge-kafka"]


def dockerfile(path: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, each with what follows it."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / path).read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [
        (word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)
    ]


def environment_of(path: str) -> dict[str, str]:
    pairs = [pair for word, rest in dockerfile(path) if word == "ENV" for pair in rest.split()]
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def filled_in(value: object) -> str:
    """A value with `${NAME:-default}` at its default, as compose has it where nothing is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))


def flags(command: list[str]) -> dict[str, str | bool]:
    """What `--some-name value` and `--some-name` say, by the setting's name."""
    return {
        flag.removeprefix("--").replace("-", "_"): True if value.startswith("--") else value
        for flag, value in pairwise([*command, "--"])
        if flag.startswith("--")
    }


def airflow_options() -> dict[str, set[str]]:
    """Airflow's own options by section, from the file that documents them."""
    found = importlib.util.find_spec("airflow")
    assert found is not None
    assert found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0])
    described = yaml.safe_load((folder / "config_templates" / "config.yml").read_text())
    return {section: set(body["options"]) for section, body in described.items()}


def variables(prefix: str = "") -> list[tuple[str, str, str]]:
    """(service, name, value) of every variable that begins so."""
    return [
        (service, name, filled_in(value))
        for service, described in SERVICES.items()
        for name, value in described.get("environment", {}).items()
        if name.startswith(prefix)
    ]


@pytest.mark.parametrize("bridge", BRIDGES)
def test_a_bridge_understands_its_command(bridge: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = SERVICES[bridge]["command"]
    with pytest.raises(SystemExit) as end:
        cli.main([command[0], "--help"])
    assert end.value.code == 0
    known = capsys.readouterr().out
    for flag in (word for word in command if word.startswith("--")):
        assert flag in known


@pytest.mark.parametrize("bridge", BRIDGES)
def test_a_bridge_starts_with_the_settings_it_is_given(
    bridge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = environment_of("bridge/Dockerfile")
    given = {name: value for service, name, value in variables() if service == bridge}
    for name, value in {**image, **given}.items():
        monkeypatch.setenv(name, value)
    settings = bridge_settings.load(flags(SERVICES[bridge]["command"]))
    assert (settings.host, settings.port) == ("0.0.0.0", LISTENS[bridge])  # noqa: S104
    url = make_url(settings.database_url)
    postgres = SERVICES["postgres"]["environment"]
    assert (url.host, url.port) == ("postgres", LISTENS["postgres"])
    assert (url.username, url.password, url.database) == (
        postgres["POSTGRES_USER"],
        filled_in(postgres["POSTGRES_PASSWORD"]),
        postgres["POSTGRES_DB"],
    )


def test_the_bridge_that_reads_kafka_reads_the_topic_that_airflow_writes_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The transport that the head of the file says to export, as the provider reads it."""
    for service, name, value in variables():
        if service == "bridge-kafka":
            monkeypatch.setenv(name, value)
    settings = bridge_settings.load(flags(SERVICES["bridge-kafka"]["command"]))
    assert {"intake", "absorb"} <= set(settings.roles)  # reading Kafka is a worker's job
    exported = re.search(r"FAIRLEAD_TRANSPORT='(.*)'", (ROOT / "docker-compose.yml").read_text())
    assert exported is not None
    options = {("fairlead", "transport"): exported[1]}
    config = Config.read(lambda *option: options.get(option), "/opt/airflow")
    assert config.transport is not None
    assert [config.transport["topic"]] == list(settings.kafka_topics)
    assert [config.transport["config"]["bootstrap.servers"]] == list(settings.kafka_servers)
    assert settings.kafka_servers == (f"kafka:{LISTENS['kafka']}",)
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert advertised == f"PLAINTEXT://{settings.kafka_servers[0]}"


def test_the_bridges_image_runs_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    instructions = dict(dockerfile("bridge/Dockerfile"))
    for name, value in environment_of("bridge/Dockerfile").items():
        monkeypatch.setenv(name, value)
    settings = bridge_settings.load({})
    assert instructions["EXPOSE"] == str(settings.port)
    database = Path(make_url(settings.database_url).database or "")
    assert str(database.parent) == instructions["VOLUME"] == instructions["WORKDIR"]
    (script,) = json.loads(instructions["ENTRYPOINT"])
    project = tomllib.loads((ROOT / "bridge" / "pyproject.toml").read_text())["project"]
    assert script in project["scripts"]
    assert json.loads(instructions["CMD"]) == [SERVICES["bridge"]["command"][0]]


@pytest.mark.parametrize("path", ["bridge/Dockerfile", "provider/Dockerfile"])
def test_what_a_dockerfile_copies_is_in_the_repository(path: str) -> None:
    for word, rest in dockerfile(path):
        if word == "COPY" and "--from" not in rest:
            *sources, _ = (part for part in rest.split() if not part.startswith("--"))
            assert [source for source in sources if not (ROOT / source).exists()] == []


def test_airflow_is_the_version_that_is_tested() -> None:
    pinned = dict(
        line.split("==")
        for line in (ROOT / "constraints" / "all.txt").read_text().splitlines()
        if ";" not in line
    )
    (base,) = (rest for word, rest in dockerfile("provider/Dockerfile") if word == "FROM")
    assert f"apache/airflow:{pinned['apache-airflow']}-" in base


def test_every_airflow_variable_is_an_option_of_airflow_or_of_the_provider() -> None:
    known = airflow_options()
    ours = get_provider_info()["config"]
    known.update({section: set(body["options"]) for section, body in ours.items()})
    for _, name, _ in variables("AIRFLOW__"):
        _, section, option = name.lower().split("__")
        assert option in known[section], name


def test_the_shop_understands_its_command() -> None:
    python, m, module, *rest = SERVICES["shop"]["command"]
    assert (python, m, module) == ("python", "-m", shop.__name__)
    chosen = shop.parser().parse_args(rest)
    assert chosen.port == LISTENS["shop"]


def test_the_dags_find_the_data_the_partners_and_their_connections() -> None:
    assigned = {
        node.targets[0].id: node.value.value
        for node in ast.parse((ROOT / "dags" / "shop.py").read_text()).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    given = {name: value for service, name, value in variables() if service == "airflow"}
    data = flags(SERVICES["shop"]["command"])["data"]
    warehouse = json.loads(given[f"AIRFLOW_CONN_{str(assigned['WAREHOUSE']).upper()}"])
    assert given["SHOP_DATA"] == data
    assert warehouse == {"conn_type": "sqlite", "host": f"{data}/warehouse.db"}
    assert given[f"AIRFLOW_CONN_{str(assigned['PARTNERS']).upper()}"] == given["SHOP_API"]


def test_every_address_names_a_service_and_the_port_it_listens_on() -> None:
    addresses = [
        urlsplit(value)
        for _, _, value in variables()
        if "://" in value and not value.startswith("sqlite") and "://:" not in value
    ]
    assert addresses
    for address in addresses:
        assert LISTENS[str(address.hostname)] == address.port
    brokers = SERVICES["bridge-kafka"]["environment"]["FAIRLEAD_KAFKA_SERVERS"]
    assert brokers == f"kafka:{LISTENS['kafka']}"


def test_every_published_port_is_one_that_its_service_listens_on() -> None:
    for name, service in SERVICES.items():
        for published in service.get("ports", []):
            assert published.rpartition(":")[2] == str(LISTENS[name])


def test_a_service_that_is_waited_for_has_a_health_check() -> None:
    built = {"bridge": "bridge/Dockerfile"}
    for service in SERVICES.values():
        for name, wish in service.get("depends_on", {}).items():
            assert wish == {"condition": "service_healthy"}
            image = dict(dockerfile(built[name])) if name in built else {}
            assert "healthcheck" in SERVICES[name] or "HEALTHCHECK" in image


def test_every_volume_is_declared_or_is_a_folder_of_the_repository() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            exists = (
                (ROOT / source).is_dir() if source.startswith(".") else source in COMPOSE["volumes"]
            )
            assert exists, volume


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_comes_back_after_a_crash_or_a_reboot(service: str) -> None:
    assert SERVICES[service]["restart"] == "unless-stopped"


def test_only_this_machine_reaches_the_ports() -> None:
    ports = [port for described in SERVICES.values() for port in described.get("ports", ())]
    assert ports
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("bridge", BRIDGES)
def test_a_bridge_runs_without_rights_on_a_file_system_that_it_cannot_change(bridge: str) -> None:
    service = SERVICES[bridge]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108  (of the container)
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    (user,) = (rest for word, rest in dockerfile("bridge/Dockerfile") if word == "USER")
    assert int(user) > 0


def test_airflows_image_stays_with_the_user_of_its_base() -> None:
    assert not [rest for word, rest in dockerfile("provider/Dockerfile") if word == "USER"]


def test_the_database_is_healthy_only_when_others_can_reach_it() -> None:
    check = SERVICES["postgres"]["healthcheck"]["test"]
    assert check[check.index("--host") + 1] == "127.0.0.1"
    postgres = SERVICES["postgres"]["environment"]
    assert check[check.index("--username") + 1] == postgres["POSTGRES_USER"]
    assert check[check.index("--dbname") + 1] == postgres["POSTGRES_DB"]
