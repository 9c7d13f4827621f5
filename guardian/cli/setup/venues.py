"""`guardian venues`: which venues an account may be on, and what guardian can do there."""

from __future__ import annotations

import textwrap

import click

from guardian.cli.shared import json_option, say
from guardian.exchanges import VENUES

WIDTH = 100


@click.command()
@json_option
def venues(as_json: bool) -> None:
    """List the venues that guardian supports, and what it sees and does on each.

    The name is what `venue:` says in guardian.yaml. The simulated one is `guardian venue serve`.
    """
    found = [VENUES[name] for name in sorted(VENUES)]
    document = [{"name": v.name, "title": v.title, "capabilities": v.capabilities} for v in found]
    say({"venues": document}, as_json, "\n".join(_text(v.name, v.title, v.capabilities) for v in found))


def _text(name: str, title: str, capabilities: str) -> str:
    filled = textwrap.fill(capabilities, WIDTH - 2, break_on_hyphens=False)
    return f"{name}: {title}\n{textwrap.indent(filled, '  ')}"
