"""Every mistake in guardian.yaml or its routes is refused through the real command, where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.desk import CONFIG, ROUTES, Bad, assert_told, findings

BAD_CONFIGS = [
    Bad("unknown field", "instance:", "instanec:", 1, "instanec", "unknown field", "instance"),
    Bad("duplicate", "state_dir: state", "state_dir: state\nstate_dir: x", 3, "state_dir", "given twice"),
    Bad("no such state folder", "state_dir: state", "state_dir: no/such/state", 2, "state_dir", "no folder"),
    Bad("listen", "127.0.0.1:8787", "127.0.0.1", 3, "listen", "not HOST:PORT"),
    Bad("port", "127.0.0.1:8787", "127.0.0.1:99999", 3, "listen", "not HOST:PORT"),
    Bad("pack", "[pack]", "[ats-pln]", 4, "rules[0]", "no rule pack", "ats-plan"),
    Bad("rules as text", "[pack]", "pack", 4, "rules", "text where a list is needed"),
    Bad("routes", "routes: routes.yaml", "routes: nothing.yaml", 5, "routes", "no file"),
    Bad("venue", "venue: bybit", "venue: bybti", 8, "accounts[0].venue", "unknown venue", "bybit"),
    Bad("currency", "USDT", "usdt", 9, "accounts[0].currency", "currency", "USDT"),
    Bad("a literal key", "file:keys/watch.json", "{key: SECRETSECRET, secret: S}", 11,
        "accounts[0].keys.watch.key", "does not belong"),
    Bad("a literal secret", "file:keys/watch.json", "SECRETSECRET", 11,
        "accounts[0].keys.watch", "not a reference"),
    Bad("a secret under keys", "      hold: incident", "      secret: SECRETSECRET", 13,
        "accounts[0].keys.secret", "does not belong"),
    Bad("an odd variable", "file:keys/watch.json", "env:MY-KEY", 11, "accounts[0].keys.watch", "environment"),
    Bad("one key for two", "keys/hands", "keys/watch", 12, "accounts[0].keys.hands", "the same key as watch"),
    Bad("vault without vault", "file:keys/hands.json", "vault:a/b", 12,
        "accounts[0].keys.hands", "without a vault"),
    Bad("a vault path that climbs", "file:keys/hands.json", "vault:../sys", 12,
        "accounts[0].keys.hands", "not a path in a vault"),
    Bad("a hook's vault without vault", "file:keys/hook", "vault:a/hook", 16,
        "accounts[0].halt", "without a vault"),
    Bad("plain http to a vault", "instance: desk-1", "vault: {address: 'http://example.com', "
        "auth: {token: {token: 'env:T'}}}\ninstance: desk-1", 1, "vault.address", "plain http"),
    Bad("a vault that opens itself", "instance: desk-1", "vault: {address: 'https://v:8200', "
        "auth: {token: {token: 'vault:a/token'}}}\ninstance: desk-1", 1,
        "vault.auth.token.token", "own login"),
    Bad("an odd mount", "instance: desk-1", "vault: {address: 'https://v:8200', mount: 'a b', "
        "auth: {token: {token: 'env:T'}}}\ninstance: desk-1", 1, "vault.mount", "not a mount"),
    Bad("hold", "hold: incident", "hold: incidnet", 13, "accounts[0].keys.hold", "unknown", "incident"),
    Bad("own prefix", "[ft-]", "[gdn-1]", 14, "accounts[0].bot.order_prefix", "guardian's own"),
    Bad("halt kind", "- process:", "- proces:", 16, "accounts[0].halt[0].proces", "unknown halt", "process"),
    Bad("plain http", "http://127.0.0.1:9000", "http://example.com", 17,
        "accounts[0].halt[1].webhook.url", "plain http"),
    Bad("loopback in name only", "http://127.0.0.1:9000", "http://127.0.0.1.example.com", 17,
        "accounts[0].halt[1].webhook.url", "plain http"),
    Bad("password in address", "http://127.0.0.1:9000", "https://a:SECRETSECRET@127.0.0.1", 17,
        "accounts[0].halt[1].webhook.url", "user or password"),
    Bad("deadline", "deadline: 60s", "deadline: 60", 18, "accounts[0].flatten.deadline", "no unit", "60s"),
    Bad("slippage", "slippage: 0.02", "slippage: 2", 18, "accounts[0].flatten.slippage", "outside", "0.02"),
    Bad("bool slippage", "slippage: 0.02", "slippage: yes", 18, "accounts[0].flatten.slippage", "number is"),
    Bad("fee in percent", "slippage: 0.02", "slippage: 0.02, fee: 0.055", 18, "accounts[0].flatten.fee",
        "outside 0 to 0.01"),
    Bad("rebate", "slippage: 0.02", "slippage: 0.02, fee: -0.0001", 18, "accounts[0].flatten.fee", "outside"),
    Bad("no linear", "currency: USDT", "currency: USDT\n    contracts: [inverse]", 10,
        "accounts[0].contracts", "linear contracts are always watched", "linear"),
    Bad("options", "currency: USDT", "currency: USDT\n    contracts: [linear, options]", 10,
        "accounts[0].contracts[1]", "options", "option"),
    Bad("spot", "spot: keep", "spot: sell", 18, "accounts[0].flatten.spot", "not supported yet"),
    Bad("poll", "snapshot: 1s", "snapshot: 0s", 19, "accounts[0].poll.snapshot", "outside"),
    Bad("market poll", "clock: 60s}", "clock: 60s, market: 100ms}", 19,
        "accounts[0].poll.market", "outside"),
    Bad("activity poll", "clock: 60s}", "clock: 60s, activity: 10}", 19,
        "accounts[0].poll.activity", "no unit", "10s"),
    Bad("misspelt poll", "clock: 60s}", "clock: 60s, markets: 5s}", 19,
        "accounts[0].poll.markets", "unknown field", "market"),
    Bad("compare", "clock: 60s}", "clock: 60s}\n    compare: {venue: Binance}", 20,
        "accounts[0].compare.venue", "not a venue's id"),
    Bad("compare over plain http", "clock: 60s}",
        "clock: 60s}\n    compare: {venue: binance, url: 'http://example.com'}", 20,
        "accounts[0].compare.url", "plain http"),
    Bad("compare with itself", "clock: 60s}", "clock: 60s}\n    compare: {venue: bybit}", 20,
        "accounts[0].compare", "with itself"),
    Bad("second account", "accounts:\n", "accounts:\n  - {name: main, venue: bybit, currency: USDT, "
        "keys: {watch: 'env:W'}}\n", 8, "accounts[1].name", "twice"),
]  # fmt: skip

BAD_ROUTES = [
    Bad("channel", "to: [ops, page]", "to: [ops, pgae]", 6, "routes[1].to[1]", "unknown channel", "page"),
    Bad("level", "level: halt", "level: hatl", 6, "routes[1].level", "unknown level", "halt"),
    Bad("kind", "{slack:", "{slak:", 2, "channels.ops.slak", "unknown kind of channel", "slack"),
    Bad("a literal address", "file:keys/slack", "https://hooks.example.com/SECRETSECRET", 2,
        "channels.ops.slack.url", "not a reference"),
    Bad("plain base_url", "file:keys/pagerduty", "file:k, base_url: 'http://example.com'", 3,
        "channels.page.pagerduty.base_url", "plain http"),
    Bad("repeat", "repeat: 5m", "repeat: 5", 6, "routes[1].repeat", "no unit", "5s"),
    Bad("nobody", "to: [ops]", "to: []", 5, "routes[0].to", "an empty list"),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_CONFIGS, ids=lambda bad: bad.name)
def test_a_wrong_configuration_is_told_where_it_is(bad: Bad, desk: Path) -> None:
    assert bad.old in CONFIG
    (desk / "guardian.yaml").write_text(CONFIG.replace(bad.old, bad.new, 1))

    told = findings()

    assert_told(bad, "guardian.yaml", told)


@pytest.mark.parametrize("bad", BAD_ROUTES, ids=lambda bad: bad.name)
def test_wrong_routes_are_told_where_they_are(bad: Bad, desk: Path) -> None:
    assert bad.old in ROUTES
    (desk / "routes.yaml").write_text(ROUTES.replace(bad.old, bad.new, 1))

    told = findings()

    assert_told(bad, "routes.yaml", told)
