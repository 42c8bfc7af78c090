"""
The table of operators in the docs.

`make operators-page` writes docs/reference/operators.md anew, with the operators of .venv-operators.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.provider.examples import EXAMPLES, reported
from tests.provider.installed import Operator, operators
from tests.provider.operators import FACETS, extracted, found, shop

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "operators.md"
START, END = "<!-- generated: operators -->\n", "<!-- end -->\n"
COMMAND = "make operators-page"
SHORT = 300
"""Characters of a list above which it is folded."""


def words(lineage: Any) -> str:
    """What a lineage has, for people."""
    shown = [side for side in ("inputs", "outputs") if getattr(lineage, side)]
    if any("columnLineage" in (node.facets or {}) for node in lineage.outputs):
        shown.append("columns")
    shown += [FACETS[name][1] for name in found(lineage)]
    return ", ".join(shown) or "nothing"


def measured() -> dict[str, tuple[str, str]]:
    """For each operator with an example: what OpenLineage alone, and with Fairlead, knows of it."""
    result = {}
    with shop() as folder, contextlib.redirect_stdout(io.StringIO()):
        for number, example in enumerate(EXAMPLES):
            if example.name not in result:
                alone = extracted(example, folder, ours=False)
                result[example.name] = words(alone), words(reported(number)[0])
    return result


def ours() -> set[str]:
    """Class names that our extractors are registered for."""
    from fairlead_airflow.extractors import EXTRACTORS

    kinds = (
        getattr(import_module(path.rpartition(".")[0]), path.rpartition(".")[2])
        for path in EXTRACTORS
    )
    return {name for kind in kinds for name in kind.operators}


def like(operator: Operator, known: set[str]) -> str | None:
    """The base whose extractor reads the operator, unless OpenLineage's methods are nearer."""
    for name in operator.line:
        if name in known:
            return name
        if name == operator.speaks_first:
            return None
    return None


def sections() -> Iterator[str]:
    """The page's generated part, line by line."""
    known, facts = ours(), measured()
    packages = {
        package: list(group) for package, group in groupby(operators(), lambda each: each.package)
    }
    yield "| package | operators | OpenLineage alone reads | with Fairlead |"
    yield "|---|---|---|---|"
    for package, group in packages.items():
        stock = sum(
            each.speaks or facts.get(each.name, ("nothing",))[0] != "nothing" for each in group
        )
        both = sum(each.speaks or like(each, known) is not None for each in group)
        yield f"| {package} {group[0].version} | {len(group)} | {stock} | {both} |"
    for package, group in packages.items():
        yield from _section(package, group, known, facts)


def _section(
    package: str, group: list[Operator], known: set[str], facts: dict[str, tuple[str, str]]
) -> Iterator[str]:
    yield f"\n### {package}\n"
    rows = [each.name for each in group if each.name in facts]
    if rows:
        yield "| operator | OpenLineage alone | with Fairlead |"
        yield "|---|---|---|"
        for name in dict.fromkeys(rows):
            yield f"| `{name}` | {facts[name][0]} | {facts[name][1]} |"
        yield ""
    rest = [each for each in group if each.name not in facts]
    derived: dict[str, list[str]] = {}
    for each in rest:
        if base := like(each, known):
            derived.setdefault(base, []).append(each.name)
    for base, names in sorted(derived.items()):
        yield from _listed(f"As `{base}`", [name for name in names if name != base] or names)
    left = [each for each in rest if like(each, known) is None]
    yield from _listed("With OpenLineage's own methods", [e.name for e in left if e.speaks])
    yield from _listed("Nothing of their own", [e.name for e in left if not e.speaks])


def _listed(title: str, names: list[str]) -> Iterator[str]:
    text = ", ".join(f"`{name}`" for name in dict.fromkeys(names))
    if not text:
        return
    if len(text) <= SHORT:
        yield f"{title}: {text}.\n"
    else:
        count = len(dict.fromkeys(names))
        yield f"<details><summary>{title.replace('`', '')}: {count}</summary>\n\n{text}\n\n</details>\n"


def renewed() -> str:
    """The page with the generated part as it should be; ImportError where a package is missing."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(sections())).rstrip()
    return f"{head}{START}\n{body}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    import_module("tests.provider.conftest")  # an Airflow home of its own
    PAGE.write_text(renewed(), encoding="utf-8")
