"""Money laws after any life of an account with coins, inverse legs, takeovers and transfers in flight."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from guardian.sim.world.engine import World
from guardian.sim.world.flows import Transit
from guardian.sim.world.margin import coin_margins
from guardian.sim.world.orders import Kind, OrderRequest, Refused, Side
from guardian.sim.world.takeover import Taken

NOW = 1_763_719_200_000
SYMBOLS = ("BTCUSDT", "BTCUSD", "DOGEUSDT")
UNITS = {"BTCUSDT": Decimal("0.0007"), "BTCUSD": Decimal(30), "DOGEUSDT": Decimal(80)}

sizes = st.integers(-400, 400)
symbols = st.sampled_from(SYMBOLS)
lives = st.lists(
    st.one_of(
        st.tuples(st.just("block"), symbols, sizes),
        st.tuples(st.just("market"), symbols, sizes),
        st.tuples(st.just("taken"), symbols, st.sampled_from(["liquidation", "adl"]), sizes),
        st.tuples(st.just("price"), symbols, st.integers(-200, 200)),
        st.tuples(st.just("flow"), st.sampled_from(["USDT", "BTC"]), st.integers(-50, 50)),
        st.tuples(st.just("send"), st.sampled_from(["USDT", "BTC"]), st.integers(0, 50)),
        st.tuples(st.just("funding"), symbols, st.integers(-50, 50)),
        st.tuples(st.just("depth"), symbols, st.sampled_from([None, 0, 1, 50])),
    ),
    min_size=5,
    max_size=40,
)


class Life:
    """Two accounts of one world; what is drawn concerns the first, which sends to the second."""

    def __init__(self, steps: list[tuple]) -> None:
        self.world = World(random.Random(5), instruments=5)
        self.world.list_inverse("BTC")
        self.account, self.other = self.world.add_account("one"), self.world.add_account("two")
        self.now = NOW
        self.world.transfer(self.account, Decimal(20_000), NOW)
        self.world.transfer(self.account, Decimal("0.5"), NOW, "BTC")
        for step in steps:
            self.now += 250
            try:
                getattr(self, step[0])(*step[1:])
            except Refused:
                continue

    def block(self, symbol, size) -> None:
        taken = Taken(symbol=symbol, index=0, origin="block", signed_qty=UNITS[symbol] * size)
        self.world.take_over(self.account, taken, self.now)

    def market(self, symbol, size) -> None:
        instrument = self.world.market(symbol).instrument
        qty = instrument.floor_qty(UNITS[symbol] * abs(size))
        side = Side.BUY if size > 0 else Side.SELL
        request = OrderRequest(symbol=symbol, side=side, kind=Kind.MARKET, qty=qty, reduce_only=size % 2 == 0)
        self.world.place(self.account, request, self.now)

    def taken(self, symbol, origin, size) -> None:
        qty = UNITS[symbol] * size if size % 3 else None
        taken = Taken(symbol=symbol, index=0, origin=origin, signed_qty=qty)
        self.world.take_over(self.account, taken, self.now)

    def price(self, symbol, per_mille) -> None:
        mark = self.world.markets[symbol].mark
        self.world.set_prices({symbol: mark * (1 + Decimal(per_mille) / 1000)}, self.now)

    def flow(self, coin, amount) -> None:
        scale = Decimal(100) if coin == "USDT" else Decimal("0.01")
        self.world.transfer(self.account, scale * amount, self.now, coin)

    def send(self, coin, amount) -> None:
        scale = Decimal(100) if coin == "USDT" else Decimal("0.001")
        transit = Transit(
            source=self.account.uid,
            target=self.other.uid,
            amount=scale * amount,
            due=self.now + 1000,
            currency=coin,
        )
        self.world.send(transit, self.now)

    def funding(self, symbol, rate) -> None:
        self.world.settle_funding(symbol, Decimal(rate) / 100_000, self.now)

    def depth(self, symbol, steps) -> None:
        self.world.markets[symbol].depth = None if steps is None else UNITS[symbol] * steps


@given(lives)
def test_every_coin_is_the_sum_of_its_own_rows(steps):
    life = Life(steps)

    for account in (life.account, life.other):
        running: dict[str, Decimal] = defaultdict(Decimal)
        for row in account.ledger:
            running[row.currency] += row.change
            assert row.cash == running[row.currency]
            assert row.change == row.cash_flow + (row.funding or 0) - row.fee
        assert {c: q for c, q in account.balances.items() if q} == {c: q for c, q in running.items() if q}


@given(lives)
def test_what_left_one_account_is_on_its_way_or_has_arrived(steps):
    life = Life(steps)

    for coin in ("USDT", "BTC"):
        sent = sum((t.amount for t in life.world.transits if t.currency == coin), Decimal(0))
        arrived = life.other.balance(coin)
        total = sum((Decimal(f"{100 if coin == 'USDT' else '0.001'}") * s[2] for s in steps
                     if s[0] == "send" and s[1] == coin), Decimal(0))  # fmt: skip
        assert 0 <= sent + arrived <= total
    assert sum(r.change for r in life.other.ledger) == sum(life.other.balances.values())


@given(lives)
def test_what_the_venue_does_by_itself_only_ever_takes(steps):
    life = Life(steps)

    held: dict[str, Decimal] = defaultdict(Decimal)
    for execution in life.account.executions:
        before = held[execution.symbol]
        held[execution.symbol] = after = before + execution.qty * execution.side.sign
        if execution.kind in ("BustTrade", "AdlTrade"):
            assert abs(after) < abs(before)
            assert before * after >= 0
    open_now = {(leg.symbol, leg.size) for leg in life.account.open_legs()}
    assert {(symbol, quantity) for symbol, quantity in held.items() if quantity} == open_now


@given(lives)
def test_the_account_is_worth_the_sum_of_its_coins(steps):
    life = Life(steps)

    markets = life.world.markets
    bitcoin = markets["BTCUSDT"].mark
    coins = coin_margins(life.account, markets)
    worth = {"USDT": Decimal(1), "BTC": bitcoin}
    total = sum((own.equity * worth[coin] for coin, own in coins.items()), Decimal(0))
    assert abs(life.world.margin(life.account).equity - total) < Decimal("1e-9")
    assert set(coins) == {"USDT", "BTC"}
