"""docs/rules.md's tables of the shipped packs: each rule as its YAML has it, traced to what it is there for.

The requirement is written here, beside nothing that could drift with it: a rule without one fails the test.
"""

from __future__ import annotations

from functools import cache

from guardian.cli.setup.explain import span_words
from guardian.config import Pack, content, load_packs
from guardian.config.catalogue import catalogue
from guardian.core.model import Rule, Rung

PACKS = {
    "builtin": "always loaded",
    "demo": "what `guardian demo` trips",
    "starter": "a careful minimum for one trader",
    "breaker": "losses graded, and trading begins again by itself",
    "ats-plan": "an automated trading system's plan",
    "control-server": "a server that many bots share",
    "factory": "signals and strategies produced in number",
    "managed-mandate": "other people's money",
    "copy-trading": "a master's trades, copied",
    "spot-treasury": "coins that are held and rebalanced",
    "market-maker": "quotes on both sides",
}
"""In the order of the page; for whom each is."""

SERVES = {
    "integrity": "what an account does must be explained",
    "dd-1h": "show a flatten and a lockout",
    "starter-dd-1h": "bad hours",
    "starter-dd-peak": "slow losses",
    "starter-daily-loss": "bad days",
    "starter-margin": "never be liquidated",
    "starter-leverage": "size",
    "starter-blind": "no risk that nobody sees",
    "ats-dd-1h": "5 % hard limit, within an hour",
    "ats-dd-peak": "5 % hard limit, since the peak",
    "ats-time-to-limit": "5 % hard limit, told before it is reached",
    "ats-daily-loss": "2 % a day",
    "ats-cvar": "CVaR 99 % of 2 % a day",
    "ats-stop-missing": "stop-loss within seconds",
    "ats-risk-per-signal": "2 % per signal",
    "ats-position-age": "60 s position age",
    "ats-liquidation": "never be liquidated: how much of a crash is left",
    "ats-utilisation": "utilisation, its upper end",
    "ats-idle": "utilisation, its lower end",
    "ats-leverage": "leverage ceiling",
    "ats-gross-exposure": "leverage ceiling of hedged books",
    "ats-open-orders": "leverage ceiling, before orders fill",
    "ats-concentration": "exposure in one asset",
    "ats-cluster": "exposure in correlated assets",
    "ats-margin": "never be liquidated",
    "ats-blind": "data path",
    "ats-latency": "latency",
    "ats-latency-stuck": "latency",
    "ats-api-errors": "connectivity",
    "ats-rate-budget": "connectivity",
    "ats-clock": "connectivity",
    "control-night-spending": "time-of-day spending",
    "control-night-orders": "time-of-day spending, before orders fill",
    "control-day-spending": "time-of-day spending, the whole day",
    "control-halts": "what halts again and again waits for a person",
    "control-overheated": "overheated markets",
    "control-one-market": "overheated markets, in which all moves as one",
    "control-allowed-assets": "per-asset limits: which assets at all",
    "control-asset-limit": "per-asset limits: how much of each",
    "factory-risk-per-signal": "2 % per signal",
    "factory-correlated": "correlated exposure",
    "factory-slippage": "slippage",
    "factory-model": "slippage against the model",
    "factory-slippage-delay": "slippage: what of it is a late path",
    "factory-slippage-impact": "slippage: what of it is the own size",
    "factory-slippage-rise": "slippage, against what is usual",
    "factory-drift": "the model against its own past",
    "factory-drift-a": "strategies that decay before they lose",
    "factory-paper": "paper against live",
    "factory-tracking": "paper against live, in what both earn",
    "factory-strategy-a": "drawdowns of several strategies in one pair",
    "factory-strategy-b": "drawdowns of several strategies in one pair",
    "factory-pair": "drawdowns of several strategies in one pair: what all lose in it",
    "factory-converging": "drawdowns of several strategies in one pair: how many fall at once",
    "factory-unattributed": "drawdowns of several strategies in one pair: what is nobody's",
    "factory-latency": "latency",
    "factory-queue": "queue growth",
    "factory-heartbeat": "daily sanity checks: the stack lives",
    "factory-lag": "guardian watches itself: how late it is",
    "factory-disk": "guardian watches itself: room for its journal",
    "factory-data": "daily sanity checks: data path",
    "factory-connectivity": "daily sanity checks: connectivity",
    "factory-balance": "daily sanity checks: balance feeds",
    "client-margin": "per-client limits: never be liquidated",
    "client-leverage": "per-client limits: size",
    "client-daily-loss": "per-client limits, and isolation: each is judged by itself",
    "client-funding": "per-client limits: what holding costs",
    "client-foreign": "isolation: nobody else's orders",
    "client-balance": "isolation: nobody else's money",
    "client-keys": "isolation: nobody else's keys",
    "client-transfers": "isolation: a client's money stays",
    "mandate-dd-30d": "portfolio of mandates: the agreed loss of one mandate",
    "mandate-daily-loss": "portfolio of mandates: a mandate's bad day",
    "mandate-leverage": "portfolio of mandates: size of one mandate",
    "book-dd-7d": "portfolio of mandates: all clients together",
    "book-leverage": "portfolio of mandates: size of all together",
    "copy-ratio": "fixed-ratio deviation",
    "copy-foreign": "trade-only keys: what foreign activity can tell",
    "copy-balance": "trade-only keys: no money leaves unexplained",
    "copy-keys": "trade-only keys: nobody has another one",
    "copy-open-keys": "trade-only keys: worth nothing elsewhere",
    "copy-withdrawing-keys": "trade-only keys: none that may do more, from the first day on",
    "copy-transfers": "trade-only keys: no money leaves at all",
    "copy-dd-1d": "the master's losses are bounded",
    "copy-leverage": "the master's size is bounded",
    "treasury-week": "a fall is told early",
    "treasury-day": "a fall is told early",
    "treasury-concentration": "no single asset",
    "treasury-borrowed": "no debt",
    "treasury-balance": "every coin is explained",
    "treasury-foreign": "nobody else trades",
    "treasury-transfers": "no coin leaves unseen",
    "treasury-keys": "nobody else has a key",
    "treasury-blind": "somebody looks",
    "mm-inventory": "inventory",
    "mm-funding": "what the inventory costs",
    "mm-resting": "inventory, before quotes fill",
    "mm-hedge": "broken hedge leg",
    "mm-hedge-across": "broken hedge leg in another account",
    "mm-dd-15m": "being picked off",
    "mm-flatten": "can it still be flattened in 60 s?",
    "mm-depth": "own size in the book",
    "mm-spread": "thin markets",
    "mm-price": "a feed that lies",
    "mm-still": "a feed that stands still",
    "mm-order-rate": "runaway orders",
    "mm-piling-up": "runaway orders",
    "mm-order-to-trade": "runaway orders, against what comes of them",
    "mm-rejects": "refused orders",
    "mm-key-refused": "refused orders, for the key's sake",
    "mm-latency": "latency",
}
BY_PACK = {"breaker": "graded losses that re-arm by themselves"}
"""For every rule of a pack that has one purpose."""

HEAD = "| rule | metric | limits | mode | serves |"


@cache
def shipped() -> dict[str, Pack]:
    root = content.content_root()
    named = [name for name in content.names("rules") if name != "builtin"]
    return {pack.name: pack for pack in load_packs(named, root)}


def serves(rule: Rule, pack: str) -> str:
    return SERVES.get(rule.id) or BY_PACK[pack]


def packs() -> str:
    """A heading and a table for each pack."""
    found = shipped()
    sections = []
    for name, whom in PACKS.items():
        rows = [_row(rule, name) for rule in found[name].rules]
        sections.append("\n".join([f"**`{name}`**: {whom}", "", HEAD, "|---|---|---|---|---|", *rows, ""]))
    return "\n".join(sections)


def _row(rule: Rule, pack: str) -> str:
    unit = catalogue()[rule.metric].unit
    limits = ", ".join(_limit(rung, rule, unit) for rung in rule.ladder)
    mode = "armed" if rule.armed else "observe"
    return f"| `{rule.id}` | {_metric(rule)} | {limits} | {mode} | {serves(rule, pack)} |"


def _metric(rule: Rule) -> str:
    of = f" of {rule.of.replace(',', ', ')}" if rule.of else ""
    scope = "" if rule.scope == "account" else f", each {rule.scope}"
    return f"`{rule.metric}`{of}{_window(rule)}{scope}"


def _window(rule: Rule) -> str:
    window = rule.window
    match window.kind:
        case "none":
            return ""
        case "sliding" | "hwm" if window.seconds:
            return f", {'peak of ' if window.kind == 'hwm' else ''}{span_words(window.seconds)}"
        case "hwm":
            return ", peak"
        case "session":
            return f", day {window.tz}"
        case _:
            return f", {window.opens // 60:02}:{window.opens % 60:02}-{window.closes // 60:02}:" + (
                f"{window.closes % 60:02} {window.tz}"
            )


def _limit(rung: Rung, rule: Rule, unit: str) -> str:
    value = {"fraction": f"{rung.limit:.4g}", "seconds": span_words(rung.limit)}.get(unit, f"{rung.limit:g}")
    side = "under " if rule.direction == "under" else ""
    to = "" if rung.to is None else f" to {rung.to:g}"
    hold = f" after {span_words(rung.hold_seconds)}" if rung.hold_seconds else ""
    return f"{side}{value} {rung.level.name.lower()}{to}{hold}"
