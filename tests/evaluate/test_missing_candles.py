"""A path of candles that is not there: one sentence and one exit code, whichever command was given it."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian.cli import main

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


@pytest.mark.parametrize(
    "words",
    [
        ["replay", "nowhere", "--rules", "breaker", "--account", "account.yaml"],
        ["evaluate", "--data", "nowhere", "--out", "out"],
        ["rules", "trips", "breaker", "--history", "nowhere"],
        ["arm", "main", "--history", "nowhere", "--confirm", "main"],
    ],
    ids=lambda words: words[0],
)
def test_candles_that_are_not_there_are_exit_3(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was named is wrong, as a pack or an account can be; a program tells that from wrong usage."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "guardian.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "account.yaml").write_text("start_equity: 10000\nhold: {BTC/USDT: 1.0}\n", encoding="utf-8")

    with pytest.raises(SystemExit) as ended:
        main(words)

    said = capsys.readouterr()
    assert ended.value.code == 3
    assert "nowhere: does not exist; name a file or a folder of candles" in said.err
    assert said.out == ""
    assert not (tmp_path / "state").exists(), "nothing was armed"
    assert not (tmp_path / "out").exists()
