"""What is known beside the snapshots, in the words of `guardian status` and `plan`: never without its age."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from guardian.cli.see.names import aged


def beside_lines(document: Mapping[str, Any]) -> list[str]:
    """Of an account of the status document, or of a plan; none of a daemon that does not tell it."""
    market, done = document.get("market"), document.get("activity")
    if market is None or done is None:
        return []
    prices, books = aged(market["quotes_age_s"]), aged(market["books_age_s"])
    fills, orders = aged(done["fills_age_s"]), aged(done["orders_age_s"])
    return [f"  beside: prices {prices}, books {books}; fills {fills}, past orders {orders}"]


# --- what the trading stack tells of itself -------------------------------------------------------


def stack_lines(account: dict[str, Any]) -> list[str]:
    """Nothing where nobody may tell and no rule waits; a daemon of an older release tells nothing of it."""
    stack = account.get("stack")
    if stack is None:
        return []
    said = ", ".join(_said(stack))
    lines = [f"  stack: {said}"] if said else []
    if not said and (stack["listening"] or stack["sources"]):
        lines.append("  stack: nothing was ever told: unknown, not zero")
    if stack["dropped"]:
        lines.append(f"  stack: {stack['dropped']} messages dropped: it tells more than is taken in")
    ages = {gauge["name"]: gauge["age_s"] for gauge in stack["gauges"]}
    lines += [line for source in stack["sources"] for line in _source(source, ages)]
    return lines + [_waiting(rule) for rule in account.get("waiting", ())]


def _said(stack: dict[str, Any]) -> Iterator[str]:
    if stack["heartbeat_at"] is not None:
        yield f"heartbeat ({aged(stack['heartbeat_age_s'])})"
    for gauge in stack["gauges"]:
        yield f"{gauge['name']} {gauge['value']:.5g} ({aged(gauge['age_s'])})"
    if stack["signals"]:
        yield f"{stack['signals']} signals (newest {aged(stack['signals_age_s'])})"
    for twin in stack["twins"]:
        yield f"{twin['kind']} equity {twin['equity']:,.2f} ({aged(twin['age_s'])})"


def _source(source: dict[str, Any], ages: Mapping[str, float]) -> list[str]:
    """Each gauge with the age of its own last number: others of the source may be told all the while."""
    return [
        f"  {source['name']}: {each['gauge']} unknown, {each['why']} (last number: {_told(each, ages)})"
        for each in source["silent"]
    ]


def _told(gauge: dict[str, Any], ages: Mapping[str, float]) -> str:
    return aged(ages[gauge["gauge"]]) if gauge["gauge"] in ages else "never"


def _waiting(rule: dict[str, Any]) -> str:
    of = f" of {rule['of']}" if rule["of"] else ""
    return (
        f"  waits: {rule['rule']} [{rule['mode']}] needs {rule['metric']}{of}, of which nothing was ever told"
    )


# --- the daily checks -----------------------------------------------------------------------------


def sanity_lines(document: Mapping[str, Any]) -> list[str]:
    """When they last ran and what failed; none of a daemon that does not tell it."""
    checks = document.get("sanity")
    if checks is None:
        return []
    if checks["at"] is None:
        return ["daily checks: never run"]
    warned = f", {checks['warned']} with a warning" if checks["warned"] else ""
    passed = f"all {checks['checks']} passed{warned}"
    failed = f"FAILED {len(checks['failed'])} of {checks['checks']}: {', '.join(checks['failed'])}"
    return [f"daily checks: {passed if checks['ok'] else failed} ({aged(checks['age_s'])})"]
