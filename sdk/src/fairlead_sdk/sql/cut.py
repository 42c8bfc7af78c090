"""A script cut into statements, by its tokens.

sqlglot cuts at semicolons. Scripts have more: T-SQL needs none, blocks (BEGIN ... END, IF, WHILE) wrap
statements in every dialect, procedures hold scripts of their own, and quotes may never be closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from fairlead_sdk.sql.starts import starts_statement

BATCHES = frozenset({"tsql", "fabric"})
"""Dialects whose statements need no semicolon."""


@dataclass(frozen=True)
class Piece:
    """One statement. `procedure`: it is in the body of that one, which this script only defines."""

    text: str
    condition: str = ""
    """The word in front of it, such as IF, where it is only the condition of others."""
    procedure: str = ""


@dataclass(frozen=True)
class Fault:
    """A part of the script that cannot be cut."""

    message: str


QUOTED = frozenset(
    {TokenType.STRING, TokenType.IDENTIFIER, TokenType.NATIONAL_STRING, TokenType.RAW_STRING}
    | {TokenType.HEREDOC_STRING, TokenType.BYTE_STRING, TokenType.UNICODE_STRING}
)
_AT = re.compile(r"from \d+:(\d+)")

_STARTS = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "ALTER", "DROP", "TRUNCATE", "EXEC"}
    | {
        "EXECUTE",
        "DECLARE",
        "SET",
        "IF",
        "WHILE",
        "PRINT",
        "RETURN",
        "WITH",
        "USE",
        "THROW",
        "BEGIN",
    }
    | {"RAISERROR", "COMMIT", "ROLLBACK", "WAITFOR", "FETCH", "OPEN", "CLOSE", "DEALLOCATE", "CALL"}
    | {"GRANT", "REVOKE", "END", "ELSE", "GO", "BREAK", "CONTINUE", "REPLACE", "UPDATE STATISTICS"}
)
_TRANSACTION = frozenset(
    {"TRAN", "TRANSACTION", "WORK", ";", "ISOLATION", "DEFERRED", "IMMEDIATE", "EXCLUSIVE", "READ"}
)
_BLOCK_KINDS = {
    "BEGIN": {"TRY", "CATCH", "ATOMIC", "NOT"},
    "END": {"TRY", "CATCH", "IF", "LOOP", "WHILE", "FOR", "CASE", "REPEAT"},
}
_CONDITIONS = frozenset({"IF", "ELSEIF", "ELSIF", "WHILE", "WHEN", "UNTIL", "FOR", "FOREACH"})
_PROGRAMS = frozenset({"PROCEDURE", "PROC", "FUNCTION", "TRIGGER", "PACKAGE", "EVENT", "TASK"})


def cut(script: str, dialect: str) -> Iterator[Piece | Fault]:
    """The statements of a script; a quote that is never closed costs its own statement."""
    rest = script
    while rest.strip():
        try:
            tokens = tokenize(rest, dialect)
        except SqlglotError as error:
            at = _opened(error)
            start = _start_of_last(rest[:at], dialect)
            yield from cut(rest[:start], dialect)
            fault, _, rest = rest[start:].partition(";")
            yield Fault(f"{_message(error)}, in: {fault.strip()[:200]}")
        else:
            yield from _Cutter(rest, tokens, dialect).pieces(0, len(tokens))
            return


def _message(error: SqlglotError) -> str:
    if isinstance(error.__cause__, IndexError):
        return "a comment or a quote is never closed"
    return str(error.__cause__ or error).partition(" from ")[0]


def tokenize(text: str, dialect: str) -> list[Token]:
    found = _tokenizer(dialect)(dialect=dialect or None).tokenize(text)
    # Athena's marks statements that are Hive's with a token that is not in the text.
    return [token for token in found if token.token_type != TokenType.HIVE_TOKEN_STREAM]


@cache
def _tokenizer(dialect: str) -> type[Tokenizer]:
    """The dialect's, which does not take all that follows a command for one text."""
    base = Dialect.get_or_raise(dialect or None).tokenizer_class

    class Plain(base):  # type: ignore[misc, valid-type]
        COMMANDS: ClassVar[set[TokenType]] = set()

    return Plain


def _opened(error: SqlglotError) -> int:
    """Where the quote stands that is never closed."""
    found = _AT.search(str(error.__cause__))
    return int(found[1]) if found else 0


def _start_of_last(text: str, dialect: str) -> int:
    """Where the last statement begins."""
    try:
        tokens = tokenize(text, dialect)
    except SqlglotError:
        return text.rfind(";") + 1
    spans = list(_Cutter(text, tokens, dialect).spans(0, len(tokens)))
    return tokens[spans[-1][0]].start if spans else len(text)


def words(tokens: Sequence[Token]) -> list[str]:
    return ["" if t.token_type in QUOTED else t.text.upper() for t in tokens]


class _Cutter:
    def __init__(self, text: str, tokens: Sequence[Token], dialect: str) -> None:
        self._text = text
        self._tokens = tokens
        self._words = words(tokens)
        self._dialect = dialect
        self._needs_no_semicolon = dialect in BATCHES

    def pieces(self, start: int, end: int, procedure: str = "") -> Iterator[Piece]:
        for first, last, condition in self.spans(start, end):
            if not condition and (body := self._body(first, last)):
                name, inner_first, inner_last = body
                if self._tokens[inner_first].token_type in QUOTED:
                    yield from self._quoted_body(name, inner_first)
                else:
                    yield from self.pieces(inner_first, inner_last, procedure or name)
                continue
            text = self._text[self._tokens[first].start : self._tokens[last - 1].end + 1]
            yield Piece(text, condition, procedure)

    def _quoted_body(self, name: str, index: int) -> Iterator[Piece]:
        for piece in cut(self._tokens[index].text, self._dialect):
            if isinstance(piece, Piece):
                yield Piece(piece.text, piece.condition, name)

    def spans(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        """First and last token of each statement, and the word in front of a condition."""
        index = start
        while index < end:
            word = self._words[index]
            if word == ";" or self._skips(index) or (word == "/" and self._is_alone(index)):
                index += 1
                continue
            if word == "<<" or (
                self._words[index + 1 : index + 2] == [":"] and self._is_label(index)
            ):
                index += 3 if word == "<<" else 2
                continue
            if word in _CONDITIONS:
                last = self._end_of_condition(index, end)
                if last > index + 1:
                    yield index + 1, last, word
                index = last
                continue
            if word in ("PROCEDURE", "FUNCTION"):  # inside a package
                index = self._behind_head(index, end)
                continue
            if body := self._body(index, end):
                yield index, body[2], ""
                index = body[2]
                continue
            last = self._end_of(index, end)
            yield index, last, ""
            index = last

    def _is_label(self, index: int) -> bool:
        """Whether the word names the loop or the block behind it: `l: LOOP`."""
        return self._words[index + 2 : index + 3] in (
            ["LOOP"],
            ["WHILE"],
            ["REPEAT"],
            ["FOR"],
            ["BEGIN"],
        )

    def _behind_head(self, start: int, end: int) -> int:
        for index in range(start, end):
            if self._words[index] in ("IS", "AS", "BEGIN", ";"):
                return index + 1
        return end

    def _skips(self, index: int) -> bool:
        """Words of blocks around statements."""
        word = self._words[index]
        following = self._words[index + 1] if index + 1 < len(self._words) else ";"
        before = self._words[index - 1] if index else ""
        if word == "BEGIN":
            return following not in _TRANSACTION
        if word in ("END", "ELSE", "THEN", "LOOP", "REPEAT", "GO", "EXCEPTION", "DO"):
            return word != "DO" or (before != ";" and index > 0)
        if word in _BLOCK_KINDS.get(before, ()) or (before == "END" and following in (";", "/")):
            return True  # the latter is the name of what ends
        return word == "ATOMIC" and before == "NOT"

    def _end_of_condition(self, start: int, end: int) -> int:
        """Behind `IF ... THEN`; without THEN, in front of the statement that depends on it."""
        depth = cases = 0
        for index in range(start + 1, end):
            word = self._words[index]
            depth += (word == "(") - (word == ")")
            if depth > 0:
                continue
            cases += word == "CASE"
            if cases:
                cases -= word == "END"
                continue
            if word in ("THEN", "DO", "LOOP"):
                return index
            if word == ";" or (
                self._needs_no_semicolon and word in _STARTS and word not in ("IF", "WITH")
            ):
                return index
            if word == "BEGIN":
                return index
        return end

    def _end_of(self, start: int, end: int) -> int:
        depth = cases = 0
        for index in range(start, end):
            word = self._words[index]
            if word in ("(", "[", "{"):
                depth += 1
            elif word in (")", "]", "}"):
                depth = max(0, depth - 1)
            elif word == ";" or (word == "/" and self._is_alone(index)):
                return index
            if depth:
                continue
            if word == "CASE":
                cases += 1
            elif cases:
                cases -= word == "END"
            elif index > start and self._is_cut(start, index):
                return index
        return end

    def _is_cut(self, start: int, index: int) -> bool:
        word = self._words[index]
        if word == "GO" and self._needs_no_semicolon:
            return self._is_alone(index)
        if word == "END" and not self._needs_no_semicolon:
            return False
        if not self._needs_no_semicolon or word not in _STARTS:
            return False
        return starts_statement(self._words, start, index)

    def _is_alone(self, index: int) -> bool:
        token = self._tokens[index]
        end = self._text.find("\n", token.start)
        first = self._text.rfind("\n", 0, token.start) + 1
        line = self._text[first : end if end >= 0 else len(self._text)]
        return bool(re.fullmatch(r"\s*(GO(\s+\d+)?|/)\s*;?\s*", line, re.IGNORECASE))

    def _body(self, start: int, end: int) -> tuple[str, int, int] | None:
        """A procedure's name, and the first and last token of its body."""
        if self._words[start] not in ("CREATE", "ALTER", "REPLACE"):
            return None
        head = self._words[start : min(start + 8, end)]
        kind = next((i for i, word in enumerate(head) if word in _PROGRAMS), None)
        if kind is None or any(word in ("TABLE", "VIEW", "(", "INDEX") for word in head[:kind]):
            return None
        name = self._name(start + kind + 1, end)
        is_package = head[kind] == "PACKAGE"
        for index in range(start + kind + 1, end):
            word = self._words[index]
            if word == ";":
                return None
            if word in ("AS", "IS") and index + 1 < end:
                following = index + 1
                if self._tokens[following].token_type in QUOTED:
                    return name, following, self._end_of(index, end)
                if self._words[following] in ("SELECT", "(", "WITH"):
                    return name, following, self._end_of(following, end)
                if word == "AS" and self._words[index - 1] == "EXECUTE":
                    continue
                last = self._end_of_package(following, end) if is_package else None
                return name, following, last or self._end_of_body(following, end)
            if word == "BEGIN":
                return name, index, self._end_of_body(index, end)
        return None

    def _end_of_package(self, start: int, end: int) -> int:
        return next(
            (i for i in range(start, end) if self._words[i] == "/" and self._is_alone(i)), end
        )

    def _name(self, start: int, end: int) -> str:
        parts: list[str] = []
        for index in range(start, end):
            if self._words[index] in ("IF", "NOT", "EXISTS", "BODY"):
                continue
            if self._words[index] == "." or not parts or self._words[index - 1] == ".":
                parts.append(self._tokens[index].text)
            else:
                break
        return "".join(parts)

    def _end_of_body(self, start: int, end: int) -> int:
        """Behind the END that closes the first BEGIN; of a T-SQL procedure, behind all of its batch."""
        depth = 0
        for index in range(start, end):
            word = self._words[index]
            if self._needs_no_semicolon:
                if word == "GO" and self._is_alone(index):
                    return index
                continue
            following = self._words[index + 1] if index + 1 < end else ";"
            if (word == "CASE" and self._words[index - 1] != "END") or (
                word == "BEGIN" and following not in _TRANSACTION - {";"}
            ):
                depth += 1
            elif word == "END" and following not in ("IF", "LOOP", "WHILE", "FOR", "REPEAT"):
                depth -= 1
                if depth <= 0:
                    return index + 1
        return end


def cut_at_starts(text: str, dialect: str) -> list[str]:
    """Statements that stand one behind the other without a semicolon, as a comment may swallow it."""
    tokens = tokenize(text, dialect)
    spoken = words(tokens)
    starts = [0]
    depth = 0
    for index, word in enumerate(spoken):
        depth += (word == "(") - (word == ")")
        if (
            index
            and depth == 0
            and word in _STARTS - {"END", "ELSE", "GO", "IF", "REPLACE", "SET"}
            and starts_statement(spoken, starts[-1], index)
        ):
            starts.append(index)
    ends = [*starts[1:], len(tokens)]
    return [
        text[tokens[first].start : tokens[last - 1].end + 1]
        for first, last in zip(starts, ends, strict=True)
    ]
