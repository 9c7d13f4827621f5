"""Whether what is judged is what the files say: a pack edited since is judged only after a restart."""

from __future__ import annotations

import asyncio

from guardian.config import ConfigError, load_config
from guardian.config.shapes import Config
from guardian.exchanges import VENUES
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.start.daemon import pack_hash

RESTART = "Restart guardian to take them in; `guardian check` says first whether they are right."


async def on_disk(config: Config, loaded: str) -> list[Line]:
    """`loaded` is the hash of the rules in force, as the journal has it."""
    subject, file = Subject("", "rules"), Subject("", "guardian.yaml")
    try:
        found = await asyncio.to_thread(load_config, config.path, VENUES)
    except ConfigError as error:
        first = str(error.findings[0]) if error.findings else "it cannot be read"
        return [file.fail(f"a restart would go on with the last good one: {first}", "Run `guardian check`.")]
    hashes = pack_hash(found)
    if hashes != loaded:
        return [subject.fail(f"the files hold other rules ({hashes}) than are judged ({loaded})", RESTART)]
    line = subject.ok(f"{len(found.rules)} rules are judged as the files have them")
    if found != config:
        return [line, file.warn("was changed since guardian started", RESTART)]
    return [line, file.ok("is what guardian runs with")]
