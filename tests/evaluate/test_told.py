"""What the commands say where there is little to say: no event, no halt, no folder to write to."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from guardian.cli.evaluate import QUICK_SCALES, SCALES, evaluate
from guardian.errors import ConfigError
from guardian.evaluate import run as running
from guardian.evaluate.arming import of_candles
from guardian.evaluate.report import CAVEATS
from tests.evaluate.made import BAR_MS, START_MS, random_walk


def candles(folder: Path, fall: float) -> Path:
    """A day and a half of BTC, which falls by that fraction on the second day."""
    rows = ["ts,symbol,open,high,low,close,volume"]
    walk = random_walk(1, 432, 0.0005)
    walk[350:] *= 1 - fall
    for i, price in enumerate(walk):
        rows.append(f"{START_MS + i * BAR_MS},BTC/USDT,{price},{price},{price},{price},1.0")
    file = folder / "window.csv"
    file.write_text("\n".join(rows) + "\n")
    return file


@pytest.fixture
def calm(tmp_path: Path) -> Path:
    """Without an event."""
    return candles(tmp_path, fall=0.0)


def run(data: Path, *more: str, designs: str = "guardian,fixed_4h,none") -> Result:
    args = ["--data", str(data), "--designs", designs, "--scales", "0.1,1", "--jobs", "1", *more]
    return CliRunner().invoke(evaluate, args)


def test_without_an_event_nothing_is_avoided_by_anybody(calm: Path) -> None:
    document = json.loads(run(calm, "--json").stdout)
    assert document["events"] == 0
    points = [point for points in document["designs"].values() for point in points]
    assert {point["loss_avoided"] for point in points} == {None}
    assert all(point["exposure_given_up"] is not None for point in points)
    for table in (document["at_matched_exposure"], document["at_matched_false_halts"]):
        assert {value for row in table.values() for value in row.values()} <= {None}
    assert {each["point"] for each in document["differences"]} == {None}


def test_without_an_event_the_report_says_so_in_a_line(calm: Path, tmp_path: Path) -> None:
    found = run(calm, "--out", str(tmp_path / "out"))
    assert "No event in these candles" in found.stdout
    page = (tmp_path / "out" / "report.md").read_text()
    assert "**No event in these candles" in page[: page.index("## ")]
    assert "not reached" not in page
    assert "100.0 %" not in page
    assert "| guardian | 1.00 |" in page, "what it costs is told all the same"


def test_designs_that_never_halt_are_drawn_without_a_warning(tmp_path: Path) -> None:
    crash = candles(tmp_path, fall=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = run(crash, "--out", str(tmp_path / "out"), designs="volatility_targeting,none")
    assert found.exit_code == 0, found.output
    page = (tmp_path / "out" / "report.md").read_text()
    assert "No design shuts the account out" in page
    assert (tmp_path / "out" / "false_halts.png").exists()


def test_a_folder_that_cannot_be_made_is_told_before_the_work(
    calm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[object] = []
    monkeypatch.setattr(running, "evaluate", lambda *given: worked.append(given))
    found = run(calm, "--out", str(calm / "out"))
    assert isinstance(found.exception, ConfigError)
    assert "--out" in str(found.exception)
    assert "cannot be written" in str(found.exception)
    assert not worked


def test_the_first_page_has_the_caveats_that_turn_a_figure_around() -> None:
    text = " ".join(CAVEATS)
    assert "guardian_pack" in text
    assert "without a past" in text


def test_the_first_page_says_how_matched_figures_come_about(tmp_path: Path) -> None:
    """Whoever reads 0.0 % or a dash must know which of the two is a design that did nothing."""
    run(candles(tmp_path, fall=0.1), "--out", str(tmp_path / "out"))

    first_page = (tmp_path / "out" / "report.md").read_text().partition("\n## ")[0]
    assert "its dearest scale must be at or above the price, else it is *not reached* (`-`)" in first_page
    assert "A design that never costs anything, at no scale, counts with the best it avoided" in first_page
    assert "0.0 % where it did nothing at all, as freqtrade's where it never locks" in first_page


def test_few_scales_reach_as_far_as_all() -> None:
    """On mild windows only limits below what is shipped give up a tenth of the exposure."""
    assert set(QUICK_SCALES) < set(SCALES)
    assert (min(QUICK_SCALES), max(QUICK_SCALES)) == (min(SCALES), max(SCALES))


def test_the_arming_report_names_what_it_passed_over_and_knows_btc_by_another_name(calm: Path) -> None:
    (calm.parent / "manifest.json").write_text("[]")
    calm.write_text(calm.read_text().replace("BTC/USDT", "BTCUSDT"))
    found = of_candles(calm.parent, "BTC")
    assert found.years > 0
    assert any("manifest.json is passed over" in warning for warning in found.warnings)
