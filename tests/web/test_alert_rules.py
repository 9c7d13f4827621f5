"""Alerts that ship are about series that are told, lead to pages that exist, and fire when they should."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from guardian.core.model import Level, Verdict
from tests.debian import binary
from tests.web.test_metrics import families

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "alerts/prometheus.yaml"
CASES = Path(__file__).with_name("alerts_promtool.yaml")
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]


def told() -> dict[str, set[str]]:
    """Each series that guardian tells, with its labels."""
    return {s.name: set(s.labels) for family in families() for s in family.samples}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_is_about_what_is_told_and_says_what_to_do(rule: dict[str, Any]) -> None:
    """A renamed series would silence its alert, and nobody would hear that."""
    known, notes = told(), rule["annotations"]
    named = set(re.findall(r"\bguardian_\w+", rule["expr"]))
    labels = set().union(*(known[name] for name in named)) if named <= set(known) else set()
    used = set(re.findall(r"\$labels\.(\w+)", " ".join(notes.values())))

    assert named <= set(known), named - set(known)
    assert used <= labels, used - labels
    assert rule["labels"]["severity"] in ("page", "ticket", "none")
    assert {"summary", "description", "runbook"} == set(notes)
    assert (ROOT / notes["runbook"]).is_file()


def test_states_that_alerts_select_are_ones_that_guardian_has() -> None:
    states = {level.name.lower() for level in Level} | {verdict.value for verdict in Verdict}
    selected = re.findall(r'(?:level|verdict)=~?"([^"]+)"', " ".join(rule["expr"] for rule in RULES))

    assert selected
    assert {word for one in selected for word in one.split("|")} <= states


def test_every_way_in_which_guardian_itself_fails_has_an_alert() -> None:
    expressions = " ".join(rule["expr"] for rule in RULES)
    own = {
        "evaluation_defects_total",
        "sanity_failed",
        "journal_ok",
        "key_audit_ok",
        "notifications_failed_total",
    }

    assert {name for name in own if f"guardian_{name}" not in expressions} == set()


@pytest.mark.parametrize("words", [("check", "rules", FILE), ("test", "rules", CASES)], ids=["check", "test"])
def test_promtool_finds_nothing_wrong(words: tuple[Any, ...]) -> None:
    command = [binary("prometheus", "promtool"), *words]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)

    assert 0 == done.returncode, done.stdout + done.stderr
