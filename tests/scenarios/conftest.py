"""`--rewrite` writes what guardian does into the golden files; read the diff before keeping it."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="rewrite the golden scenarios' deeds")
