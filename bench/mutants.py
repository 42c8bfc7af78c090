"""
Whether tests notice wrong code: changes of one place each in a module, and the tests run with each.

    python -m bench mutants --module bridge/src/fairlead_bridge/catalog/merge.py
                            --tests tests/bridge/test_merge.py [...] [--count 20] [--seed 1] [--timeout 300]
                            [--seconds 3600]

A comparison is turned, `and` is `or`, a `not` is gone, a number is another, `min` is `max`, a default
(`x or 0`) is left out, an operation is its opposite. The repository is not touched: the package is
copied, and the copy is imported. A change that no test notices is printed with its line; whether it
is one that makes no difference, a person decides. Exits with 1 where there is one.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import fastapi.testclient  # noqa: F401  (loaded once, for all forks)
import hypothesis
import pytest
import sqlalchemy.dialects.sqlite  # noqa: F401

_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPPOSITE: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
#: Tests that need a service are left out: they would take minutes for each change.
_PLAIN = "not postgres and not kafka and not airflow and not browser and not system"
_OTHER_NAME = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    line: int
    before: str
    after: str
    source: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--module", type=Path, required=True)
    parser.add_argument("--tests", nargs="+", required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--timeout", type=float, default=300, help="seconds of one run of the tests"
    )
    parser.add_argument(
        "--seconds", type=float, default=3600, help="no change is begun after these"
    )
    options = parser.parse_args()
    found = list(mutants(options.module.read_text()))
    chosen = random.Random(options.seed).sample(found, min(options.count, len(found)))
    parts = options.module.parts
    source = Path(*parts[: parts.index("src") + 1])
    survivors = tried = 0
    until = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        copied = Path(folder) / options.module.relative_to(source)
        if not _passes(folder, options):
            print("the tests fail without a change")
            return 2
        for mutant in chosen:
            if time.monotonic() > until:
                break
            tried += 1
            copied.write_text(mutant.source)
            if _passes(folder, options):
                survivors += 1
                print(
                    f"SURVIVED {options.module}:{mutant.line} {mutant.before} -> {mutant.after}",
                    flush=True,
                )
    if not tried:
        print("no change was tried: the tests alone took all of --seconds")
        return 2
    print(f"{tried - survivors} of {tried} killed, of {len(found)} possible")
    return 1 if survivors else 0


def mutants(source: str) -> Iterator[Mutant]:
    """Every change of one place in this module."""
    tree = ast.parse(source)
    ignored = {id(inner) for node in _ignored(tree) for inner in ast.walk(node)}
    nodes = list(ast.walk(tree))
    for number, node in enumerate(nodes):
        if id(node) in ignored:
            continue
        for change in _changes(node):
            changed = copy.deepcopy(tree)
            place = list(ast.walk(changed))[number]
            before = ast.unparse(place)
            change(place)
            after = ast.unparse(place)
            if before != after:
                line = getattr(node, "lineno", 0)
                yield Mutant(line, before, after, ast.unparse(changed))


def _ignored(tree: ast.Module) -> Iterator[ast.AST]:
    """Annotations, and texts that are statements: they do nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield node.annotation
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield from node.decorator_list
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            yield node.returns
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node


def _changes(node: ast.AST) -> Iterator[Callable[[ast.AST], None]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _TURNED:
        yield _turn
    elif isinstance(node, ast.BoolOp):
        yield _exchange
        yield _leave_out
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield _drop
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPPOSITE:
        yield _oppose
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
        yield _count_on
    elif isinstance(node, ast.Name) and node.id in _OTHER_NAME:
        yield _rename


def _turn(node: ast.AST) -> None:
    assert isinstance(node, ast.Compare)
    node.ops[0] = _TURNED[type(node.ops[0])]()


def _exchange(node: ast.AST) -> None:
    assert isinstance(node, ast.BoolOp)
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()


def _leave_out(node: ast.AST) -> None:
    assert isinstance(node, ast.BoolOp)
    node.values = [node.values[0], copy.deepcopy(node.values[0]), *node.values[2:]]


def _drop(node: ast.AST) -> None:
    assert isinstance(node, ast.UnaryOp)
    node.op = ast.UAdd()
    if not isinstance(node.operand, ast.Constant):
        node.operand = ast.Call(ast.Name("int", ast.Load()), [node.operand], [])


def _oppose(node: ast.AST) -> None:
    assert isinstance(node, ast.BinOp)
    node.op = _OPPOSITE[type(node.op)]()


def _count_on(node: ast.AST) -> None:
    assert isinstance(node, ast.Constant)
    node.value = not node.value if isinstance(node.value, bool) else node.value + 1  # type: ignore[operator]


def _rename(node: ast.AST) -> None:
    assert isinstance(node, ast.Name)
    node.id = _OTHER_NAME[node.id]


def _passes(folder: str, options: argparse.Namespace) -> bool:
    """
    Whether the tests pass, in a fork of this process: it has loaded what all tests need.

    No module of the packages is loaded here, so the fork loads the copies.
    """
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):  # whatever it was, it is not a success
            os.setpgid(0, 0)
            os._exit(_run(folder, options))
        os._exit(1)
    deadline = time.monotonic() + options.timeout
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _run(folder: str, options: argparse.Namespace) -> int:
    sys.path.insert(0, folder)
    os.environ |= {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = True
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    # A failure is enough: the smallest one is not looked for.
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutants", phases=phases, deadline=None)
    loaded = ["--hypothesis-profile", "mutants"]
    loaded += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # as hypothesis is
    plain = ["-x", "-q", "-p", "no:cacheprovider", "-m", _PLAIN, *loaded]
    return int(pytest.main([*plain, *options.tests]))


if __name__ == "__main__":
    sys.exit(main())
