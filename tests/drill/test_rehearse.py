"""The rehearsal with the shipped plan, through the real command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from guardian.drill.rehearse import _is_over
from tests.drill.conftest import outcomes
from tests.integration.troupe import environment

pytestmark = pytest.mark.process

# The keys do not exist: a rehearsal that needed them, or the real venue, could not pass.
CONFIG = """\
instance: desk
state_dir: state
rules: [ats-plan]
routes: routes.yaml
accounts:
  - {name: desk, venue: bybit, currency: USDT, keys: {watch: "file:none", hands: "file:none-either"}}
"""
ROUTES = """\
channels: {ops: {slack: {url: "file:no"}}, page: {pagerduty: {routing_key: "file:none"}}}
routes: [{level: caution, to: [ops]}, {level: halt, to: [ops, page]}]
"""


def test_the_plan_is_rehearsed_and_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "guardian.yaml").write_text(CONFIG)
    (tmp_path / "routes.yaml").write_text(ROUTES)

    def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "guardian", "drill", *arguments, "--json"]
        return subprocess.run(
            command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120, check=False
        )

    done = cli("rehearse", "desk", "--seed", "3")

    document = json.loads(done.stdout)
    assert (0, True) == (done.returncode, document["passed"]), done.stdout + done.stderr
    assert {"ok"} == set(outcomes(document).values())
    assert "LOCKOUT" == document["level"]
    assert document["rule"] in ("ats-dd-1h", "ats-dd-peak")
    assert 0 < document["flat_s"] <= 60
    assert (0, 0) == (document["positions_left"], document["orders_left"])
    assert document["pages"] > 0
    assert all(Path(path).stat().st_size > 0 for path in document["report"].values())
    assert "incident" not in document
    told = Path(document["report"]["markdown"]).read_text().partition("```text\n")[2].partition("```")[0]
    assert "  HALT -> LOCKOUT (" in told
    assert (
        told.index("  fence ")
        < told.index("  close ")
        < told.index("Verified flat")
        < told.index("Bots stopped")
    )
    assert not (tmp_path / "state" / "journal.db").exists()
    assert 3 == cli("due").returncode


@pytest.mark.parametrize(
    ("level", "missing", "over"),
    [
        ("LOCKOUT", (), True),
        ("FLATTEN", ("key_dead_at",), True),
        ("LOCKOUT", ("key_dead_at",), False),
        ("LOCKOUT", ("verified_flat_at",), False),
        # The bot is forced once the key is dead: a report made before that did not tell of it.
        ("LOCKOUT", ("bots_stopped_at",), False),
    ],
)
def test_a_rehearsal_is_over_once_nothing_more_is_to_come(
    level: str, missing: tuple[str, ...], over: bool
) -> None:
    done = dict.fromkeys(("verified_flat_at", "key_dead_at", "bots_stopped_at"), "2026-01-01T00:00:00.000Z")
    incident = {"level": level, **done, **dict.fromkeys(missing)}

    assert _is_over({"incident": incident}) is over
