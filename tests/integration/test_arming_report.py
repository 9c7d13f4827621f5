"""Before one confirms, `guardian arm` shows what the rules would have done at this account's own leverage."""

from __future__ import annotations

import re

import pytest

from tests.evaluate.made import BAR_MS, START_MS
from tests.integration.conftest import OpenDesk
from tests.integration.troupe import ACCOUNT

pytestmark = pytest.mark.process


def test_the_multiple_that_the_account_holds_now_is_one_of_those_told_and_marked(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    history = desk.root / "candles.csv"
    rows = [f"{START_MS + i * BAR_MS},BTC/USDT,100,100,90,{100 - 7 * (i > 300)},1" for i in range(600)]
    history.write_text("\n".join(["ts,symbol,open,high,low,close,volume", *rows]) + "\n")
    held = desk.account()["leverage"]
    books = desk.venue.books()
    gross = sum(abs(float(leg["notional"])) for leg in books["positions"])

    said = desk.command("arm", ACCOUNT, "--history", str(history), "--json")

    assert held == pytest.approx(gross / float(books["equity"]), rel=0.02)
    marked = re.search(r"holding .*?([\d.]+)x now\b.* of the equity", said.err)
    assert marked is not None, said.err
    assert float(marked[1]) == pytest.approx(held, rel=0.02)
    assert re.search(r"dd LOCKOUT at 5.00%: .*\d now", said.err)
    assert "careful: none of these" not in said.err
    assert 6 == said.code, "the name was not given"
