"""The private words that this code base does not use, and what to say instead (`docs/glossary.md`)."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from tests.contract.words import PRIVATE, identifiers, words

#: Identifiers that contain one: proper names, names of other libraries, and names that stand in
#: released migrations and REST answers.
ALLOWED = {
    "ClickHouseExtractor": "a product",
    "kept": "REST: promises that were kept",
    "kept_share": "REST: promises that were kept",
    "keep_a_copy": "a task of the example DAGs",
    "news_at": "column and REST field",
    "settled": "column",
    "silent_since": "REST field",
    "tell": "of Python's files",
    "timeout_keep_alive": "uvicorn's",
    "verdict": "REST: whether a data contract is kept",
    "verdicts": "REST: whether a data contract is kept",
    "told_at": "column and REST field",
}
#: What no comment and no docstring says, and what to say instead.
PROSE = {
    r"somebody|whoever|nobody": "the sender, the reader, the sink, the user",
    r"told|tells?|telling": "delivered, reported, says",
    r"verdicts?": "assessment, task state at run end",
    r"news": "changed entries, notification",
    r"keeper": "supervisor",
    r"lets? go of": "drops",
    r"c[oa]mes? of age|grown old": "become stale",
    r"take[ns]? back|takes? it back": "retract, remove",
    r"what c[oa]mes? of": "outcome, status",
    r"room \d|one floor|the house": "package, module, layer",
}
_PROSE = re.compile(rf"\b({'|'.join(PROSE)})\b", re.IGNORECASE)


def private_names(source: str) -> list[str]:
    """The private words in the source's identifiers, with lines and what to say instead."""
    return [
        f"line {line}: {name}: {word} -> {PRIVATE[word]}"
        for name, line in identifiers(ast.parse(source))
        if name not in ALLOWED
        for word in sorted(words(name) & PRIVATE.keys())
    ]


def private_prose(source: str) -> list[str]:
    """The lines of comments and docstrings that contain private words."""
    return [
        f"line {first + more}: {line.strip()}"
        for first, text in _prose(source)
        for more, line in enumerate(text.splitlines())
        if _PROSE.search(line)
    ]


def _prose(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=False)
            if text is not None:
                yield node.body[0].lineno, text
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
