"""Where a statement begins, recognised by its words."""

from __future__ import annotations

from collections.abc import Sequence

_NO_START_AFTER = {
    "SELECT": {
        "UNION",
        "ALL",
        "EXCEPT",
        "INTERSECT",
        "MINUS",
        "DISTINCT",
        "AS",
        "FOR",
        "(",
        "EXISTS",
    }
    | {"THEN", "IN", "ANY", "SOME"},
    "INSERT": {"BULK", "THEN", "AFTER", "BEFORE", "FOR", "OF", ",", "OR", "GRANT"},
    "UPDATE": {"THEN", "AFTER", "BEFORE", "FOR", "OF", ",", "OR", "DO", "KEY", "GRANT"},
    "DELETE": {"THEN", "AFTER", "BEFORE", "FOR", "OF", ",", "OR", "GRANT"},
    "MERGE": {"INNER", "LEFT", "RIGHT", "FULL", "UNION", "("},
    "IF": {"TABLE", "VIEW", "SCHEMA", "INDEX", "PROCEDURE", "FUNCTION", "DATABASE", "COLUMN"}
    | {"CONSTRAINT", "END", "TRIGGER", "TYPE", "SEQUENCE", "USER", "ROLE", "SYNONYM"},
    "SET": {"UPDATE", "DELETE", "ON"},
    "ALTER": {"OR"},
    "EXECUTE": {"GRANT", "WITH", "AS"},
    "REPLACE": {"OR", "INSERT"},
    "BEGIN": {"AS"},
}
_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"})
_AFTER_PLAIN_WITH = frozenset(
    {
        "(",
        "TIES",
        "ROLLUP",
        "CUBE",
        "TIME",
        "NO",
        "CHECK",
        "NOCHECK",
        "SCHEMABINDING",
        "DATA",
        "RECOMPILE",
    }
    | {"NOLOCK", "ENCRYPTION", "XMLNAMESPACES", "GRANT", "ADMIN"}
)


def starts_statement(spoken: Sequence[str], start: int, index: int) -> bool:
    """Whether the word begins another statement than that which began at `start`."""
    word, before, first = spoken[index], spoken[index - 1], spoken[start]
    following = spoken[index + 1] if index + 1 < len(spoken) else ";"
    if before in _NO_START_AFTER.get(word, ()) or before in (".", ",", "="):
        return False
    if before == "ON" and word in ("UPDATE", "DELETE") and first != "SET":
        return False  # of a foreign key
    words = spoken[start:index]
    if first == "ALTER" and "VIEW" in words[:3]:
        first = "CREATE"
    if following in (".", "=") and word not in ("SELECT", "IF"):
        return False
    if first == "WITH":
        first = next((verb for verb in _outside(words) if verb in _VERBS), "")
        if not first:
            return False
    if (
        word == "WITH"
        and (  # a hint, or what follows a GROUP BY or a view
            following in _AFTER_PLAIN_WITH or "AS" not in spoken[index : index + 40]
        )
    ):
        return False
    if first in ("INSERT", "REPLACE") and word in ("SELECT", "EXEC", "EXECUTE", "WITH", "SET"):
        return bool({"SELECT", "VALUES", "EXEC", "EXECUTE", "DEFAULT"} & set(_outside(words)))
    if word == "SET":
        return not (
            (first in ("UPDATE", "MERGE", "INSERT") or "UPDATE" in _outside(words))
            and words.count("SET") < 1 + words.count("UPDATE")
        ) and first not in ("ALTER", "CREATE")
    if first in ("ALTER", "GRANT", "REVOKE", "DENY") and word not in ("GO", "BEGIN", "END"):
        if word == "WITH":
            return spoken[index + 2 : index + 3] in (["AS"], ["("])
        return word in ("INSERT", "MERGE", "TRUNCATE", "EXEC", "DECLARE", "PRINT", "IF") or (
            word in ("SELECT", "UPDATE", "DELETE", "CREATE") and first == "ALTER"
        )
    if first == "CREATE" and word in ("SELECT", "WITH") and before in ("AS", "("):
        return False
    outside = _outside(words)
    if first == "CREATE" and word == "SELECT" and "WITH" in outside and "SELECT" not in outside:
        return False  # behind the named queries of a view
    if word in ("OPEN", "CLOSE", "USE", "PRINT", "REPLACE", "CALL") and following in ("(", ")"):
        return False
    return not (word == "FETCH" and before in ("ROWS", "ROW"))


def _outside(words: Sequence[str]) -> list[str]:
    """The words that stand in no parentheses."""
    depth = 0
    found = []
    for word in words:
        depth += (word == "(") - (word == ")")
        if depth == 0:
            found.append(word)
    return found
