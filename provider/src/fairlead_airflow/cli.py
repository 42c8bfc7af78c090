"""`airflow fairlead ...`: the definition only. Airflow imports this at every start of its command line,
so the commands themselves are in `fairlead_airflow.commands` and are imported when they are called."""

from __future__ import annotations

from typing import Any

TARGETS = ("env", "docker", "helm", "mwaa", "composer", "astronomer")


def get_fairlead_cli_commands() -> list[Any]:
    """What the provider's description names under `cli`."""
    from airflow.cli import cli_config
    from airflow.cli.cli_config import ActionCommand, GroupCommand, lazy_load_command

    Arg: Any = cli_config.Arg  # noqa: N806 - Airflow's class, which has no types

    def command(name: str, text: str, *args: Any) -> Any:
        function = lazy_load_command(f"fairlead_airflow.commands.{name}")
        return ActionCommand(name=name, help=text, func=function, args=args)

    timeout = Arg(("--timeout",), type=float, default=30.0, help="seconds (default 30)")
    return [
        GroupCommand(
            name="fairlead",
            help="Lineage to data catalogs",
            subcommands=(
                command(
                    "doctor",
                    "Show what is in force and where it came from, and send a probe through",
                    timeout,
                    Arg(("--no-probe",), action="store_true", help="send nothing"),
                ),
                command(
                    "status",
                    "What waits on this host's disk",
                    Arg(("--json",), action="store_true", help="as JSON"),
                ),
                command("flush", "Deliver what waits on this host's disk", timeout),
                command(
                    "init",
                    "Print the lines to copy into a deployment",
                    Arg(("--target",), choices=TARGETS, default="env", help="kind of deployment"),
                    Arg(("--url",), default="http://bridge:7070", help="address of the bridge"),
                ),
            ),
        )
    ]
