"""The `drill:` of an account is read strictly: a typing error must not become a drill of something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian.config import load_config
from guardian.config.shapes import ConfigError, DrillConfig

CONFIG = """\
instance: t
state_dir: state
rules: [ats-plan]
accounts:
  - name: a
    venue: bybit
    currency: USDT
    keys: {watch: "file:none"}
    drill: %s
"""


def drill_of(folder: Path, text: str) -> DrillConfig | None:
    (folder / "guardian.yaml").write_text(CONFIG % text)
    return load_config(folder / "guardian.yaml").accounts[0].drill


def test_a_drill_is_read_with_its_paths_absolute(tmp_path: Path) -> None:
    found = drill_of(tmp_path, "{canary_key: K, process: {pidfile: c.pid, start: [sleep, '9']}}")

    assert DrillConfig("K", tmp_path / "c.pid", ("sleep", "9"), "BTC/USDT:USDT") == found


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{canary_key: K}", "drill.process"),
        ("{process: {pidfile: c.pid, start: [sleep]}}", "drill.canary_key"),
        ("{canary_key: K, process: {pidfile: c.pid, start: []}}", "drill.process.start"),
        ("{canary_key: K, symbol: btc, process: {pidfile: c.pid, start: [a]}}", "drill.symbol"),
        ("{canary_kee: K, process: {pidfile: c.pid, start: [a]}}", "drill.canary_kee"),
        ("{canary_key: K, secret: S, process: {pidfile: c.pid, start: [a]}}", "drill.secret"),
    ],
)
def test_what_is_wrong_names_its_field(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        drill_of(tmp_path, text)

    assert f"accounts[0].{field}" in [finding.field for finding in refused.value.findings]
    assert all(finding.line == 9 for finding in refused.value.findings)
