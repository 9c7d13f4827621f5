"""What should have gone out or come in of late: messages to people, and what the trading stack tells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from guardian.config.shapes import ChannelConfig, Config, PrometheusConfig
from guardian.core.state import AccountState
from guardian.ports import SecretStore
from guardian.runtime.checkup.channels import examine_channel
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.checkup.stack import examine_telemetry
from guardian.runtime.loop import Runtime
from guardian.runtime.stack.counts import SourceCount

HEARD_WITHIN = timedelta(hours=1)
"""A stack tells every few seconds; one that is silent for this long is not connected."""

LATE_FACTOR = 3.0
UNTOLD = "Look at the stack and its token: docs/telemetry.md says what it sends and where."
SILENT = "See that the server is up and knows the series, and that the query gives exactly one number."


async def channel(runtime: Runtime, config: ChannelConfig, secrets: SecretStore) -> list[Line]:
    """Its secret and its host as `check --online` sees them, and what became of its last message."""
    subject = Subject("", f"channel {config.name} delivery")
    taken_at, refused = runtime.courier.taken(config.name)
    last = f"the last message was taken {taken_at:%Y-%m-%d %H:%M} UTC" if taken_at else "none was ever taken"
    lines = await examine_channel(config, secrets)
    if refused:
        said = f"{refused} tries in a row were refused, and {last}"
        return [*lines, subject.fail(said, "Send one: `guardian alerts test`.")]
    if taken_at is None:
        return [*lines, subject.ok("nothing was sent since guardian started")]
    return [*lines, subject.ok(last)]


async def telemetry(runtime: Runtime, config: Config, secrets: SecretStore) -> list[Line]:
    """The token, and whether anything was heard of late. Empty where nobody may tell."""
    if config.telemetry is None:
        return []
    subject, now = Subject("", "telemetry heard"), runtime.parts.clock.now()
    heard = [at for account in runtime.state.accounts for at in _told(account)]
    lines = await examine_telemetry(config.telemetry, secrets)
    if not heard:
        return [*lines, subject.fail("the stack has never told anything", UNTOLD)]
    silence = now - max(heard)
    if silence > HEARD_WITHIN:
        hours = silence.total_seconds() / 3600
        return [*lines, subject.fail(f"the stack has told nothing for {hours:.1f} h", UNTOLD)]
    return [*lines, subject.ok(f"the stack last told something {silence.total_seconds():.0f} s ago")]


def _told(account: AccountState) -> Iterator[datetime]:
    stack = account.stack
    if stack.heartbeat_at is not None:
        yield stack.heartbeat_at
    yield from (readings[-1].at for _, readings in stack.gauges if readings)
    yield from (signal.at for signal in stack.signals)
    yield from (twin.at for twin in stack.twins)


async def source(runtime: Runtime, config: PrometheusConfig) -> list[Line]:
    """As the running guardian last heard each source of this account."""
    counts = runtime.counters.stack.sources
    mine = {name: count for (account, name), count in counts.items() if account == config.account}
    now = runtime.parts.clock.now()
    if not mine:
        return [Subject(config.account, "source").fail("was never asked since guardian started", SILENT)]
    late = timedelta(seconds=LATE_FACTOR * config.every_seconds)
    return [_source(Subject(config.account, name), count, now, late) for name, count in mine.items()]


def _source(subject: Subject, count: SourceCount, now: datetime, late: timedelta) -> Line:
    if count.silent:
        said = ", ".join(f"{gauge}: {why}" for gauge, why in count.silent[:3])
        return subject.fail(f"{len(count.silent)} gauges give no number ({said})", SILENT)
    if count.told_at is None:
        return subject.fail("has never given a number", SILENT)
    age = now - count.told_at
    said = f"last gave a number {age.total_seconds():.0f} s ago"
    return subject.fail(said, SILENT) if age > late else subject.ok(said)
