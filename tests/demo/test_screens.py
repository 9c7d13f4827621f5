"""People decide by what they see at this moment: a failed step must look failed, a missing value missing."""

from __future__ import annotations

import io
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from guardian.demo.plain import PlainScreen, changes
from guardian.demo.samples import Recording, Sample, Scene
from guardian.demo.view import curve, render, step_rows

START = datetime(2026, 1, 1, tzinfo=UTC)


def falling(levels: list[str]) -> Recording:
    recording = Recording()
    for i, level in enumerate(levels):
        recording.add(Sample(START + timedelta(seconds=i), 100_000 - 1_000 * i, level, {}))
    return recording


def drawn(scene: Scene, width: int = 120) -> str:
    console = Console(
        file=io.StringIO(), width=width, height=34, force_terminal=True, color_system="truecolor"
    )
    console.print(render(scene, width), height=34)
    text = console.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


def test_the_screen_shows_level_rules_positions_and_the_failed_step(status: dict[str, Any]) -> None:
    scene = Scene("the title", status, falling(["NORMAL", "CAUTION", "LOCKOUT"]), ["bot: 3 refused"])

    text = drawn(scene)

    for expected in (
        "LOCKOUT",
        "dd-1h",
        "5.67%",
        "5.00%",
        "-13%",
        "BTC/USDT:USDT",
        "FAILED",
        "10006",
        "bot: 3",
    ):
        assert expected in text, expected
    assert "+0.010 s" in text


def test_a_screen_without_guardian_is_a_screen(status: dict[str, Any]) -> None:
    """Guardian may be restarting in the middle of it; the demo must not die of that."""
    status["accounts"][0].update(equity=None, data_age_s=None, incident=None, positions=[])

    assert "starting" in drawn(Scene("t", None))
    assert "unknown" in drawn(Scene("t", status))


def test_tries_of_one_step_are_one_row_with_the_last_outcome(status: dict[str, Any]) -> None:
    incident = status["accounts"][0]["incident"]
    again = {**incident["steps"][1], "at": "2026-01-01T00:00:21.000+00:00", "outcome": "done", "detail": ""}
    incident["steps"].append(again)

    rows = [(sign.plain, words.plain) for _, sign, words in step_rows(incident)]

    cancels = [row for row in rows if "cancel" in row[1]]
    assert cancels == [("✓", "cancel BTC/USDT:USDT 17 \u00d72  12 ms")]


def test_the_curve_falls_and_keeps_its_size() -> None:
    rows = curve(falling(["NORMAL"] * 200), 40, 6)

    columns = ["".join(row.plain[i] for row in rows) for i in range(40)]

    assert [len(row.plain) for row in rows] == [40] * 6
    assert columns[0] == "█" * 6
    assert columns[-1].count(" ") >= 5


def test_plain_lines_tell_each_change_once(status: dict[str, Any]) -> None:
    later = deepcopy(status)
    later["accounts"][0]["positions"] = []
    later["accounts"][0]["incident"]["verified_flat_at"] = "2026-01-01T00:00:22.500+00:00"
    stream = io.StringIO()
    screen = PlainScreen(stream)

    for answer in (status, None, status, later, later):
        screen.show(Scene("t", answer))

    lines = stream.getvalue().splitlines()
    assert sum("verified, says guardian" in line for line in lines) == 1
    assert sum("REFUSED" in line and "10006" in line for line in lines) == 1
    assert sum("0 positions" in line for line in lines) == 1
    assert changes(later, later) == []


def test_a_refusal_is_shouted_and_explained(status: dict[str, Any]) -> None:
    lines = changes(None, status)

    assert any(line.endswith("REFUSED in 12 ms (10006 too many visits)") for line in lines)
    assert any("incident demo-1: rule dd-1h demands LOCKOUT" in line for line in lines)
