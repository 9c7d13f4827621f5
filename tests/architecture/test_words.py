"""Names are in the field's words: a file called `helpers` is a place where nobody finds anything."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = ("manager", "handler", "helper", "util", "utility", "processor")


def words(name: str) -> list[str]:
    """`RiskManager`, `risk_manager` and `riskManagers` are all risk, manager."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def forbidden_word(name: str) -> str | None:
    singular = {word.removesuffix("s").replace("utilitie", "utility") for word in words(name)}
    return next((forbidden for forbidden in FORBIDDEN if forbidden in singular), None)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("RiskManager", "manager"),
        ("order_helpers", "helper"),
        ("utils", "util"),
        ("HTTPHandler", "handler"),
        ("utilities", "utility"),
        ("margin_utilisation", None),
        ("Snapshot", None),
        ("key_admin", None),
    ],
)
def test_forbidden_words_are_recognised(name: str, found: str | None) -> None:
    assert found == forbidden_word(name)


def test_no_file_or_class_has_a_forbidden_name() -> None:
    named = []
    for file in sorted((ROOT / "guardian").rglob("*.py")):
        where = file.relative_to(ROOT).as_posix()
        named.append((where, file.stem))
        named.append((where, file.parent.name))
        tree = ast.parse(file.read_text(encoding="utf-8"))
        named += [(where, node.name) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]

    assert [] == [(where, name) for where, name in named if forbidden_word(name)]
