"""`resume` names `--rebase` only where it changes anything."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from guardian.cli.act.operate import _warn
from guardian.config import load_packs
from guardian.config.content import names

CONFIG = cast(
    Any, SimpleNamespace(packs=load_packs([n for n in names("rules") if n != "builtin"], Path.cwd()))
)


@pytest.mark.parametrize(
    ("rule", "helps"),
    [
        ("ats-dd-1h", True),
        ("ats-daily-loss", True),
        ("mandate-dd-30d", True),
        ("integrity", True),
        ("copy-keys", True),
        ("client-transfers", True),
        ("a-rule-that-the-file-has-no-more", True),
        ("factory-risk-per-signal", False),
        ("ats-leverage", False),
        ("ats-margin", False),
        ("starter-blind", False),
    ],
)
def test_a_size_that_is_too_large_has_no_baseline(
    rule: str, helps: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    _warn(CONFIG, {"would_trip": [{"rule": rule, "level": "HALT"}]}, ())

    said = capsys.readouterr().err
    assert f"{rule} would demand HALT again at once" in said
    assert (f"--rebase {rule}" in said) == helps
    assert ("what is there now" in said) != helps


def test_a_wallet_that_nothing_explains_is_accepted_by_the_integrity_rule_s_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What the operator is told to change he cannot: the money is there, or is not."""
    _warn(CONFIG, {"would_trip": [{"rule": "factory-balance", "level": "HALT"}]}, ())

    assert "--rebase integrity" in capsys.readouterr().err


def test_what_is_rebased_is_not_told_again(capsys: pytest.CaptureFixture[str]) -> None:
    _warn(CONFIG, {"would_trip": [{"rule": "ats-dd-1h", "level": "HALT"}]}, ("ats-dd-1h",))

    assert capsys.readouterr().err == ""
