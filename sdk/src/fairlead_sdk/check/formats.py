"""Reports as people and machines read them: text, JSON, Markdown, SARIF, GitLab's code quality."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator

from fairlead_sdk.check.model import RULES, Finding, Report
from fairlead_sdk.documents import Json

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
MARK = "<!-- fairlead check -->"
"""The first line of the comment, by which the next one finds it."""


def as_text(report: Report) -> str:
    """One paragraph a finding; empty where nothing breaks."""
    return "\n".join(line for each in report.findings for line in _paragraph(each))


def _paragraph(finding: Finding) -> Iterator[str]:
    yield f"{finding.place.file}:{finding.place.line}: {finding.message} [{finding.rule}]"
    yield from (f"    {use}" for use in finding.uses)
    if finding.owners:
        yield f"    owners: {', '.join(finding.owners)}"


def as_json(report: Report) -> str:
    """`{"breaks": bool, "files", "tables", "findings": [...]}`."""
    return json.dumps(
        {
            "breaks": bool(report.breaking),
            "files": report.files,
            "tables": report.tables,
            "findings": [each.as_dict() for each in report.findings],
        },
        indent=2,
    )


def as_markdown(report: Report) -> str:
    """The comment of a pull request; empty where nothing breaks."""
    if not report.findings:
        return ""
    count = len(report.breaking)
    lines = [MARK, f"### This change breaks {count} thing{'s' * (count != 1)} downstream", ""]
    for each in report.findings:
        lines.append(f"- **{_escaped(each.message)}** (`{each.place.file}:{each.place.line}`)")
        if each.uses:
            shown = each.uses[:10]
            lines += [f"  - {_escaped(use)}" for use in shown]
            more = len(each.uses) - len(shown)
            lines += [f"  - and {more} more"] if more else []
        if each.owners:
            lines.append(f"  - owners: {_escaped(', '.join(each.owners))}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    for character in "\\`*_<>[]|@":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def as_sarif(report: Report) -> str:
    """SARIF 2.1.0, for code scanning."""
    results = [
        {
            "ruleId": each.rule,
            "level": "error" if each.breaks else "note",
            "message": {"text": "\n".join([each.message, *each.uses])},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": each.place.file},
                        "region": {"startLine": each.place.line},
                    }
                }
            ],
            "partialFingerprints": {"fairlead/v1": fingerprint(each)},
        }
        for each in report.findings
    ]
    rules = [{"id": rule, "shortDescription": {"text": text}} for rule, text in RULES.items()]
    tool = {"driver": {"name": "fairlead check", "rules": rules}}
    run: Json = {"tool": tool, "results": results}
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def as_gitlab(report: Report) -> str:
    """GitLab's code quality report."""
    return json.dumps(
        [
            {
                "description": each.message,
                "check_name": each.rule,
                "fingerprint": fingerprint(each),
                "severity": "critical" if each.breaks else "info",
                "location": {"path": each.place.file, "lines": {"begin": each.place.line}},
            }
            for each in report.findings
        ],
        indent=2,
    )


def fingerprint(finding: Finding) -> str:
    """The same for the same finding, wherever its line moves."""
    parts = (finding.rule, finding.place.file, finding.dataset, finding.column, finding.message)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


FORMATS: dict[str, Callable[[Report], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
    "sarif": as_sarif,
    "gitlab": as_gitlab,
}
