"""The command line: one file a command group, loaded only when it is asked for."""

from __future__ import annotations

import sys

COMMANDS = {
    "alerts": "guardian.cli.setup.alerts:alerts",
    "arm": "guardian.cli.act.operate:arm",
    "bench": "guardian.cli.bench:bench",
    "check": "guardian.cli.setup.check:check",
    "demo": "guardian.cli.demo:demo",
    "disarm": "guardian.cli.act.operate:disarm",
    "drill": "guardian.cli.drill:drill",
    "evaluate": "guardian.cli.evaluate:evaluate",
    "expect": "guardian.cli.act.expect:expect",
    "flatten": "guardian.cli.act.operate:flatten",
    "healthcheck": "guardian.cli.see.healthcheck:healthcheck",
    "init": "guardian.cli.setup.init:init",
    "journal": "guardian.cli.see.journal:journal",
    "keys": "guardian.cli.setup.keys:keys",
    "lockout": "guardian.cli.act.operate:lockout",
    "pause": "guardian.cli.act.pause:pause",
    "plan": "guardian.cli.see.plan:plan",
    "replay": "guardian.cli.replay:replay",
    "resume": "guardian.cli.act.operate:resume",
    "rules": "guardian.cli.setup.rules:rules",
    "run": "guardian.cli.run:run",
    "sanity": "guardian.cli.setup.sanity:sanity",
    "sim": "guardian.cli.sim:sim",
    "status": "guardian.cli.see.status:status",
    "venue": "guardian.cli.venue:venue",
    "venues": "guardian.cli.setup.venues:venues",
    "watch": "guardian.cli.see.watch:watch",
}


def main(argv: list[str] | None = None) -> object:
    """Run the command line; whatever happens, people get a sentence and never a traceback.

    A healthcheck runs every few seconds in a container: it is answered before click is even imported.
    """
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["healthcheck"]:
        from guardian.cli.see.pulse import quick

        if (code := quick(words[1:])) is not None:
            sys.exit(code)
    from guardian.cli.terminal import run

    return run(argv)


def __getattr__(name: str) -> object:
    """`root`, the whole command tree, for those who walk it; the import waits until they do."""
    if name != "root":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from guardian.cli.terminal import root

    return root
