"""The channels to people: a secret of the right shape, and a host that can be reached. Nothing is posted."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from guardian.config.shapes import ChannelConfig, Config
from guardian.config.values import is_loopback
from guardian.errors import ConfigError, SecretError
from guardian.notify.pagerduty import BASE_URL
from guardian.notify.wire import checked_url
from guardian.ports import SecretStore
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.checkup.reach import unreachable

SLACK_HOST = "hooks.slack.com"
SLACK_PATH = re.compile(r"/(services|workflows|triggers)/\S+")
ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")
TRY = "`guardian alerts test` sends one"


async def examine_channel(channel: ChannelConfig, secrets: SecretStore) -> list[Line]:
    subject = Subject("", f"channel {channel.name}")
    try:
        secret = await secrets.fetch_text(channel.ref)
        url, line = _judged(subject, channel, secret)
    except (SecretError, ConfigError) as error:
        return [subject.told(str(error), "Correct the secret that this channel names.")]
    if line is not None and not line.ok:
        return [line]
    why = await unreachable(url) if url else ""
    if why:
        return [subject.fail(why, "Look at the network, DNS, firewall and proxy of this machine.")]
    if line is not None:
        return [line]
    return [subject.ok(f"{urlsplit(url).hostname} takes connections; {TRY}")]


def nobody(config: Config) -> list[Line]:
    if config.routes.routes:
        return []
    fix = "Name `routes`, such as alerts/routes.yaml, with a channel for people."
    return [Subject("", "routes").warn("nobody is told: guardian.yaml names no routes", fix)]


def _judged(subject: Subject, channel: ChannelConfig, secret: str) -> tuple[str, Line | None]:
    """The address to reach, and what is odd about the secret. Raises ConfigError for plain http."""
    if channel.kind == "slack":
        url = checked_url(secret, channel.name)
        return url, _slack_shape(subject, url)
    if channel.kind == "pagerduty":
        url = checked_url(channel.base_url or BASE_URL, channel.name)
        return url, None if ROUTING_KEY.fullmatch(secret) else _odd_key(subject)
    if channel.base_url:
        return checked_url(channel.base_url, channel.name), None
    said = f"its secret is there; a channel of kind {channel.kind} is not looked at further"
    return "", subject.warn(said, f"Try it: {TRY}.")


def _slack_shape(subject: Subject, url: str) -> Line | None:
    parts = urlsplit(url)
    if is_loopback(parts.hostname or "") or (parts.hostname == SLACK_HOST and SLACK_PATH.match(parts.path)):
        return None
    if parts.hostname == SLACK_HOST:
        return subject.fail(
            f"its address at {SLACK_HOST} is no webhook's",
            f"Copy the whole address: https://{SLACK_HOST}/services/T.../B.../...",
        )
    return subject.warn(f"its host is {parts.hostname}, not {SLACK_HOST}", f"See that it is meant; {TRY}.")


def _odd_key(subject: Subject) -> Line:
    return subject.fail(
        "its routing key is not 32 letters and digits",
        "Copy the integration key of an Events API v2 integration.",
    )
