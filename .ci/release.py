"""
Check a release's tag, and print its part of the changelog.

    python3 .ci/release.py check v0.1.0     fails unless VERSION and CHANGELOG.md are ready for it
    python3 .ci/release.py notes v0.1.0     prints the changelog's section of this version
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def section(changelog: str, version: str) -> tuple[str, str]:
    """Return what follows the version in its heading, and the section's text.

    Raises ValueError where the changelog has no such section.
    """
    heading = rf"^## \[{re.escape(version)}\](.*)$\n((?:(?!^## ).*\n?)*)"
    found = re.search(heading, changelog, re.MULTILINE)
    if not found:
        raise ValueError(f"CHANGELOG.md has no section [{version}]")
    return found[1].strip(" -"), found[2].strip()


def check(tag: str, version: str, changelog: str) -> None:
    """Raise ValueError unless the tag is the version's and the changelog gives it a date."""
    if tag != f"v{version}":
        raise ValueError(f"the tag {tag} is not that of VERSION, v{version}")
    date, _ = section(changelog, version)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", date):
        raise ValueError(f"CHANGELOG.md dates {version} as {date!r}; write the day of the release")


def main(arguments: list[str]) -> int:
    """Run the command; 0 on success, 1 where the release is not ready, 2 for wrong use."""
    if len(arguments) != 2 or arguments[0] not in {"check", "notes"}:
        sys.stderr.write(__doc__ or "")
        return 2
    command, tag = arguments
    version, changelog = (ROOT / "VERSION").read_text().strip(), (ROOT / "CHANGELOG.md").read_text()
    try:
        if command == "check":
            check(tag, version, changelog)
        else:
            sys.stdout.write(section(changelog, tag.removeprefix("v"))[1] + "\n")
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
