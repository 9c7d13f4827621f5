"""Where guardian's requests leave from: a venue bans an address, whoever misbehaves behind it."""

from __future__ import annotations

from urllib.parse import urlsplit

from guardian.config.shapes import AccountConfig, ProcessHalt, WebhookHalt
from guardian.config.values import is_loopback
from guardian.runtime.checkup.line import Line, Subject

BANNED = "a runaway bot on the same address can get guardian banned with it"


def examine_egress(account: AccountConfig) -> list[Line]:
    subject = Subject(account.name, "egress")
    if account.egress:
        return [subject.ok(f"leaves by its own `egress`; keep the bot off it: {BANNED}")]
    if any(_lives_here(target) for target in account.halt):
        return [
            subject.warn(
                f"the bot runs on this machine and guardian shares its address: {BANNED}",
                "Give this account an `egress`: a second source address, or a proxy.",
            )
        ]
    return [subject.ok(f"leaves by this machine's own address; {BANNED}, so let the bot use another")]


def _lives_here(target: object) -> bool:
    """A process by its pidfile, or a hook on loopback."""
    if isinstance(target, WebhookHalt):
        return is_loopback(urlsplit(target.url).hostname or "")
    return isinstance(target, ProcessHalt)
