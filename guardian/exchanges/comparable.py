"""The venues whose public prices can be compared with: those that ccxt knows, without loading them all.

ccxt has one module for each, beside its packages; importing it to read its list takes as long as a start may.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def comparable() -> frozenset[str]:
    """Their ccxt ids."""
    spec = find_spec("ccxt")
    assert spec is not None, "ccxt is a dependency of guardian"
    assert spec.origin is not None
    return frozenset(file.stem for file in Path(spec.origin).parent.glob("*.py")) - {"__init__"}
