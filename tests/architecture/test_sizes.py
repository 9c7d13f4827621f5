"""Legibility is a budget: nothing grows past what one person reads in one sitting."""

from __future__ import annotations

import ast
import textwrap
import warnings

import pytest

from tests.architecture import sizes


def test_nothing_is_bigger_than_the_ratchet_allows() -> None:
    """The worst of today is the limit of tomorrow; ratchet.json may only fall."""
    measured = sizes.measure()

    problems = sizes.findings(measured, sizes.limits())

    assert [] == problems
    fell = {name: value for name, value in sizes.lower(measured).items() if value < sizes.limits()[name]}
    if fell:
        warnings.warn(f"sizes fell, lower the ratchet with `make ratchet`: {fell}", stacklevel=1)


def test_the_ratchet_never_stands_above_red() -> None:
    """Raising a number in ratchet.json past the house's limit must not buy anything."""
    for name, allowed in sizes.limits().items():
        assert allowed <= sizes.RED[name]


def test_the_core_can_be_read_in_an_hour() -> None:
    assert sizes.core_lines() <= sizes.CORE_LINES_RED


def _function(source: str) -> sizes.Function:
    node = ast.parse(textwrap.dedent(source)).body[0]
    assert isinstance(node, sizes.Function)
    return node


@pytest.mark.parametrize(
    ("depth", "source"),
    [
        (0, "def f():\n    return 1"),
        (1, "def f():\n    if a:\n        b()\n    elif c:\n        d()\n    else:\n        e()"),
        (2, "def f():\n    if a:\n        b()\n    else:\n        for x in y:\n            d()"),
        (2, "def f():\n    try:\n        a()\n    except E:\n        if b:\n            c()"),
        (4, "def f():\n    for a in b:\n        with c:\n            match d:\n                case 1:\n"
            "                    if e:\n                        g()"),
    ],
)  # fmt: skip
def test_nesting_counts_blocks_inside_blocks(depth: int, source: str) -> None:
    """A measure that is wrong about elif or except would push people into worse shapes."""
    assert depth == sizes.nesting(_function(source).body)


def test_parameters_leave_out_self_and_click_commands() -> None:
    method = _function("def f(self, a, b, *, c=1):\n    pass")
    command = _function("@click.option('--x')\ndef f(a, b, c, d, e, f):\n    pass")

    assert 3 == sizes.parameters(method)
    assert sizes.is_click_command(command)
    assert not sizes.is_click_command(method)


def test_a_planted_giant_is_found() -> None:
    """The test of the test: a tree with one oversized function must not pass."""
    giant = sizes.Size("function_lines", 61, "guardian/x.py:1 f")

    assert 1 == len(sizes.findings([giant], sizes.limits()))
