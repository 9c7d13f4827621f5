"""Key endpoints with their real shapes and their destructive defaults."""

from __future__ import annotations

from guardian.sim.world.seed import permissions


def uid(venue) -> str:
    return str(venue.accounts[0]["uid"])


def bot(venue) -> str:
    return str(venue.accounts[0]["bot"]["key"])


async def listed(raw, venue) -> list[dict]:
    rows, cursor = [], ""
    while True:
        query = f"subMemberId={uid(venue)}" + (f"&cursor={cursor}" if cursor else "")
        result = (await raw.get("admin", "/v5/user/sub-apikeys", query))["result"]
        rows += result["result"]
        cursor = result["nextPageCursor"]
        if not cursor:
            return rows


async def test_audit_of_each_role(venue, raw):
    watch = (await raw.get("watch", "/v5/user/query-api"))["result"]
    hands = (await raw.get("hands", "/v5/user/query-api"))["result"]
    admin = (await raw.get("admin", "/v5/user/query-api"))["result"]

    assert (watch["readOnly"], hands["readOnly"], admin["readOnly"]) == (1, 0, 0)
    assert hands["permissions"]["ContractTrade"] == ["Order", "Position"]
    assert hands["permissions"]["Wallet"] == []
    assert admin["permissions"]["Wallet"] == ["SubMemberTransfer"]
    assert (hands["isMaster"], admin["isMaster"]) == (False, True)
    assert hands["parentUid"] == str(admin["userID"])
    assert hands["userID"] == int(uid(venue))
    assert hands["secret"] == ""


async def test_the_listing_pages_at_twenty_and_nests(venue, raw):
    """Not listed on one page proves nothing."""
    tenant = venue.tenants[0]
    for _ in range(25):
        venue.world.add_key(tenant.account, "spare", venue.clock(), read_only=True, permissions=permissions())

    first = (await raw.get("admin", "/v5/user/sub-apikeys", f"subMemberId={uid(venue)}"))["result"]
    complete = await listed(raw, venue)

    assert len(first["result"]) == 20
    assert first["nextPageCursor"]
    assert len({row["apiKey"] for row in complete}) == 29
    assert {type(row["readOnly"]) for row in complete} == {bool}
    assert {row["secret"] for row in complete} == {"******"}


async def test_only_the_master_may_list(venue, raw):
    answer = await raw.get("hands", "/v5/user/sub-apikeys", f"subMemberId={uid(venue)}")

    assert answer["retCode"] == 10005


async def test_update_without_fields_makes_read_write_and_unbinds(venue, raw):
    """Bybit's destructive defaults: a careless second call undoes the fence."""
    fence = {"apikey": bot(venue), "readOnly": 1, "ips": "127.0.0.1"}
    await raw.post("admin", "/v5/user/update-sub-api", fence)
    assert (await raw.get("bot", "/v5/user/query-api"))["result"]["ips"] == ["127.0.0.1"]

    await raw.post("admin", "/v5/user/update-sub-api", {"apikey": bot(venue)})

    after = (await raw.get("bot", "/v5/user/query-api"))["result"]
    assert (after["readOnly"], after["ips"]) == (0, ["*"])


async def test_omitted_permissions_stay_and_empty_ones_clear(venue, raw):
    await raw.post("admin", "/v5/user/update-sub-api", {"apikey": bot(venue), "readOnly": 0})
    kept = (await raw.get("bot", "/v5/user/query-api"))["result"]["permissions"]["ContractTrade"]
    clear = {"apikey": bot(venue), "permissions": {"ContractTrade": []}}
    await raw.post("admin", "/v5/user/update-sub-api", clear)

    cleared = (await raw.get("bot", "/v5/user/query-api"))["result"]["permissions"]["ContractTrade"]

    assert (kept, cleared) == (["Order", "Position"], [])
    assert venue.tenants[0].keys["bot"].fenced_at is not None


async def test_fence_and_deletion_are_timed_and_unlist_the_key(venue, raw):
    await raw.post("admin", "/v5/user/update-sub-api", {"apikey": bot(venue), "readOnly": 1, "ips": "*"})
    fenced = [row["readOnly"] for row in await listed(raw, venue) if row["apiKey"] == bot(venue)]
    await raw.post("admin", "/v5/user/delete-sub-api", {"apikey": bot(venue)})

    truth = await raw.sim("GET", "truth")

    keys = {key["role"]: key for key in truth["accounts"][0]["keys"]}
    assert fenced == [True]
    assert bot(venue) not in {row["apiKey"] for row in await listed(raw, venue)}
    assert keys["bot"]["fenced_at"] <= keys["bot"]["deleted_at"]
    assert (keys["bot"]["deleted"], keys["hands"]["deleted"]) == (True, False)


async def test_deleting_a_key_leaves_its_orders(venue, raw):
    before = len(venue.tenants[0].account.open_orders)

    await raw.post("admin", "/v5/user/delete-sub-api", {"apikey": bot(venue)})

    assert len(venue.tenants[0].account.open_orders) == before > 0


async def test_hands_may_not_touch_keys_nor_admin_trade(venue, raw):
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}

    denied = await raw.post("hands", "/v5/user/delete-sub-api", {})
    trade = await raw.post("admin", "/v5/order/create", order)

    assert (denied["retCode"], trade["retCode"]) == (10005, 10005)


async def test_two_accounts_do_not_see_each_other(serve, raw_of):
    venue = await serve(seed=3, accounts=2)
    raw = raw_of(venue)
    await raw.post("hands", "/v5/order/cancel-all", {"category": "linear", "settleCoin": "USDT"}, account=1)

    members = (await raw.get("admin", "/v5/user/query-sub-members"))["result"]["subMembers"]

    assert {m["uid"] for m in members} == {a["uid"] for a in venue.accounts}
    assert venue.tenants[1].account.open_orders == {}
    assert venue.tenants[0].account.open_orders
