"""Whatever is sent, the venue answers with an envelope: a client's mistake is never its crash."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from guardian.sim.faces.bybit import BybitVenue, VenueOptions
from guardian.sim.faces.bybit.codes import REFUSALS, BybitProblem
from guardian.sim.faces.bybit.routes import ENDPOINTS
from guardian.sim.faces.bybit.wire import Call
from guardian.sim.world.orders import Refusal, Refused

VENUE = BybitVenue(VenueOptions(seed=7), clock=lambda: 1_763_719_200_000)

# fmt: off
NAMES = st.sampled_from([
    "category", "symbol", "settleCoin", "baseCoin", "limit", "cursor", "orderId", "orderLinkId", "openOnly",
    "orderFilter", "side", "orderType", "qty", "price", "timeInForce", "reduceOnly", "closeOnTrigger",
    "positionIdx", "triggerPrice", "triggerDirection", "stopLoss", "request", "startTime", "endTime", "type",
    "accountType", "coin", "interval", "mode", "buyLeverage", "sellLeverage", "tpslMode", "apikey",
    "readOnly", "ips", "permissions", "subuid", "frozen", "subMemberId", "status",
])
WORDS = st.sampled_from([
    "linear", "BTCUSDT", "USDT", "Buy", "Sell", "Market", "Limit", "GTC", "0", "1", "0.01", "42000", "",
    "UNIFIED", "1e999999", "-1", "NaN", "Infinity", "0x1", "page_args=1&", "1e-400",
])
# fmt: on
SCALARS = st.one_of(WORDS, WORDS, st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
OBJECTS = st.dictionaries(NAMES, SCALARS, max_size=8)
VALUES = st.one_of(SCALARS, SCALARS, OBJECTS, st.lists(st.one_of(SCALARS, OBJECTS), max_size=3))
VALID = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "accountType": "UNIFIED",
}


@given(st.sampled_from(sorted(ENDPOINTS)), st.dictionaries(NAMES, VALUES, max_size=10), st.booleans())
def test_any_parameters_get_an_answer_or_a_known_refusal(name, sent, mostly_valid):
    tenant = VENUE.tenants[0]
    params = {**VALID, **sent} if mostly_valid else sent
    call = Call(VENUE.world, VENUE.clock(), params, tenant.keys["hands"], tenant.account)

    outcome: object
    try:
        outcome = ENDPOINTS[name].answer(call).result
    except BybitProblem as problem:
        outcome = problem.code
    except Refused as refused:
        outcome = REFUSALS[refused.reason]

    assert outcome is not None


def test_every_refusal_of_the_world_has_a_code():
    assert set(REFUSALS) == set(Refusal)
