"""A report told: a trouble for each subject that failed, and one message with the worst first.

The troubles are journaled and shown like any other; they wake nobody: the message tells them together.
It is told again by tomorrow's report, so unlike a page it may be lost with a process that dies at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from guardian.config.shapes import Config
from guardian.core.effects import Notify
from guardian.core.events import Troubled
from guardian.core.model import Level
from guardian.notify.routing import PAGERS
from guardian.ports import Message
from guardian.runtime.checkup.line import Line
from guardian.runtime.loop import Runtime
from guardian.runtime.sanity.report import Report, subject
from guardian.runtime.sanity.standing import PREFIX

LINES = 20

BROKEN = "daily-checks"
"""The trouble of a run that did not come to a report: told at once, for no report will tell it."""


def tell_troubles(runtime: Runtime, report: Report) -> None:
    """One event for each subject that began to fail, or that does not any more."""
    now = runtime.parts.clock.now()
    for account in runtime.state.accounts:
        name = account.policy.name
        failing = _failing(report, name)
        for known in account.troubles:
            if (known.startswith(PREFIX) or known == BROKEN) and known not in failing:
                runtime.post(Troubled(now, name, known, "the daily check passes again", healed=True))
        for trouble, detail in failing.items():
            if trouble not in account.troubles:
                runtime.post(Troubled(now, name, trouble, detail))


def _failing(report: Report, account: str) -> dict[str, str]:
    """What concerns this account or the whole instance, by subject."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in report.failed:
        if line.account in ("", account):
            found[PREFIX + line.check].append(line.message)
    return {trouble: "; ".join(details) for trouble, details in found.items()}


def tell_people(runtime: Runtime, config: Config, report: Report, ailing: bool) -> None:
    """`ailing`: the report before this one had failures; whoever heard of them hears of their end."""
    to = config.sanity.to if config.sanity else ()
    level = Level.NORMAL if report.ok else Level.CAUTION
    kinds = {channel.name: channel.kind for channel in config.routes.channels}
    for channel in _channels(runtime, report, to, ailing):
        # A good report must open no incident: to a pager it is the end of one, and proves the way there.
        over = report.ok and (ailing or kinds.get(channel) in PAGERS)
        spoken = Level.CAUTION if over else level
        kind = "resolve" if over else "trigger"
        runtime.courier.offer(channel, _message(runtime, report, spoken, kind))
        runtime.told += 1


def _channels(runtime: Runtime, report: Report, to: tuple[str, ...], ailing: bool) -> Iterator[str]:
    """Those that want every report, and by the routes those that are told from caution up."""
    probe = Notify("sanity", "", "", "trigger", Level.CAUTION, "", ())
    routed = runtime.parts.router.route(probe, report.at) if ailing or not report.ok else ()
    yield from dict.fromkeys([*to, *(channel for channel, _ in routed)])


def _message(runtime: Runtime, report: Report, level: Level, kind: str) -> Message:
    instance = runtime.state.instance
    return Message(
        key=f"guardian/{instance}/-/guardian/sanity",
        notification=kind,
        level=level.name,
        account=instance,
        title=title(report),
        lines=tuple(_lines(report)),
        would=False,
        at=report.at,
        instance=instance,
    )


def title(report: Report) -> str:
    count = len(report.lines)
    if not report.ok:
        return f"Daily checks: {len(report.failed)} of {count} failed"
    warned = f", {len(report.warned)} with a warning" if report.warned else ""
    return f"Daily checks: all {count} passed{warned}"


def _lines(report: Report) -> Iterator[str]:
    worst = [line for line in report.worst_first if line.level is not line.level.OK]
    yield from (_line(line) for line in worst[:LINES])
    if len(worst) > LINES:
        yield f"... and {len(worst) - LINES} more"
    yield "`guardian sanity --last` shows all of it."


def _line(line: Line) -> str:
    return f"{line.level.upper()} {subject(line)}: {line.message}. {line.fix}".rstrip()
