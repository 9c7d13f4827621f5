"""Flat that was not flat

On the wire: what guardian claims is held against the venue's own books.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from guardian.sim.world.orders import Kind, Side
from tests.torture.failure import Failure, issue, pull, shows
from tests.torture.stage import CREATE, POSITIONS, staged

ACCEPTED = '{"retCode":0,"retMsg":"OK","result":{"orderId":"0","orderLinkId":""},"retExtInfo":{},"time":1}'


@shows(
    Failure(
        title="A kill switch that closes its own books and nothing else",
        project="go-trader",
        sources=(
            issue("richkuo/go-trader", 341),
            issue("richkuo/go-trader", 345),
            issue("richkuo/go-trader", 346),
            issue("richkuo/go-trader", 347),
        ),
        happened=(
            "The portfolio kill switch deleted the positions from its own state and sent no order. On four "
            "platforms the real positions stayed open until a person looked."
        ),
        instead=(
            "An accepted order closes nothing in guardian's books; only a newer read of the venue does. Here "
            "the venue accepts every close and executes none: for as long as that lasts guardian claims "
            "nothing and closes again on each newer read, until the positions are really gone."
        ),
    )
)
async def test_an_accepted_close_is_not_a_closed_position(tmp_path: Path):
    async with staged(tmp_path) as stage:
        held = stage.sizes
        stage.fault("status", CREATE, key="hands", code=200, body=ACCEPTED)

        await stage.operate("demand", level="flatten", reason="test")
        await stage.until(lambda: stage.told() >= 2 * len(held), "each was accepted, and asked again")
        await stage.reads(3)
        claimed, still = stage.claims_flat, stage.sizes
        stage.heal()
        await stage.until(lambda: stage.claims_flat, "verified flat", 20)

        assert not claimed
        assert still == held
        assert stage.sizes == {}


@shows(
    Failure(
        title="Closed successfully, because the position was read as zero",
        project="trading-gpt",
        sources=(issue("yubing744/trading-gpt", 103),),
        happened=(
            "The read of a cross-margin position was parsed as 0, so there was nothing to close: the bot "
            "announced success, and 63.43 SUI stayed open for about two hours with nobody managing them."
        ),
        instead=(
            "An empty list of positions is not believed while the wallet still holds margin for one. Flat "
            "takes two complete reads at least two seconds apart in which positions, orders and margin "
            "agree."
        ),
        uncovered=(
            "A venue whose positions and whose wallet both say zero, twice, over two seconds, is believed."
        ),
    )
)
async def test_positions_that_read_as_zero_are_not_flat(tmp_path: Path):
    async with staged(tmp_path) as stage:
        held = stage.sizes
        stage.fault("drop_before", CREATE, key="hands")
        stage.fault("replace", POSITIONS, values={"/list": []})

        await stage.operate("demand", level="flatten", reason="test")
        await stage.reads(25)
        failures = {each.part.value: each.code for each in stage.account.evidence.failures}
        claimed, still = stage.claims_flat, stage.sizes
        tried = {row["symbol"] for row in stage.requests("hands", CREATE)}
        stage.heal()
        await stage.until(lambda: stage.claims_flat, "verified flat", 20)

        assert tried == set(held), "what cannot be seen is closed from what was seen last"
        assert still == held
        assert not claimed
        assert failures == {"positions": "inconsistent"}
        assert stage.sizes == {}


@shows(
    Failure(
        title="The emergency stop leaves resting orders working, and looks away",
        project="Auramaur",
        sources=(pull("DarriEy/Auramaur", 408),),
        happened=(
            "Arming the kill switch left good-till-cancelled orders on the venue, stopped recording their "
            "fills, and switched the screen to the paper book, so that the live positions vanished from it."
        ),
        instead=(
            "Flat includes the order books: every order is cancelled by its id, whoever placed it. Watching "
            "has one book and no end: an order that fills after the account was verified flat is seen at the "
            "next read, and what it opened is closed."
        ),
    )
)
async def test_no_order_keeps_working_and_nobody_looks_away(tmp_path: Path):
    async with staged(tmp_path) as stage:
        bid = stage.venue.world.markets["BTCUSDT"].mark * Decimal("0.8")
        price = stage.venue.world.markets["BTCUSDT"].instrument.round_price(bid)
        stage.place("BTCUSDT", Side.BUY, "0.05", kind=Kind.LIMIT, price=price, link_id="web-1")
        resting = len(stage.books["orders"])

        await stage.operate("demand", level="flatten", reason="test")
        await stage.until(lambda: stage.claims_flat, "verified flat")
        left = stage.books["orders"]
        before = len(stage.requests("hands", CREATE))
        stage.place("BTCUSDT", Side.BUY, "0.05")
        await stage.until(lambda: len(stage.requests("hands", CREATE)) > before, "seen, and a close is sent")
        await stage.until(lambda: not stage.sizes, "closed again")

        assert resting > 2
        assert left == []
        assert stage.level == "FLATTEN"
        assert stage.books["executions"][-1]["role"] == "hands"
        assert stage.books["sign_flips"] == 0
