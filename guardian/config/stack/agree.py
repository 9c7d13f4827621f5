"""What is right by itself in `telemetry:` and `sources:`, and wrong beside the rest of the file."""

from __future__ import annotations

from collections.abc import Iterator

from guardian.config.reading import Row, Wrong, clip, nearest
from guardian.config.shapes import AccountConfig, PrometheusConfig, TelemetryConfig
from guardian.core.memory import MAXIMUM_GAUGES

Way = tuple[str | int, ...]
"""The steps that lead to a value of the file, such as ("sources", 0, "prometheus", "account")."""


def disagreements(row: Row) -> Iterator[tuple[Way, Wrong]]:
    """What is right by itself and wrong beside the rest of the file."""
    # A `listen` that is wrong is on the page already, and absent from the values.
    if row.values.get("telemetry") is not None and row.values.get("listen", "") is None:
        fix = "Add `listen: 127.0.0.1:8787`: what is told comes in over that port."
        yield ("telemetry",), Wrong("nothing listens for telemetry: there is no listen", fix)
    accounts: tuple[AccountConfig, ...] = row.values.get("accounts", ())
    known = [account.name for account in accounts]
    first: dict[tuple[str, str], int] = {}
    for index, source in enumerate(_sources(row)):
        way: Way = ("sources", index, "prometheus")
        if known and source.account not in known:
            fix = f"Known: {', '.join(known)}."
            wrong = Wrong(f"no account {clip(source.account)}", fix, nearest(source.account, known))
            yield (*way, "account"), wrong
        for gauge, _ in source.gauges:
            if first.setdefault((source.account, gauge), index) != index:
                fix = "Give each gauge of an account a name of its own."
                yield (*way, "gauges", gauge), Wrong(f"{gauge} is already told by another source", fix)
    yield from _too_many(first)


def _too_many(gauges: dict[tuple[str, str], int]) -> Iterator[tuple[Way, Wrong]]:
    """Names that no account can remember beside those that the sources before have told."""
    told: dict[str, int] = {}
    for (account, gauge), index in gauges.items():
        told[account] = told.get(account, 0) + 1
        if told[account] > MAXIMUM_GAUGES:
            fix = f"An account remembers {MAXIMUM_GAUGES} gauges: ask for those that a rule measures."
            yield ("sources", index, "prometheus", "gauges", gauge), Wrong("one gauge too many", fix)


def references(row: Row) -> Iterator[tuple[Way, str]]:
    """Every reference to a secret, and where it stands."""
    telemetry: TelemetryConfig | None = row.values.get("telemetry")
    if telemetry is not None:
        yield ("telemetry", "token"), telemetry.token_ref
    for index, source in enumerate(_sources(row)):
        if source.token_ref is not None:
            yield ("sources", index, "prometheus", "token"), source.token_ref


def _sources(row: Row) -> tuple[PrometheusConfig, ...]:
    sources: tuple[PrometheusConfig, ...] = row.values.get("sources", ())
    return sources
