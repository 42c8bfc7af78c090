"""
Make the environment: the three wheels from this checkout and Airflow, all pinned.

    python3 demo/install.py .venv constraints/demo.in

It runs on whatever Python there is before anything is installed: only the standard library, and
nothing that Python 3.7 cannot read, so that it can say what is wrong.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
PINS = "constraints/all.txt"


class Failed(Exception):
    """A step did not work; the message says what to do."""


def install(folder: Path, wanted: str) -> None:
    if sys.version_info < OLDEST:
        raise Failed(
            f"This is Python {_version()}; Fairlead needs {OLDEST[0]}.{OLDEST[1]} or newer.\n"
            "Name a newer one: PYTHON=python3.12 make install"
        )
    python, uv = str(folder / "bin" / "python"), folder / "bin" / "uv"
    if _version_of(python) != _version():
        print(f"Making an environment of Python {_version()} in {folder}", flush=True)
        _run(
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            "Python's venv module could not make it. On Debian and Ubuntu: apt install python3-venv",
        )
    if not uv.exists():
        print("Fetching uv, which installs the rest", flush=True)
        _run(
            [python, "-m", "pip", "install", "--quiet", "--constraint", PINS, "uv"],
            "pip could not fetch it. Can the package registry be reached from here?",
        )
    print(f"Installing what {wanted} names", flush=True)
    _run(
        # The machine's own certificates, which a company's proxy needs, and not uv's bundle.
        [str(uv), "pip", "install", "--system-certs", "--python", python, "-c", PINS, "-r", wanted],
        "uv says above which package could not be fetched or built.",
    )


def _run(command: list[str], hint: str) -> None:
    if subprocess.call(command) != 0:
        raise Failed(f"This failed: {' '.join(command)}\n{hint}")


def _version() -> str:
    return "{}.{}".format(*sys.version_info[:2])


def _version_of(python: str) -> str | None:
    """Of the environment that is there already, if one is."""
    try:
        answer = subprocess.check_output([python, "--version"], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    return ".".join(answer.decode().split()[1].split(".")[:2])


def main() -> int:
    started = time.monotonic()
    try:
        install(Path(sys.argv[1]), sys.argv[2])
    except Failed as failed:
        print(f"\n{failed}", file=sys.stderr)
        return 1
    print(f"Installed in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
