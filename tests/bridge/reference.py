"""
The generated parts of docs/reference: tables that come from the code and the fixtures.

`python -m tests.bridge.reference` writes them anew; test_reference.py holds them to it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

from fairlead_bridge import letters
from fairlead_bridge.mapping import facets
from fairlead_bridge.mapping.identity import RULES, engines, rules

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
PAGES = Path(__file__).parent / "identity"


def rules_table() -> str:
    """Every rule with the first example of its page."""
    lines = ["| rule | default | what it does | before | after |", "|---|---|---|---|---|"]
    rows = [(rule.name, rule.on, rule.apply) for rule in RULES]
    functions: list[tuple[str, bool, Callable[..., object]]] = [
        *rows,
        (rules.FOLD, True, rules.fold),
    ]
    for name, on, function in functions:
        meaning = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")
        before, after = first_example(name)
        lines.append(
            f"| `{name}` | {'on' if on else 'off'} | {meaning} | {_code(before)} | {_code(after)} |"
        )
    return "\n".join(lines) + "\n"


def first_example(rule: str) -> tuple[str, str]:
    for line in (PAGES / f"{rule}.txt").read_text().splitlines():
        for sign in (" => ", " == "):
            if not line.startswith("#") and sign in line:
                before, after = line.split(sign)
                return before.strip(), after.partition("   also ")[0].strip()
    raise LookupError(f"the page of {rule} shows no change")


def _code(spelling: str) -> str:
    """Backticks around namespace and name; the bar between them would end the cell."""
    return " ".join(f"`{part.strip()}`" for part in spelling.split(" | "))


def folding_list() -> str:
    return ", ".join(f"`{name}`" for name in sorted(letters.FOLDING)) + ".\n"


def ports_table() -> str:
    lines = ["| scheme | port |", "|---|---|"]
    lines += [f"| `{scheme}` | {port} |" for scheme, port in sorted(engines.PORTS.items())]
    return "\n".join(lines) + "\n"


#: {page: {name of the part: what makes it}}
GENERATED: dict[str, dict[str, Callable[[], str]]] = {
    "openlineage.md": {"facets": facets.table},
    "identity.md": {"rules": rules_table, "folding": folding_list, "ports": ports_table},
}


def renewed(page: str) -> str:
    """The page with its generated parts as they should be."""
    text = (FOLDER / page).read_text()
    for name, make in GENERATED[page].items():
        start, end = f"<!-- generated: {name} -->\n", "<!-- end -->\n"
        head, found, rest = text.partition(start)
        if not found or end not in rest:
            raise LookupError(f"{page} has no part {start.strip()} ... {end.strip()}")
        text = f"{head}{start}\n{make()}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    for each in GENERATED:
        (FOLDER / each).write_text(renewed(each))
