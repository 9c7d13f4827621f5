"""`sanity:` of guardian.yaml: what it becomes, and every mistake where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian.config import load_config
from guardian.config.shapes import SanityConfig
from guardian.runtime.start.lastgood import recall, remember
from tests.config.desk import CONFIG, Bad, assert_told, findings

DAILY = CONFIG + 'sanity:\n  at: "06:00"\n  tz: Europe/Berlin\n  to: [ops]\n'
FIRST = CONFIG.count("\n") + 1


def read(desk: Path, more: str) -> SanityConfig | None:
    (desk / "guardian.yaml").write_text(CONFIG + more)
    return load_config(desk / "guardian.yaml").sanity


def test_it_becomes_a_time_a_zone_and_channels(desk: Path) -> None:
    assert read(desk, 'sanity: {at: "06:00", tz: Europe/Berlin, to: [ops]}\n') == SanityConfig(
        6, 0, "Europe/Berlin", ("ops",)
    )


def test_a_time_alone_is_utc_and_needs_no_quotes(desk: Path) -> None:
    assert SanityConfig(23, 59) == read(desk, "sanity: {at: 23:59}\n")


def test_without_it_nothing_is_checked_by_the_clock(desk: Path) -> None:
    assert read(desk, "") is None


def test_the_last_good_configuration_keeps_it(desk: Path) -> None:
    (desk / "guardian.yaml").write_text(DAILY)
    (desk / "state").mkdir()
    config = load_config(desk / "guardian.yaml")

    remember(config)

    assert config == recall(desk / "guardian.yaml")


MISTAKES = (
    Bad("no such hour", '"06:00"', '"24:00"', FIRST + 1, "sanity.at", "no time of day"),
    Bad("no such minute", '"06:00"', '"06:60"', FIRST + 1, "sanity.at", "no time of day"),
    Bad("a duration", '"06:00"', "6h", FIRST + 1, "sanity.at", "not a time of day"),
    Bad("a list", '"06:00"', "[6, 0]", FIRST + 1, "sanity.at", "where a time of day is needed"),
    Bad("a zone", "Europe/Berlin", "Europe/Berlim", FIRST + 2, "sanity.tz", "time zone", "Europe/Berlin"),
    Bad("a stranger", "to: [ops]", "to: [page, opps]", FIRST + 3, "sanity.to[1]", "unknown channel", "ops"),
    Bad("nobody", "to: [ops]", "to: []", FIRST + 3, "sanity.to", "an empty list"),
    Bad("a misspelt field", "tz:", "tzz:", FIRST + 2, "sanity.tzz", "unknown field", "tz"),
    Bad("no time", '  at: "06:00"\n', "", FIRST + 1, "sanity.at", "missing"),
)


@pytest.mark.parametrize("bad", MISTAKES, ids=lambda bad: bad.name)
def test_a_mistake_is_told_with_its_line(desk: Path, bad: Bad) -> None:
    assert bad.old in DAILY
    (desk / "guardian.yaml").write_text(DAILY.replace(bad.old, bad.new))

    assert_told(bad, "guardian.yaml", findings())


def test_a_channel_without_any_routes_is_a_stranger(desk: Path) -> None:
    (desk / "guardian.yaml").write_text(DAILY.replace("routes: routes.yaml\n", ""))

    assert "sanity.to[0]" in [each["field"] for each in findings()]
