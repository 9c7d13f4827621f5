"""The Prometheus exposition: frozen rows in, metric families out, built anew for each scrape.

Names are a contract (docs/telemetry.md). A state is told in the StateSet pattern: one series a state, 1 for
the one that holds. A value that is not known has no series.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from guardian.core.model import Level, Verdict
from guardian.web.figures import (
    AccountFigures,
    CallFigures,
    Figures,
    RuleFigures,
    SanityFigures,
    StackFigures,
)

Values = Iterable[tuple[tuple[str, ...], float | None]]
"""Label values after the row's own ones, and the value; None is unknown."""

LEVELS = tuple(level.name.lower() for level in Level)
VERDICTS = tuple(verdict.value for verdict in Verdict)


def exposition(figures: Callable[[], Figures]) -> Callable[[str], tuple[bytes, str]]:
    """A function from an Accept header to (body, content type); OpenMetrics for who asks for it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(GuardianCollector(figures))
    ProcessCollector(registry=registry)

    def answer(accept: str) -> tuple[bytes, str]:
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type

    return answer


class GuardianCollector(Collector):
    """Asks for the figures once a scrape, so that all series of one scrape are of one instant."""

    def __init__(self, figures: Callable[[], Figures]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        now = self._figures()
        yield _build(now)
        yield from _process(now)
        yield from _accounts(now.accounts)
        yield from _rules(now.accounts)
        yield from _calls(now.calls)
        yield _effects(now)
        yield from _stack(now.stack)
        yield from _sanity(now.sanity)


def _build(now: Figures) -> Metric:
    labels = {"version": now.version, "python": platform.python_version()}
    return InfoMetricFamily("guardian_build", "The guardian that runs here.", labels)


def _process(now: Figures) -> Iterator[Metric]:
    """What is counted for the whole process."""
    for name, text, count in (
        ("guardian_evaluations", "Events that have been judged.", now.evaluations),
        ("guardian_evaluation_defects", "Events that could not be judged or recorded: bugs.", now.defects),
        ("guardian_journal_records", "Records handed to the journal.", now.journal.records),
        ("guardian_notifications_sent", "Notifications that a channel has taken.", now.notices.sent),
        ("guardian_notifications_failed", "Tries that a channel refused or lost.", now.notices.failed),
    ):
        yield CounterMetricFamily(name, text, value=count)
    for name, text, value in (
        ("guardian_start_timestamp_seconds", "When this process began to watch.", now.started_at),
        ("guardian_evaluation_timestamp_seconds", "When an event was last judged.", now.judged_at),
        ("guardian_journal_ok", "1 while the journal is being written.", float(now.journal.ok)),
        ("guardian_journal_gap_records", "Records of this run that were lost.", now.journal.gap),
        ("guardian_notifications_queue_length", "Messages of this run not yet taken.", now.notices.queued),
        ("guardian_tasks", "Tasks of the event loop that have not ended.", now.tasks),
        ("guardian_loop_lag_seconds", "The longest of the last minute that guardian was late.", now.lag),
    ):
        yield GaugeMetricFamily(name, text, value=value)
    disk = GaugeMetricFamily("guardian_disk_free_ratio", "Free part of the disk of the journal.")
    _fill(disk, (), [((), now.disk_free)])
    yield disk
    steps = HistogramMetricFamily("guardian_evaluation_seconds", "Time to judge one event.")
    steps.add_metric([], now.steps.buckets, now.steps.seconds)
    yield steps


Row = tuple[str, str, tuple[str, ...], Callable[[AccountFigures], Values]]

ACCOUNT: tuple[Row, ...] = (
    (
        "guardian_level",
        "1 for the level that the account is at.",
        ("level",),
        lambda a: (((level,), float(level == a.level)) for level in LEVELS),
    ),
    (
        "guardian_account_equity",
        "Equity at mark that both accounts of it support.",
        ("currency",),
        lambda a: [((a.currency,), a.equity)],
    ),
    (
        "guardian_account_gross_exposure",
        "Sum over assets of the notional, netted within each.",
        ("currency",),
        lambda a: [((a.currency,), a.gross)],
    ),
    (
        "guardian_account_leverage_ratio",
        "Notional of every leg and holding over equity.",
        (),
        lambda a: [((), a.leverage)],
    ),
    (
        "guardian_account_open_orders",
        "Open orders, conditional ones included.",
        (),
        lambda a: [((), a.orders)],
    ),
    ("guardian_account_open_positions", "Open legs.", (), lambda a: [((), a.positions)]),
    ("guardian_account_armed", "1 while guardian may act on it.", (), lambda a: [((), float(a.armed))]),
    (
        "guardian_account_evidence_timestamp_seconds",
        "When the newest good answer was asked for.",
        ("part",),
        lambda a: (((part,), at) for part, at in a.evidence),
    ),
    (
        "guardian_permit_expiry_timestamp_seconds",
        "When the bot's lease runs out.",
        (),
        lambda a: [((), a.permit_expires_at)],
    ),
    (
        "guardian_exchange_clock_offset_seconds",
        "The venue's clock minus ours.",
        (),
        lambda a: [((), a.clock_offset)],
    ),
    (
        "guardian_troubles",
        "What guardian says is wrong with its own parts.",
        (),
        lambda a: [((), a.troubles)],
    ),
    (
        "guardian_drill_last_success_timestamp_seconds",
        "When a live drill last passed.",
        (),
        lambda a: [((), a.drilled_at)],
    ),
    (
        "guardian_key_audit_ok",
        "1 if the last audit found this key of guardian's as narrow as it should be.",
        ("role",),
        lambda a: (((role,), float(ok)) for role, ok in a.keys),
    ),
    (
        "guardian_stack_heartbeat_timestamp_seconds",
        "When the trading stack last told that it lives.",
        (),
        lambda a: [((), a.heartbeat_at)],
    ),
)


def _accounts(accounts: tuple[AccountFigures, ...]) -> Iterator[Metric]:
    for name, text, labels, values in ACCOUNT:
        family = GaugeMetricFamily(name, text, labels=["account", *labels])
        for account in accounts:
            _fill(family, (account.name,), values(account))
        yield family


RULE: tuple[tuple[str, str, tuple[str, ...], Callable[[RuleFigures], Values]], ...] = (
    ("guardian_rule_value", "What the rule measures, or its proven bound.", (), lambda r: [((), r.value)]),
    ("guardian_rule_limit", "The limit of the next rung.", (), lambda r: [((), r.limit)]),
    (
        "guardian_rule_distance_ratio",
        "Nearness to that limit: 1 at it, above 1 past it.",
        (),
        lambda r: [((), r.distance)],
    ),
    (
        "guardian_rule_verdict",
        "1 for the verdict that holds.",
        ("verdict",),
        lambda r: (((verdict,), float(verdict == r.verdict)) for verdict in VERDICTS),
    ),
)


def _rules(accounts: tuple[AccountFigures, ...]) -> Iterator[Metric]:
    for name, text, labels, values in RULE:
        family = GaugeMetricFamily(name, text, labels=["account", "rule", *labels])
        for account in accounts:
            for rule in account.rules:
                _fill(family, (account.name, rule.rule), values(rule))
        yield family


def _fill(family: GaugeMetricFamily, own: tuple[str, ...], values: Values) -> None:
    for labels, value in values:
        if value is not None:
            family.add_metric([*own, *labels], value)


def _calls(calls: tuple[CallFigures, ...]) -> Iterator[Metric]:
    where = ["account", "venue", "endpoint"]
    requests = CounterMetricFamily(
        "guardian_exchange_requests", "Requests of the reader, by class of answer.", labels=[*where, "code"]
    )
    times = HistogramMetricFamily(
        "guardian_exchange_request_seconds",
        "Time to the answer; one that never came counts past every bound.",
        labels=where,
    )
    for call in calls:
        own = [call.account, call.venue, call.endpoint]
        times.add_metric(own, call.times.buckets, call.times.seconds)
        for code, count in call.codes:
            requests.add_metric([*own, code], count)
    yield requests
    yield times


def _effects(now: Figures) -> Metric:
    labels = ["account", "kind", "outcome"]
    family = CounterMetricFamily("guardian_effects", "What guardian did, by outcome.", labels=labels)
    for account, kind, outcome, count in now.effects:
        family.add_metric([account, kind, outcome], count)
    return family


def _sanity(sanity: SanityFigures) -> Iterator[Metric]:
    """The daily checks; without a value while they have never run, or never passed."""
    for name, text, value in (
        ("guardian_sanity_last_success_timestamp_seconds", "When no daily check failed.", sanity.passed_at),
        ("guardian_sanity_failed", "Daily checks that failed the last time.", sanity.failed),
    ):
        family = GaugeMetricFamily(name, text)
        if value is not None:
            family.add_metric([], value)
        yield family


def _stack(stack: StackFigures) -> Iterator[Metric]:
    """What came of the messages of the trading stack, and how the sources do that are asked."""
    for name, text, label, counts in (
        ("guardian_telemetry_accepted", "Messages of the stack that were taken.", "account", stack.accepted),
        ("guardian_telemetry_dropped", "Messages taken and lost to newer ones.", "account", stack.dropped),
        ("guardian_telemetry_refused", "Messages refused, by reason.", "reason", stack.refused),
    ):
        family = CounterMetricFamily(name, text, labels=[label])
        for value, count in counts:
            family.add_metric([value], count)
        yield family
    labels = ["account", "source"]
    told = GaugeMetricFamily(
        "guardian_source_last_success_timestamp_seconds", "When it last gave a number.", labels=labels
    )
    silent = GaugeMetricFamily(
        "guardian_source_silent_gauges", "Gauges that gave no number this time.", labels=labels
    )
    for source in stack.sources:
        silent.add_metric([source.account, source.source], source.silent)
        if source.told_at is not None:
            told.add_metric([source.account, source.source], source.told_at)
    yield told
    yield silent
