"""docs/torture.md is what the scenarios declare, and every failure that was promised is among them."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.torture.failure import Failure, families, shows
from tests.torture.page import PAGE, page, section

EVERY = [shown for _, each in families().values() for shown in each]

PROMISED = (
    ("LEAN", "without new targets"),
    ("LEAN", "never latches"),
    ("hummingbot", "unweighted mean"),
    ("hummingbot", "raises, and the bot goes on"),
    ("hummingbot", "ends the kill switch"),
    ("hummingbot", "restart forgets"),
    ("freqtrade", "closed trades only"),
    ("freqtrade", "the trade is placed"),
    ("freqtrade", "ends at the first error"),
    ("freqtrade", "key is revoked"),
    ("Forven", "One bad balance read"),
    ("passivbot", "false peak"),
    ("prism-liquidity-agent", "every noisy read"),
    ("go-trader", "closes its own books"),
    ("go-trader", "whole book"),
    ("trading-gpt", "read as zero"),
    ("Auramaur", "resting orders"),
    ("Helios-x", "NaN"),
    ("bacchus-mm", "nobody notices"),
    ("ml4t-live", "is skipped"),
    ("Knight Capital", "nobody read"),
    ("3Commas", "Leaked keys"),
    ("the crash of 10 October 2025", "leg of a hedge"),
)


def test_the_page_is_what_the_scenarios_declare() -> None:
    """Stale? `python -m tests.torture.page --write`."""
    assert page() == PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("project", "words"), PROMISED, ids=lambda words: words)
def test_every_promised_failure_has_one_scenario(project: str, words: str) -> None:
    found = [s for s in EVERY if s.failure.project == project and words in s.failure.title]

    assert 1 == len(found)


def test_every_failure_has_its_own_title_and_says_where_it_happened() -> None:
    titles = Counter(shown.failure.title for shown in EVERY)

    assert [] == [title for title, count in titles.items() if count > 1]
    assert [] == [shown.test for shown in EVERY if not shown.failure.sources]


def test_a_declaration_that_changes_changes_the_page() -> None:
    """The test of the test: what is declared is what is written, word for word."""

    @shows(Failure(title="A", project="P", sources=("s",), happened="It fell.", instead="Ours stands."))
    def test_it() -> None: ...

    (shown,) = [each for each in EVERY if each.failure.title == "One NaN disables the loss limit for good"]

    assert "It fell." == test_it.failure.happened  # type: ignore[attr-defined]
    assert section(shown) in page()
    assert "`test_a_nan_fails_its_read_and_the_next_true_loss_acts`" in section(shown)
