"""`clears: auto`, `cooldown` and `gamma`: what a rule has that says nothing of them, what a change does."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian.cli.setup.compare import compare
from guardian.config import load_packs
from guardian.core.model import Rule

RULE = """\
- id: dd
  title: Lost
  why: A test.
  metric: {metric}
  ladder: [{{over: 0.05, level: halt}}]
  runbook: alerts/runbooks/drawdown.md
  {more}
"""


def loaded(folder: Path, more: str, metric: str = "drawdown") -> Rule:
    window = "\n  window: 1h" if metric == "drawdown" else ""
    folder.mkdir(exist_ok=True)
    (folder / "rules.yaml").write_text(RULE.format(metric=metric, more=more + window))
    return next(rule for rule in load_packs([str(folder)], folder)[-1].rules if rule.id == "dd")


@pytest.mark.parametrize(
    ("more", "metric", "expected"),
    [
        ("mode: armed", "drawdown", ("operator", 14400.0, 0.0)),
        ("clears: operator", "drawdown", ("operator", 14400.0, 0.0)),
        ("clears: auto", "drawdown", ("auto", 14400.0, 0.25)),
        ("clears: auto", "leverage", ("auto", 14400.0, 0.25)),
        ("clears: auto", "concentration", ("auto", 14400.0, 0.0)),
        ("clears: auto\n  gamma: 0", "drawdown", ("auto", 14400.0, 0.0)),
        ("gamma: 0.5", "drawdown", ("operator", 14400.0, 0.5)),
        ("clears: auto\n  cooldown: 10m", "drawdown", ("auto", 600.0, 0.25)),
    ],
)
def test_what_a_rule_has(tmp_path: Path, more: str, metric: str, expected: tuple[str, float, float]) -> None:
    rule = loaded(tmp_path / "pack", more, metric)

    assert expected == (rule.clears, rule.cooldown_seconds, rule.gamma)


@pytest.mark.parametrize(
    ("old", "new", "effects"),
    [
        ("clears: auto\n  gamma: 0.25", "clears: auto\n  gamma: 0.5", {"gamma": "tighten"}),
        ("clears: auto\n  gamma: 0.25", "clears: auto\n  gamma: 0", {"gamma": "loosen"}),
        ("clears: auto\n  cooldown: 4h", "clears: auto\n  cooldown: 1h", {"cooldown": "loosen"}),
        ("clears: operator\n  gamma: 0", "clears: auto\n  gamma: 0", {"clears": "loosen"}),
    ],
)
def test_what_a_change_does(tmp_path: Path, old: str, new: str, effects: dict[str, str]) -> None:
    found = compare([loaded(tmp_path / "a", old)], [loaded(tmp_path / "b", new)])

    assert effects == {change.field: change.effect for change in found}
