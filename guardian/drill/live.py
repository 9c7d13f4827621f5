"""The live drill: real keys, real channels, the configured venue, and nothing that holds a position.

However it ends (a failed step, Ctrl-C, SIGTERM, a closed terminal, a defect), the canary order is cancelled,
the canary key is restored, the canary process runs and the page is resolved; that too is timed and reported.
What a drill that was killed could not restore is noted, and the next one restores it first.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from guardian.config.shapes import Config
from guardian.drill.course import Course, Step, Tell
from guardian.drill.ground import CONTROL_SOCKET, Ground, open_ground
from guardian.drill.keys import KeySteps
from guardian.drill.order import OrderSteps
from guardian.drill.page import ACKNOWLEDGE_S, PageSteps, Prompt
from guardian.drill.process import ProcessSteps
from guardian.drill.report import Drill
from guardian.runtime.control.canary import CanaryNote
from guardian.runtime.control.offline import drilled_offline
from guardian.web.client import AbsentError, ControlClient

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Audience:
    """Who follows the drill: `tell` is called with each step, `prompt` with a sentence for the person."""

    tell: Tell
    prompt: Prompt
    page: bool = True
    wait_s: float = ACKNOWLEDGE_S


async def drill_live(config: Config, account: str, audience: Audience) -> Drill:
    """Every step that can be tried. Raises RefusedError, having touched nothing, when none may be."""
    began = datetime.now(UTC)
    course = Course(audience.tell)
    async with open_ground(config, account) as ground:
        with CanaryNote(config.state_dir, account) as note:
            steps = _steps(course, ground, KeySteps(course, ground, note), audience)
            interrupted = await _guarded(course, steps, audience.prompt)
    if interrupted:
        course.steps.append(Step("drill completed", "failed", "interrupted; everything is cleaned up", 0.0))
    facts = {"venue": ground.account.venue, "interrupted": interrupted, "paged": audience.page}
    return Drill("live", account, config.instance, began, tuple(course.steps), facts)


async def _steps(course: Course, ground: Ground, keys: KeySteps, audience: Audience) -> None:
    await keys.fetch_and_audit()
    await keys.mend()
    await keys.fence_and_restore()
    await OrderSteps(course, ground).take_all()
    await ProcessSteps(course, ground).take_all()
    pages = PageSteps(course, ground, audience.prompt, audience.wait_s)
    await pages.take_all(audience.page)


async def _guarded(course: Course, steps: Coroutine[None, None, None], prompt: Prompt) -> bool:
    """Whether the steps were interrupted. A signal ends the steps only, never the cleaning up."""
    work = asyncio.create_task(steps)
    with _signalled(work, prompt):
        await asyncio.wait({work})
        await course.clean_up()
    if not work.cancelled():
        work.result()
    return bool(work.cancelled())


@contextmanager
def _signalled(work: asyncio.Task[None], prompt: Prompt) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        work.cancel()
        with suppress(OSError):
            prompt("interrupted: cleaning up; please wait")

    for number in SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


async def remember(config: Config, account: str, report: str) -> str:
    """Journal a passed live drill, through the daemon while it runs; returns when, in ISO 8601."""
    try:
        client = ControlClient(config.state_dir / CONTROL_SOCKET)
        answer = await client.operate("drilled", {"account": account, "report": report})
    except AbsentError:
        answer = await drilled_offline(config, account, report)
    return str(answer["drilled_at"])
