"""The venue: does it answer, how fast, and do its clock and ours agree?"""

from __future__ import annotations

from guardian.config.shapes import AccountConfig
from guardian.errors import VenueError
from guardian.exchanges import endpoint_of
from guardian.exchanges.pulse import UNMEASURED, Pulse, take_pulse
from guardian.runtime.checkup.line import Line, Subject

SLOW_SECONDS = 1.0
CLOCK_WARN_SECONDS = 0.5
CLOCK_FAIL_SECONDS = 2.0

UNREACHED = "Look at the network, DNS and firewall, and at this account's `url` and `egress`."
SET_CLOCK = "Let chrony, ntpd or systemd-timesyncd keep this machine's clock."


async def examine_venue(account: AccountConfig) -> list[Line]:
    reach, clock = Subject(account.name, "venue"), Subject(account.name, "clock")
    try:
        pulse = await take_pulse(endpoint_of(account))
    except VenueError as error:
        if error.code == UNMEASURED:
            return [reach.warn(error.detail, "See whether its keys can be audited, below.")]
        return [
            reach.fail(f"{account.venue} does not answer ({error.code}: {error.detail})", UNREACHED),
            clock.fail("cannot be compared: the venue does not answer", UNREACHED),
        ]
    return [_speed(reach, account.venue, pulse), _clock(clock, pulse)]


def _speed(reach: Subject, venue: str, pulse: Pulse) -> Line:
    said = f"{venue} answers in {pulse.round_trip_s * 1000:.0f} ms"
    if pulse.round_trip_s > SLOW_SECONDS:
        return reach.warn(said, "Run guardian nearer to the venue: each close of a flatten takes this long.")
    return reach.ok(said)


def _clock(clock: Subject, pulse: Pulse) -> Line:
    behind = "behind" if pulse.offset_s > 0 else "ahead of"
    off = abs(pulse.offset_s)
    margin_ms = pulse.round_trip_s * 500
    said = f"this machine is {off:.3f} s {behind} the venue (known to {margin_ms:.0f} ms)"
    if off > CLOCK_FAIL_SECONDS:
        return clock.fail(said, SET_CLOCK)
    return clock.warn(said, SET_CLOCK) if off > CLOCK_WARN_SECONDS else clock.ok(said)
