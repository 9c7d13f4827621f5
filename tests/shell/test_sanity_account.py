"""A broken part of an account is told by the daily checks: one test a part, on the simulated venue."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from guardian.core.events import Armed, Disarmed, Drilled, Troubled
from guardian.runtime import watch
from guardian.runtime.checkup.line import Level as Mark
from guardian.runtime.sanity import seen
from guardian.runtime.start.custody import Custody
from tests.integration.troupe import ACCOUNT, Desk
from tests.shell.whole import failed, looked, running, said, until

pytestmark = pytest.mark.process


async def test_a_venue_that_hangs_breaks_the_read_path(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "READ_DEADLINE_SECONDS", 1.0)
    monkeypatch.setattr(watch, "READ_DEADLINE_SECONDS", 0.5)
    async with running(desk) as guardian:
        desk.venue.fault(effect="hang", match="/v5/position/list", seconds=30)
        lines = await looked(guardian)

    assert "no whole read of the account within 1 s" in said(lines, "read path")
    assert "ok" == lines["market"][0].level, "what answers is told as well"


async def test_a_refused_read_says_which_part_and_why(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "READ_DEADLINE_SECONDS", 1.0)
    async with running(desk) as guardian:
        desk.venue.fault(effect="ret_code", match="/v5/position/list", code=10016, count=1000)
        lines = await looked(guardian)

    assert "positions:" in said(lines, "read path")


async def test_a_wallet_that_its_ledger_does_not_explain(desk: Desk) -> None:
    async with running(desk) as guardian:
        account = guardian.runtime.state.accounts[0]
        assert account.nav is not None
        cash = tuple((currency, amount + 1000) for currency, amount in account.nav.cash)
        nav = replace(account.nav, cash=cash)
        guardian.runtime.state = replace(guardian.runtime.state, accounts=(replace(account, nav=nav),))
        lines = await looked(guardian)

    assert "not explained by the ledger" in said(lines, "balances")


async def test_positions_that_vanish_while_the_wallet_holds_their_margin(desk: Desk) -> None:
    async with running(desk) as guardian:
        account = guardian.runtime.state.accounts[0]
        blind = replace(account, evidence=replace(account.evidence, positions=()))

    line = seen._margins(blind)

    assert Mark.FAIL is line.level
    assert "none is listed, and the wallet names a margin of" in line.message


async def test_market_and_activity_that_cannot_be_read(desk: Desk) -> None:
    async with running(desk) as guardian:
        desk.venue.fault(effect="status", match="/v5/market/tickers", code=503, count=1000)
        desk.venue.fault(effect="ret_code", match="/v5/execution/list", code=10016, count=1000)
        lines = await looked(guardian)

    assert {"market", "activity"} <= set(failed(lines))


async def test_a_hands_key_that_cannot_be_fetched(desk: Desk) -> None:
    async with running(desk) as guardian:
        (desk.root / "keys/hands.json").unlink()
        lines = await looked(guardian)

    assert ["hands key"] == failed(lines)


async def test_a_key_that_became_too_powerful(desk: Desk) -> None:
    """Custody leaves it unused; the report says that guardian runs without it."""
    async with running(desk) as guardian:
        desk.write_key("hands", desk.venue.account["admin"])
        Custody(guardian).look()
        await until(lambda: "hands" in guardian.assembled[0].desk.refused)
        await until(lambda: "key-hands" in guardian.runtime.state.accounts[0].troubles)
        lines = await looked(guardian)

    assert "may transfer" in said(lines, "hands key")
    assert "left unused" in said(lines, "hands key in use")
    assert "key-hands" in said(lines, "troubles")


async def test_a_permit_that_is_not_written_any_more(desk: Desk) -> None:
    async with running(desk) as guardian:
        file = guardian.config.state_dir / f"permit-{ACCOUNT}.json"
        old = datetime.now(UTC) - timedelta(seconds=40)
        file.write_text(json.dumps({"mode": "normal", "expires_at": old.isoformat()}))
        stale = await looked(guardian)
        file.unlink()
        gone = await looked(guardian)

    assert "ran out 4" in said(stale, "permit")
    assert "cannot be read (FileNotFoundError)" in said(gone, "permit")


async def test_how_the_account_stands(desk: Desk) -> None:
    """Disarmed is a warning, an overdue drill a failure, and one that comes due is a warning."""
    async with running(desk) as guardian:
        runtime, now = guardian.runtime, guardian.runtime.parts.clock.now()
        assert "not armed" in said(await looked(guardian), "armed")
        await runtime.submit(Armed(now, ACCOUNT, (), "anna", "test"))
        assert "no live one has ever passed" in said(await looked(guardian), "drill")
        account = (await runtime.submit(Drilled(now, ACCOUNT, "anna", "r"))).accounts[0]
        runtime.state = replace(
            runtime.state, accounts=(replace(account, drilled_at=now - timedelta(days=30)),)
        )
        await runtime.submit(Disarmed(now, ACCOUNT, now + timedelta(hours=1), "anna", "test"))
        await runtime.submit(Troubled(now, ACCOUNT, "clock", "set back"))
        lines = await looked(guardian)

    assert "DISARMED until" in said(lines, "armed")
    assert "the next is due" in said(lines, "drill")
    assert ["troubles"] == failed(lines)
    assert "open: clock" == said(lines, "troubles")
