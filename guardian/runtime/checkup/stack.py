"""What the trading stack would tell: the token is there, and each source gives a number for each gauge."""

from __future__ import annotations

from guardian.config.shapes import PrometheusConfig, TelemetryConfig
from guardian.errors import SecretError
from guardian.ports import SecretStore
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.clock import wall
from guardian.runtime.stack.token import fetch_token
from guardian.sources import Silence, open_source


async def examine_telemetry(telemetry: TelemetryConfig, secrets: SecretStore) -> list[Line]:
    subject = Subject("", "telemetry")
    try:
        await fetch_token(secrets, telemetry.token_ref)
    except SecretError as error:
        return [subject.told(str(error), "Correct the reference of the token.")]
    return [subject.ok("its token is there")]


async def examine_source(config: PrometheusConfig, secrets: SecretStore) -> list[Line]:
    """Each gauge is asked for once; nothing is told to anybody."""
    source = open_source(config, secrets)
    subject = Subject(config.account, source.name)
    try:
        readings = await source.ask(wall)
    finally:
        await source.close()
    silent = [each for each in readings if isinstance(each, Silence)]
    fix = "See that the server is up and knows the series, and that the query gives exactly one number."
    if silent:
        return [subject.fail(f"{each.gauge}: {each.why}", fix) for each in silent]
    return [subject.ok(f"{len(readings)} of {len(readings)} gauges give a number")]
