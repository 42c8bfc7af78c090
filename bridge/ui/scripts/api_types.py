"""
Writes the page's API types, `src/api/schema.ts`, from the bridge's OpenAPI document.

    python bridge/ui/scripts/api_types.py           write the file
    python bridge/ui/scripts/api_types.py --check   fail when the file is not what it would write
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

TARGET = Path(__file__).parent.parent / "src" / "api" / "schema.ts"
HEADER = "// Written by scripts/api_types.py from the bridge's OpenAPI document.\n"
PLAIN = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
#: FastAPI's own description of a refused request; the page never reads it.
FOREIGN = {"HTTPValidationError", "ValidationError"}


def typescript(schema: dict[str, Any]) -> str:
    """The TypeScript type of one JSON schema."""
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    if "const" in schema:
        return repr(schema["const"])
    if "enum" in schema:
        return " | ".join(repr(value) for value in schema["enum"])
    if either := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(dict.fromkeys(typescript(part) for part in either))
    kind = schema.get("type")
    if kind == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(typescript(part) for part in schema['prefixItems'])}]"
        inner = typescript(schema.get("items", {}))
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {typescript(values) if isinstance(values, dict) else 'unknown'}>"
    return PLAIN.get(str(kind), "unknown")


def interface(name: str, schema: dict[str, Any]) -> str:
    if "properties" not in schema:
        return f"export type {name} = {typescript(schema)}\n"
    fields = "".join(
        f"  {field}: {typescript(part)}\n" for field, part in schema["properties"].items()
    )
    return f"export interface {name} {{\n{fields}}}\n"


def render(document: dict[str, Any]) -> str:
    schemas = document.get("components", {}).get("schemas", {})
    parts = [interface(name, schemas[name]) for name in sorted(schemas) if name not in FOREIGN]
    return "\n".join([HEADER, *parts])


def document() -> dict[str, Any]:
    """The OpenAPI document of a bridge whose database is never opened."""
    from fairlead_bridge.app import build_web
    from fairlead_bridge.db.engine import open_database
    from fairlead_bridge.settings import Settings

    with TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/empty.db")
        engine = open_database(settings.database_url)
        try:
            return build_web(settings, engine, bytes).openapi()
        finally:
            engine.dispose()


def main() -> int:
    text = render(document())
    if "--check" in sys.argv:
        current = TARGET.read_text(encoding="utf-8") if TARGET.is_file() else ""
        if current != text:
            print(f"{TARGET} is not what the API says; run {Path(__file__).name}", file=sys.stderr)  # noqa: T201
        return int(current != text)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
