"""The whole evaluation on made candles: JSON as CONTRACTS has it, a report whose caveats come first."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from guardian.cli.evaluate import evaluate
from guardian.evaluate.report import CAVEATS
from guardian.evaluate.run import Plan
from guardian.evaluate.run import evaluate as run
from guardian.evaluate.survey import survey
from tests.evaluate.made import BAR_MS, START_MS, random_walk

BASELINES = "fixed_24h,fixed_4h,freqtrade_maxdrawdown,passivbot_tiers,volatility_targeting,none"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for number in (1, 2):
        walk = random_walk(number, 500, 0.006)
        walk[300:] *= 0.9
        rows = ["ts,symbol,open,high,low,close,volume"]
        start = START_MS + number * 8 * 86_400_000
        for i, price in enumerate(walk):
            rows.append(f"{start + i * BAR_MS},BTC/USDT,{price},{price * 1.001},{price * 0.999},{price},1.0")
        (folder / f"window-{number}.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_the_json_has_the_shape_of_the_contract(data: Path) -> None:
    args = ["--data", str(data), "--scales", "1,2", "--jobs", "1", "--json"]
    found = CliRunner().invoke(evaluate, args)
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert set(document["designs"]) == {"guardian", *BASELINES.split(",")}
    point = document["designs"]["guardian"][0]
    assert set(point) == {"scale", "exposure_given_up", "loss_avoided", "false_halts_per_year"}
    assert set(document["at_matched_exposure"]["0.05"]) == set(document["designs"])
    assert document["at_matched_exposure"]["0.05"]["none"] == 0.0
    assert {"a", "b", "at", "point", "low", "high"} <= set(document["differences"][0])
    first = next(d for d in document["differences"] if d["at"] == 0.05)
    assert (first["a"], first["b"]) == ("guardian", "fixed_24h")
    assert document["events"] > 0
    assert document["weeks"] == 3


def test_the_report_says_its_caveats_on_the_first_page_and_draws(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = ["--data", str(data), "--designs", BASELINES, "--scales", "1,2", "--jobs", "1", "--out", str(out)]
    found = CliRunner().invoke(evaluate, args)
    assert found.exit_code == 0, found.output
    page = (out / "report.md").read_text()
    first = page[: page.index("## ")]
    assert all(caveat in first for caveat in CAVEATS)
    assert {file.name for file in out.iterdir()} == {"report.md", "exposure.png", "false_halts.png"}


def test_a_folder_that_was_named_gets_the_report_beside_the_json(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run of an hour gives both; without --out a program that wants the figures leaves no files."""
    monkeypatch.chdir(tmp_path)
    args = ["--data", str(data), "--designs", "none,fixed_4h", "--scales", "1,2", "--jobs", "1", "--json"]

    plain = CliRunner().invoke(evaluate, args)
    left = list(tmp_path.rglob("report.md"))
    found = CliRunner().invoke(evaluate, [*args, "--out", "here"])

    assert json.loads(plain.stdout) == json.loads(found.stdout)
    assert left == []
    assert (tmp_path / "here" / "report.md").is_file()


def test_the_number_of_processes_changes_nothing(data: Path) -> None:
    plan = Plan(survey(data), tuple(BASELINES.split(",")), (1.0, 2.0), "breaker")
    assert run(plan, 1, lambda done, of: None) == run(plan, 2, lambda done, of: None)


def test_progress_counts_every_piece(data: Path) -> None:
    told: list[tuple[int, int]] = []
    plan = Plan(survey(data), ("none", "fixed_4h"), (1.0, 2.0), "breaker")
    run(plan, 1, lambda done, of: told.append((done, of)))
    assert told == [(i, 8) for i in range(1, 9)]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--designs", "fixed_25h"], "fixed_25h"),
        (["--scales", "0"], "from 0.05 to 20"),
        (["--scales", "one"], "no list of numbers"),
    ],
)
def test_a_mistake_is_a_sentence(data: Path, more: list[str], words: str) -> None:
    found = CliRunner().invoke(evaluate, ["--data", str(data), *more])
    assert found.exit_code == 2
    assert words in found.output


@pytest.mark.market_data
def test_the_recorded_crashes_are_found(market_data: Path) -> None:
    """The fixed rule and no protection on all of dev: events, weeks, and that protection saves something."""
    plan = Plan(survey(market_data / "dev"), ("fixed_24h", "none"), (1.0, 2.0), "breaker")
    found = run(plan, 1, lambda done, of: None)
    assert found.events == 133
    assert len(found.weeks) == 16
    fixed, none = (frontier.points for frontier in found.frontiers)
    assert [point.loss_avoided for point in none] == [0.0, 0.0]
    assert [point.exposure_given_up for point in none] == [0.0, 0.0]
    assert fixed[0].loss_avoided > fixed[1].loss_avoided > 0.3
    assert np.isclose(fixed[0].years, fixed[1].years)
