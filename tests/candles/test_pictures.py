"""The picture and the table: what is drawn from a course, and which assets stay inside a pack."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from guardian.core.model import Level
from guardian.errors import ConfigError, GuardianError
from guardian.replay.candles import aligned
from guardian.replay.drive import Transition
from guardian.replay.eligible import NO_DATA, allow_list, allowed, document, stays, table, window_start
from guardian.replay.picture import MOST_POINTS, bands, draw, reached, thinned
from tests.candles.build import BTC, ETH, driven, plan, series
from tests.core.build import rule, rung

NOON = datetime(2024, 3, 31, 12, tzinfo=UTC)
FALL = [100.0] * 3 + [94.0, 93.0, 92.0, 91.0]


def change(minute: int, before: Level, after: Level) -> Transition:
    return Transition(NOON + timedelta(minutes=minute), "a", before, after, "dd", None, None)


def test_levels_are_bands_from_the_first_close_to_the_last() -> None:
    end = NOON + timedelta(minutes=9)
    changes = [change(2, Level.NORMAL, Level.CAUTION), change(5, Level.CAUTION, Level.HALT)]

    found = [(s.minute, e.minute, level) for s, e, level in bands(changes, NOON, end)]

    assert found == [(0, 2, "NORMAL"), (2, 5, "CAUTION"), (5, 9, "HALT")]
    assert bands([], NOON, NOON) == []


def test_a_long_line_is_thinned_and_keeps_every_extreme() -> None:
    values = np.sin(np.arange(100_000) / 7.0)
    values[77_777] = -9.0

    kept = thinned(values)

    assert len(kept) <= MOST_POINTS
    assert 77_777 in kept
    assert (kept[0], kept[-1]) == (0, 99_999)
    assert thinned(values[:100]).tolist() == list(range(100))


def test_a_picture_is_written_as_its_name_says(tmp_path: Path) -> None:
    course = driven(FALL, rule(rung(0.05, "flatten")))

    drawn = draw(course, "title", "caption", tmp_path / "new" / "a.png")
    vector = draw(course, "title", "caption", tmp_path / "a.svg")

    assert drawn.is_absolute()
    with Image.open(drawn) as picture:
        assert picture.size[0] > 1000
        assert picture.convert("RGB").getpixel((1400, 400)) == (248, 213, 204)  # FLATTEN at the end
    assert re.search(r"<svg", vector.read_text(encoding="utf-8"))


def test_every_level_that_was_reached_is_named_however_short(tmp_path: Path) -> None:
    """A band too narrow for its name would be told by its colour alone."""
    course = driven(FALL, rule(rung(0.05, "caution"), rung(0.065, "halt"), rung(0.08, "flatten")))
    assert ["CAUTION", "HALT", "FLATTEN"] == [change.after.name for change in course.transitions]

    named = reached(course.transitions)

    assert ["CAUTION", "HALT", "FLATTEN"] == named


def test_a_picture_that_cannot_be_is_refused(tmp_path: Path) -> None:
    course = driven(FALL)
    (tmp_path / "file").touch()

    with pytest.raises(GuardianError, match="must end in"):
        draw(course, "t", "c", tmp_path / "a.txt")
    with pytest.raises(GuardianError, match="cannot be written"):
        draw(course, "t", "c", tmp_path / "file" / "a.png")


@pytest.mark.parametrize(
    ("window", "start"),
    [
        ("1m", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("3m", datetime(2023, 12, 31, 12, tzinfo=UTC)),
        ("1y", datetime(2023, 3, 31, 12, tzinfo=UTC)),
        ("2w", datetime(2024, 3, 17, 12, tzinfo=UTC)),
        ("10d", datetime(2024, 3, 21, 12, tzinfo=UTC)),
        ("90y", datetime(1934, 3, 31, 12, tzinfo=UTC)),
    ],
)
def test_a_window_is_so_many_months_before_the_end(window: str, start: datetime) -> None:
    assert window_start(window, round(NOON.timestamp() * 1000)) == round(start.timestamp() * 1000)


@pytest.mark.parametrize("window", ["", "m", "0m", "1h", "1.5m", "9999y", "-1m"])
def test_a_window_that_is_none_is_refused(window: str) -> None:
    with pytest.raises(ConfigError, match="--windows"):
        window_start(window, round(NOON.timestamp() * 1000))


def test_an_asset_is_eligible_where_it_stays_inside_on_every_window() -> None:
    days = 40 * 24
    steady, falling = [100.0] * days, [100.0] * (days - 600) + [93.0] * 600
    young = series(steady[:240], "NEW/USDT", 3600, 1_700_000_000_000 + (days - 240) * 3_600_000)
    both = [series(c, s, 3600, 1_700_000_000_000) for c, s in ((steady, BTC), (falling, ETH))]
    pack = (rule(rung(0.03, "caution"), rung(0.05, "halt")),)

    found = stays(aligned([*both, young], "made"), plan(), pack, ["10d", "1m"])

    worst = {(stay.asset, stay.window): stay.worst for stay in found}
    assert worst == {
        (BTC, "10d"): Level.NORMAL,
        (BTC, "1m"): Level.NORMAL,
        (ETH, "10d"): Level.NORMAL,  # it fell before this window
        (ETH, "1m"): Level.HALT,
        ("NEW/USDT", "10d"): Level.NORMAL,
        ("NEW/USDT", "1m"): None,
    }
    assert allowed(found, Level.CAUTION) == (BTC,)
    assert allowed(found, Level.HALT) == (BTC, ETH)
    assert table(found, Level.CAUTION).splitlines() == [
        "asset     10d        1m         eligible",
        "BTC/USDT  NORMAL     NORMAL     yes",
        "ETH/USDT  NORMAL     HALT !     no",
        "NEW/USDT  NORMAL     no data    no",
        NO_DATA,
    ]
    told = document(found, Level.CAUTION)
    assert told["allowed"] == [BTC]
    assert [each["eligible"] for each in told["assets"]] == [True, True, True, False, True, None]
    assert allow_list([BTC], "why") == '# why\nsymbols:\n  - "BTC/USDT"\n'
    assert allow_list([], "why") == "# why\nsymbols: []\n"
