"""How big things are and may be. A program (`make lint`, `make ratchet`) and a library for tests.

The red limits are the house's; ratchet.json holds the worst that the tree has today, and it may only fall.
Files counted: every Python file of the project that is not in a hidden or generated folder.
"""

from __future__ import annotations

import ast
import io
import json
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RATCHET = Path(__file__).with_name("ratchet.json")
SOURCES = ("guardian", "tests", "tools")

RED = {
    "function_lines": 60,
    "file_lines": 400,
    "parameters": 5,
    "nesting": 3,
    "line_columns": 110,
    "folder_files": 15,
}
CORE_LINES_RED = 1500
VOCABULARY = {
    "model.py",
    "policy.py",
    "state.py",
    "market.py",
    "activity.py",
    "telemetry.py",
    "transfers.py",
    "stake.py",
    "calls.py",
    "pulse.py",
    "memory.py",
    "events.py",
    "effects.py",
    "words.py",
}

# Collections of one shape may grow: what is learned from one file is true of the next.
COLLECTIONS = ("guardian/core/metrics",)

Function = ast.FunctionDef | ast.AsyncFunctionDef
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
CLICK = {"command", "group", "option", "argument", "version_option", "pass_context", "pass_obj"}


@dataclass(frozen=True, slots=True)
class Size:
    """One thing measured: `where` is file:line, or a folder."""

    measure: str
    value: int
    where: str


def measure(root: Path = ROOT) -> list[Size]:
    """Every size in the tree."""
    files = list(python_files(root))
    sizes = [size for file in files for size in measure_file(file, root)]
    folders = Counter(file.parent.relative_to(root).as_posix() for file in files)
    sizes += [Size("folder_files", n, folder) for folder, n in folders.items() if folder not in COLLECTIONS]
    return sizes


def python_files(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        yield from sorted((root / source).rglob("*.py"))


def measure_file(file: Path, root: Path) -> Iterator[Size]:
    """Lines, widest line, and each function's length, parameters and nesting."""
    text = file.read_text(encoding="utf-8")
    name = file.relative_to(root).as_posix()
    lines = text.splitlines()
    yield Size("file_lines", len(lines), name)
    for number, line in enumerate(lines, start=1):
        yield Size("line_columns", len(line), f"{name}:{number}")
    for node in ast.walk(ast.parse(text, filename=name)):
        if isinstance(node, Function):
            where = f"{name}:{node.lineno} {node.name}"
            yield Size("function_lines", (node.end_lineno or node.lineno) - node.lineno + 1, where)
            yield Size("nesting", nesting(node.body), where)
            if not is_click_command(node):
                yield Size("parameters", parameters(node), where)


def parameters(function: Function) -> int:
    """What a caller may have to give; self and cls are not counted."""
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for i, name in enumerate(names) if not (i == 0 and name in {"self", "cls"})])


def is_click_command(function: Function) -> bool:
    """A command's parameters are its options: their number is the command line's business."""
    return any(_decorator_name(decorator) in CLICK for decorator in function.decorator_list)


def _decorator_name(decorator: ast.expr) -> str:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def nesting(body: Iterable[ast.stmt]) -> int:
    """How many blocks stand inside one another; elif, else, except and case belong to their block."""
    return max((_depth(statement) for statement in body), default=0)


def _depth(statement: ast.stmt) -> int:
    if not isinstance(statement, BLOCKS):
        return 0  # a function or class inside a function is measured on its own
    depth = 1 + max((nesting(body) for body in _inner_bodies(statement)), default=0)
    orelse = getattr(statement, "orelse", [])
    elif_chain = isinstance(statement, ast.If) and len(orelse) == 1 and isinstance(orelse[0], ast.If)
    return max(depth, nesting(orelse) + (0 if elif_chain else 1))


def _inner_bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    yield getattr(statement, "body", [])
    yield getattr(statement, "finalbody", [])
    for branch in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
        yield branch.body


def worst(sizes: Iterable[Size]) -> dict[str, Size]:
    """The largest of each measure."""
    found: dict[str, Size] = {}
    for size in sizes:
        if size.measure not in found or size.value > found[size.measure].value:
            found[size.measure] = size
    return found


def limits() -> dict[str, int]:
    """What may not be exceeded: the ratchet, and never more than red."""
    ratchet = json.loads(RATCHET.read_text(encoding="utf-8"))
    return {name: min(red, ratchet[name]) for name, red in RED.items()}


def findings(sizes: Iterable[Size], allowed: dict[str, int]) -> list[str]:
    return [
        f"{size.where}: {size.measure} is {size.value}, at most {allowed[size.measure]}"
        for size in sizes
        if size.value > allowed[size.measure]
    ]


def core_lines(root: Path = ROOT) -> int:
    """Lines of the core's deciding code: what one person reads in an hour (docs/decisions/0010).

    Not counted: metrics (a collection), the vocabulary (`VOCABULARY`), docstrings, comments and blank lines.
    """
    core = root / "guardian/core"
    files = (f for f in core.rglob("*.py") if "metrics" not in f.parts and f.name not in VOCABULARY)
    return sum(code_lines(file.read_text(encoding="utf-8")) for file in files)


def code_lines(source: str) -> int:
    """Lines that hold code: no docstrings, no comments, no blanks."""
    silent = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - docstring_lines(source))


def docstring_lines(source: str) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                found.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def lower(sizes: Iterable[Size]) -> dict[str, int]:
    """Today's worst, where it is below the ratchet: the ratchet never rises."""
    today = {name: size.value for name, size in worst(sizes).items()}
    return {name: min(allowed, today.get(name, allowed)) for name, allowed in limits().items()}


def main(arguments: list[str]) -> int:
    sizes = measure()
    if arguments == ["--lower"]:
        RATCHET.write_text(json.dumps(lower(sizes), indent=2) + "\n", encoding="utf-8")
    problems = findings(sizes, limits())
    if core_lines() > CORE_LINES_RED:
        problems.append(f"guardian/core: {core_lines()} deciding lines, at most {CORE_LINES_RED}")
    for problem in problems:
        print(problem)
    print("sizes: " + ", ".join(f"{name} {size.value}" for name, size in sorted(worst(sizes).items())))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
