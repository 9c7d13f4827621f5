"""Telling people: channels, who is told what, and the courier that keeps trying."""

from __future__ import annotations

import asyncio

from guardian.config.shapes import ChannelConfig, Routes
from guardian.errors import ConfigError, SecretError
from guardian.notify.backlog import Pace
from guardian.notify.outbox import Courier, Timing
from guardian.notify.pagerduty import PagerDuty
from guardian.notify.routing import Router
from guardian.notify.slack import Slack
from guardian.notify.wire import SharedClient, open_client
from guardian.ports import SecretStore

__all__ = ["Courier", "Pace", "PagerDuty", "Router", "Slack", "Timing", "open_channels"]


async def open_channels(
    routes: Routes, secrets: SecretStore, problems: list[tuple[str, str]] | None = None
) -> tuple[Slack | PagerDuty, ...]:
    """Every configured channel on one shared client.

    Raises ConfigError for an unknown kind. A secret that cannot be fetched or used now is no reason not to
    start: it is added to `problems` as (channel, sentence), and the channel tries again at each message.
    """
    shared = SharedClient(open_client())
    try:
        channels = tuple(_channel(config, secrets, shared) for config in routes.channels)
        # All at once: a vault that hangs must not delay the first read by its patience times the channels.
        said = await asyncio.gather(*map(_prepared, channels))
    except BaseException:
        await shared.client.aclose()
        raise
    if not channels:
        await shared.client.aclose()
    if problems is not None:
        problems += [(c.name, problem) for c, problem in zip(channels, said, strict=True) if problem]
    return channels


async def _prepared(channel: Slack | PagerDuty) -> str:
    """Empty, or what is wrong with the channel's secret."""
    try:
        await channel.prepare()
    except (SecretError, ConfigError) as error:
        return str(error)
    return ""


def _channel(config: ChannelConfig, secrets: SecretStore, shared: SharedClient) -> Slack | PagerDuty:
    if config.kind == "slack":
        return Slack(config.name, config.ref, secrets, shared)
    if config.kind == "pagerduty":
        return PagerDuty(config.name, config.ref, secrets, shared, config.base_url)
    raise ConfigError(f"channel {config.name}: unknown kind {config.kind!r}; use slack or pagerduty")
