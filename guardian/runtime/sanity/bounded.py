"""A check under its own deadline: whatever it does, it gives lines, and none of them is a silent pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from guardian.errors import GuardianError
from guardian.runtime.checkup.line import Line, Subject

CHECK_SECONDS = 10.0

Check = Callable[[], Awaitable[list[Line]]]


async def bounded(subject: Subject, check: Check, seconds: float = CHECK_SECONDS) -> list[Line]:
    """The check's lines, or one that says why there are none."""
    try:
        async with asyncio.timeout(seconds):
            return await check()
    except TimeoutError:
        return [subject.fail(f"no answer within {seconds:g} s", "Look at what it waits for.")]
    except GuardianError as error:
        return [subject.told(str(error), "Correct it in guardian.yaml.")]
    except Exception as error:
        # Only its kind: the text may quote an address or a key.
        said = f"the check itself broke ({type(error).__name__})"
        return [subject.fail(said, "`guardian check --online` looks at the same; report what it says.")]
