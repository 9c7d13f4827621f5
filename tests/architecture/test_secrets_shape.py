"""A secret that has no printable form cannot reach a log, an exception or the journal by accident."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from guardian.ports import Credential

ROOT = Path(__file__).resolve().parents[2]
SECRET = re.compile(r"^(\w+_)?(secret|password|passphrase|token|routing_key)$")


def printable_secrets(source: str) -> list[str]:
    """Fields of dataclasses that hold a secret and would show it in a repr."""
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    return [
        f"{found.name}.{field.target.id}"
        for found in classes
        if any("dataclass" in ast.unparse(decorator) for decorator in found.decorator_list)
        and not any("repr=False" in ast.unparse(decorator) for decorator in found.decorator_list)
        for field in found.body
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and SECRET.match(field.target.id)
        and not (field.value and "repr=False" in ast.unparse(field.value))
    ]


def test_no_value_shows_its_secret() -> None:
    found = {
        file.relative_to(ROOT).as_posix(): shown
        for file in (ROOT / "guardian").rglob("*.py")
        if (shown := printable_secrets(file.read_text(encoding="utf-8")))
    }

    assert {} == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("secret: str", ["Key.secret"]),
        ("api_secret: str = ''", ["Key.api_secret"]),
        ("secret: str = field(repr=False)", []),
        ("secret_ref: str", []),
    ],
)
def test_a_printable_secret_is_found(line: str, found: list[str]) -> None:
    assert found == printable_secrets(f"@dataclass(frozen=True)\nclass Key:\n    {line}\n")


def test_a_credential_has_no_printable_secret() -> None:
    """Formatting a value is how a secret gets into a log; there is no format that shows this one."""
    credential = Credential("public-id", "s3cr3t-value", (("passphrase", "s3cr3t-too"),))

    texts = [
        repr(credential),
        str(credential),
        f"{credential!r:>80}",
        str(KeyError(credential)),
        repr([credential]),
    ]

    assert all("s3cr3t" not in text and "public-id" in text for text in texts)
