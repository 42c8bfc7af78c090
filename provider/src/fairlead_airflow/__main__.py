"""`python -m fairlead_airflow doctor`: what `airflow fairlead doctor` is in Airflow 3. The command line
of Airflow 2 takes commands from executors and auth managers only."""

from __future__ import annotations

from argparse import ArgumentParser

from fairlead_airflow import compat
from fairlead_airflow.cli import get_fairlead_cli_commands


def main(arguments: list[str] | None = None) -> None:
    """Run one of the commands; they set the exit code."""
    [group] = get_fairlead_cli_commands()
    parser = ArgumentParser(prog="python -m fairlead_airflow", description=group.help)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in group.subcommands:
        one = commands.add_parser(command.name, help=command.help, description=command.help)
        for argument in command.args:
            argument.add_to_parser(one)
        one.set_defaults(run=command.func)
    given = parser.parse_args(arguments)
    compat.load_configuration()
    given.run(given)


if __name__ == "__main__":
    main()
