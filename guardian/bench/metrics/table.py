"""The figures as rows for people: what it cost, what it is beside, the ratio, and the goal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Row = tuple[str, str, str, str, str]
MEGABYTE = 1_000_000


def rows(found: dict[str, Any]) -> Iterator[Row]:
    """One row a comparison; `-` where something to compare with is not installed."""
    metrics, rules, event = found["metrics"], found["rules"], found["event"]
    ours = _us(metrics["guardian_us"])
    yield _row("4 metrics a read / numpy", ours, metrics["numpy_us"], metrics["ratio_numpy"], ">= 50")
    yield _row("  / pandas, empyrical", ours, metrics["pandas_us"], metrics["ratio_pandas"], ">= 10,000")
    same = metrics["pandas_exact_us"], metrics["ratio_pandas_exact"]
    yield _row("  / pandas, same definitions", ours, *same, "")
    yield _row("  a read that ends a cell, of 300", _us(metrics["cell_us"]), None, None, "")
    yield "  largest difference", f"{metrics['exact_to']:.0e}", "", "", "<= 1e-12"
    engine = rules["engine"] or "a compiled expression"
    compared = rules.get("expression_us"), rules["ratio"]
    yield _row(f"one comparison / {engine}", _us(rules["compare_us"]), *compared, ">= 10")
    yield _row("  a whole judgement", _us(rules["judge_us"]), None, None, "")
    beside = event["bare_us"], event["ratio"]
    yield _row(f"one event, {event['rules']} rules / a bare loop", _us(event["core_us"]), *beside, "<= 10")
    group = found["group"]
    many, few = f"a tick of {group['many']} accounts as one", f"of {group['few']}"
    yield _row(f"{many} / {few}", _us(group["many_us"]), group["few_us"], group["ratio"], "<= 25")
    weighs, ordinary = found["memory"]["bytes_per_account"], found["memory"]["ordinary_bytes_per_account"]
    yield "memory of one account", f"{weighs / MEGABYTE:.2f} MB", "", "", "<= 2 MB"
    yield "  on an ordinary day", f"{ordinary / MEGABYTE:.2f} MB", "", "", "<= 2 MB"
    first = found["accounts"][min(1, len(found["accounts"]) - 1)]
    for shard in found["accounts"]:
        told = _us(shard["us_per_account"])
        growth = shard["us_per_account"] / first["us_per_account"]
        yield _row(f"an account of {shard['n']:,}", told, first["us_per_account"], growth, "about 1")


def _row(name: str, ours: str, theirs: float | None, ratio: float | None, goal: str) -> Row:
    return name, ours, _us(theirs), "-" if ratio is None else f"{ratio:,.1f}", goal


def _us(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f} us" if value < 100 else f"{value:,.0f} us"
