"""Laws that hold after any history of orders, cancels, price moves, flows and funding."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from guardian.sim.world.engine import World
from guardian.sim.world.orders import Kind, OrderRequest, Refused, Side, TimeInForce
from guardian.sim.world.seed import Seeding, seed_world

NOW = 1_763_719_200_000
SYMBOLS = ("BTCUSDT", "BTCUSDT", "DOGEUSDT")  # mostly one, so that its orders meet each other

orders = st.tuples(
    st.just("order"),
    st.sampled_from(SYMBOLS),
    st.sampled_from(list(Side)),
    st.integers(0, 400),
    st.one_of(st.none(), st.integers(-90, 90), st.integers(-30, 30)),
    st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, *TimeInForce]),
    st.booleans(),
    st.sampled_from([False, False, False, True]),
)
prices = st.tuples(st.just("price"), st.sampled_from(SYMBOLS), st.integers(-150, 150))
others = st.tuples(st.sampled_from(["cancel", "flow", "funding"]), st.integers(-50, 50))
entries = st.builds(
    lambda side, steps: ("order", "BTCUSDT", side, steps, None, TimeInForce.GTC, False, False),
    st.sampled_from(list(Side)),
    st.integers(50, 300),
)
# Exits that rest beside each other, and market orders that take the position from under them.
exits = st.builds(
    lambda steps, away, long: (
        "order", "BTCUSDT", Side.SELL if long else Side.BUY, steps, away if long else -away,
        TimeInForce.GTC, True, False,
    ),
    st.integers(10, 200), st.integers(5, 40), st.booleans(),
)  # fmt: skip
steps_of_life = st.sampled_from([entries, exits, exits, orders, orders, prices, others]).flatmap(lambda s: s)
histories = st.lists(steps_of_life, min_size=10, max_size=40)


class History:
    """Plays steps on one account; refusals are part of life."""

    def __init__(self) -> None:
        self.world = World(random.Random(5), instruments=5)
        self.account = self.world.add_account("sub", self.world.add_account("master"))
        self.world.transfer(self.account, Decimal(50_000), NOW)
        self.now = NOW
        self.reducing: set[str] = set()

    def play(self, step: tuple) -> None:
        self.now += 250
        try:
            getattr(self, step[0])(*step[1:])
        except Refused:
            return

    def order(self, *drawn) -> None:
        symbol, side, steps, per_mille, tif, reduce_only, conditional = drawn
        market = self.world.market(symbol)
        instrument = market.instrument
        unit = Decimal("0.01") if symbol == "BTCUSDT" else Decimal(800)
        away = instrument.round_price(market.mark * (1 + Decimal(per_mille or 0) / 1000))
        request = OrderRequest(
            symbol=symbol,
            side=side,
            kind=Kind.MARKET if per_mille is None or conditional else Kind.LIMIT,
            qty=unit * steps,
            price=away,
            tif=tif,
            reduce_only=reduce_only,
            close_on_trigger=reduce_only and steps == 0,
            trigger=away if conditional else None,
            rises=(per_mille or 0) > 0,
        )
        order = self.world.place(self.account, request, self.now)
        if reduce_only:
            self.reducing.add(order.id)

    def price(self, symbol, per_mille) -> None:
        mark = self.world.markets[symbol].mark
        self.world.set_prices({symbol: mark * (1 + Decimal(per_mille) / 1000)}, self.now)

    def cancel(self, number) -> None:
        found = list(self.account.open_orders.values())
        if found:
            self.world.cancel(self.account, found[number % len(found)], self.now)

    def flow(self, hundreds) -> None:
        self.world.transfer(self.account, Decimal(hundreds * 100), self.now)

    def funding(self, rate) -> None:
        self.world.settle_funding("BTCUSDT", Decimal(rate) / 100_000, self.now)


@given(histories)
def test_cash_is_the_sum_of_the_ledger_and_positions_of_the_executions(steps):
    history = History()
    for step in steps:
        history.play(step)

    account, running = history.account, Decimal(0)
    for row in account.ledger:
        running += row.change
        assert row.change == row.cash_flow + (row.funding or 0) - row.fee
        assert row.cash == running
    assert account.cash == running
    sizes: dict[str, Decimal] = defaultdict(Decimal)
    for execution in account.executions:
        sizes[execution.symbol] += execution.qty * execution.side.sign
    assert {s: q for s, q in sizes.items() if q} == {leg.symbol: leg.size for leg in account.open_legs()}


@given(histories)
def test_a_reduce_only_order_never_increases_or_flips_a_position(steps):
    history = History()
    for step in steps:
        history.play(step)

    sizes: dict[str, Decimal] = defaultdict(Decimal)
    for execution in history.account.executions:
        before = sizes[execution.symbol]
        after = before + execution.qty * execution.side.sign
        sizes[execution.symbol] = after
        if history.account.orders[execution.order_id].reduce_only:
            assert abs(after) < abs(before)
            assert before * after >= 0


@given(histories)
def test_resting_reduce_only_orders_fit_the_position_and_quantities_the_grid(steps):
    history = History()
    for step in steps:
        history.play(step)

    resting: dict[tuple[str, Side], Decimal] = defaultdict(Decimal)
    for order in history.account.open_orders.values():
        assert order.is_open
        assert order.leaves >= 0
        assert order.qty % history.world.instruments[order.symbol].step == 0
        if order.reduce_only and not order.is_conditional:
            resting[order.symbol, order.side] += order.leaves
    for (symbol, side), leaves in resting.items():
        size = history.account.size(symbol)
        assert leaves <= (abs(size) if size * side.sign < 0 else 0)


@given(histories)
def test_the_same_seed_and_steps_give_the_same_world(steps):
    twins = (History(), History())
    for history in twins:
        for step in steps:
            history.play(step)

    assert twins[0].account == twins[1].account


@given(st.integers(0, 2**32), st.sampled_from([2, 5, 12, 50, 64]))
@example(3006, 2)
def test_every_seed_gives_a_leveraged_net_long_book(seed, positions):
    world, (tenant,) = seed_world(seed, Seeding(positions=positions), NOW)

    account = tenant.account
    equity = world.margin(account).equity
    notionals = {leg.symbol: leg.size * world.markets[leg.symbol].mark for leg in account.open_legs()}
    net = sum(float(value) * world.instruments[s].beta for s, value in notionals.items()) / float(equity)
    assert len(notionals) == positions
    # Gross of at most 2.3, opened at most 2.5 % off today's prices, gains or loses at most 6 % with its fees.
    assert 94_000 < equity < 106_000
    assert 1.5 <= sum(abs(value) for value in notionals.values()) / equity <= 2.5
    assert 0.85 <= net <= 1.25
    assert min(notionals.values()) < 0 < max(notionals.values())


@given(st.integers(0, 2**32))
def test_seeded_orders_rest_away_from_the_market_and_stops_guard_most_positions(seed):
    world, (tenant,) = seed_world(seed, Seeding(), NOW)

    orders = list(tenant.account.open_orders.values())
    risky = [o for o in orders if not o.reduce_only]
    stops = [o for o in orders if o.is_conditional]
    assert 2 <= len(risky) <= 4
    assert len(stops) == 4
    for order in risky:
        assert 0.07 < abs(float(order.price / world.markets[order.symbol].mark) - 1) < 0.16
    for stop in stops:
        assert 0.25 <= abs(float(stop.trigger / world.markets[stop.symbol].mark) - 1) <= 0.40
        assert stop.reduce_only


@given(st.integers(0, 2**32))
def test_keys_are_distinct_and_shaped_like_bybits(seed):
    world, tenants = seed_world(seed, Seeding(accounts=3), NOW)

    keys = list(world.keys.values())
    assert len({k.id for k in keys} | {k.secret for k in keys}) == 30
    assert {(len(k.id), len(k.secret)) for k in keys} == {(18, 36)}
    assert all(k.secret not in repr(k) for k in keys)
    assert all(world.accounts[t.keys["admin"].owner].master for t in tenants)
