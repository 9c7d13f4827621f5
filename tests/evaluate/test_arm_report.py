"""`guardian arm --history`: the arming report is read before the name is asked for."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from guardian.cli.act.operate import arm
from tests.evaluate.made import BAR_MS, START_MS

CONFIG = """
instance: desk-1
state_dir: state
rules: [breaker]
accounts:
  - name: main
    venue: bybit
    currency: USDT
    keys: {watch: file:watch.json}
"""


def test_the_report_comes_before_the_refusal_of_a_name_that_was_not_given(tmp_path: Path) -> None:
    (tmp_path / "guardian.yaml").write_text(CONFIG)
    history = tmp_path / "candles.csv"
    rows = [f"{START_MS + i * BAR_MS},BTC/USDT,100,100,90,{100 - 7 * (i > 300)},1" for i in range(600)]
    history.write_text("\n".join(["ts,symbol,open,high,low,close,volume", *rows]) + "\n")
    args = ["main", "--history", str(history), "--config", str(tmp_path / "guardian.yaml")]
    found = CliRunner().invoke(arm, args)
    assert "breaker-dd-1h REDUCE at 5.00%" in found.output
    assert "not confirmed" in str(found.exception)
    assert "none of these is marked as the account's own: no daemon answers" in found.output
