"""Each way to stop the bot: would it find somebody to stop? Nothing is signalled and nothing is posted."""

from __future__ import annotations

import signal
from pathlib import Path

from guardian.config.shapes import AccountConfig, ProcessHalt, WebhookHalt
from guardian.errors import SecretError
from guardian.halt.pidfile import Held, hold
from guardian.ports import SecretStore
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.checkup.reach import unreachable

FIXES = {
    "no-pidfile": "Let the bot or its supervisor write its process id there, or correct `pidfile`.",
    "garbage": "Let the file hold one process id and nothing else.",
    "no-process": "Start the bot, and let it write the pidfile anew at each start.",
    "pid-reused": "Let the bot write its pidfile at each start: another process has its old id now.",
    "self": "Name the bot's own pidfile.",
}


async def examine_halt(account: AccountConfig, state_dir: Path, secrets: SecretStore) -> list[Line]:
    subject = Subject(account.name, "halt target")
    if not account.halt:
        return [subject.ok("none is configured: the bot is not asked to stop, only its keys are fenced")]
    return [await _examine(subject, target, state_dir, secrets) for target in account.halt]


async def _examine(subject: Subject, target: object, state_dir: Path, secrets: SecretStore) -> Line:
    match target:
        case ProcessHalt():
            return _process(subject, target.pidfile, state_dir)
        case WebhookHalt():
            return await _webhook(subject, target, secrets)
    return subject.warn(f"{type(target).__name__} is not looked at here", "Try it in a drill.")


def _process(subject: Subject, pidfile: Path, state_dir: Path) -> Line:
    """Held only to look: signal 0 asks the kernel whether it would be allowed."""
    held = hold(pidfile)
    if not isinstance(held, Held):
        fix = FIXES.get(held.code, "Correct `pidfile`.")
        return subject.fail(f"{pidfile}: {held.detail.removeprefix(f'{pidfile}: ')}", fix)
    try:
        if held.pid == _daemon(state_dir):
            return subject.fail(f"{pidfile}: names guardian itself", FIXES["self"])
        signal.pidfd_send_signal(held.fd, 0)
    except PermissionError:
        return subject.fail(
            f"{pidfile}: guardian may not signal process {held.pid}", "Run both as the same user."
        )
    except ProcessLookupError:
        return subject.fail(f"{pidfile}: process {held.pid} has ended", FIXES["no-process"])
    finally:
        held.close()
    return subject.ok(f"{pidfile}: process {held.pid} is alive and may be signalled")


def _daemon(state_dir: Path) -> int:
    """The process id of the guardian that works in this state directory; 0 when there is none."""
    try:
        text = (state_dir / "lock").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return 0
    return int(text) if text.isdecimal() else 0


async def _webhook(subject: Subject, target: WebhookHalt, secrets: SecretStore) -> Line:
    try:
        await secrets.fetch_text(target.secret_ref)
    except SecretError as error:
        return subject.told(str(error))
    why = await unreachable(target.url, proxied=False)
    if why:
        return subject.fail(f"webhook: {why}", "Start the receiver, or correct `url`.")
    return subject.ok("webhook: its host takes connections (nothing was posted)")
