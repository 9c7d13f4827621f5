"""guardian sim: seeded incidents under faults, until one breaks a law; then the smallest that does."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from guardian.cli.shared import json_option, say

FOUND = 1
INTERRUPTED = 130
WITHIN = 500
"""A mutant must be caught within as many seeds."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seeds", type=click.IntRange(1), help="How many; 100, or 500 for a mutant.", metavar="N")
@click.option("--from", "first", type=click.IntRange(0), default=1, show_default=True, help="First seed.")
@click.option("--seed", type=click.IntRange(0), help="Tell this one incident.", metavar="K")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes; one a core if not given.")
@click.option("--coverage", is_flag=True, help="Print which fault struck at which level.")
@click.option("--shrink", is_flag=True, help="With --seed: reduce it to what makes it fail.")
@click.option(
    "--case", is_flag=True, help="With --seed: print it as a golden case, as far as one can tell it."
)
@click.option("--no-shrink", is_flag=True, help="Do not shrink the first failed seed.")
@click.option("--keep", is_flag=True, help="Write failed seeds to tests/sim/seeds.txt of this checkout.")
@click.option("--mutant", metavar="NAME", help="Plant a fault that must be found; `list` names them.")
@json_option
@click.pass_context
def sim(context: click.Context, /, **wanted: Any) -> None:
    """Play incidents drawn from seeds: market, bots, rules, operator and faults around the live core.

    Exit 0 when no law was broken, 1 when one was. With --mutant: 0 when it was caught, 1 when it survived.
    """
    _together(wanted)
    if wanted["mutant"] == "list":
        _list(wanted["as_json"])
    elif wanted["mutant"] is not None:
        _mutant(wanted)
    elif wanted["seed"] is not None:
        _tell(wanted)
    else:
        _search(context, wanted)


def _together(wanted: dict[str, Any]) -> None:
    """Options that contradict each other are refused, not ignored."""
    one = wanted["seed"] is not None
    if one and (wanted["seeds"] is not None or wanted["coverage"] or wanted["keep"]):
        raise click.UsageError("--seed tells one incident; --seeds, --coverage and --keep are for a search")
    if wanted["shrink"] and not one:
        raise click.UsageError("--shrink needs --seed; a search shrinks its first failed seed by itself")
    if wanted["case"] and not one:
        raise click.UsageError("--case needs --seed; it tells one incident")
    if wanted["mutant"] is not None and any(wanted[each] for each in ("keep", "coverage", "shrink", "case")):
        raise click.UsageError(
            "--mutant only hunts; --keep, --coverage, --shrink and --case do not go with it"
        )


def _search(context: click.Context, wanted: dict[str, Any]) -> None:
    follow = importlib.import_module("guardian.cli.sim_follow")
    text = importlib.import_module("guardian.cli.sim_text")
    seeds = range(wanted["first"], wanted["first"] + (wanted["seeds"] or 100))
    tally, seconds, whole = follow.search(seeds, wanted["jobs"])
    document = tally.document(seconds)
    say(document, wanted["as_json"], text.summary(document))
    if wanted["coverage"] and not wanted["as_json"]:
        text.print_coverage(tally.cells)
    for result in tally.failed[:10]:
        click.echo("\n".join(text.violations(result)), err=True)
    if not whole:
        context.exit(INTERRUPTED)
    if tally.failed and not wanted["no_shrink"]:
        click.echo(text.shrunk(tally.failed[0]), err=True)
    if wanted["keep"]:
        follow.keep(tally.failed, not wanted["no_shrink"])
    context.exit(FOUND if tally.failed else 0)


def _tell(wanted: dict[str, Any]) -> None:
    text = importlib.import_module("guardian.cli.sim_text")
    document, story = text.story(wanted["seed"], wanted["shrink"])
    if wanted["case"]:
        story, document["case"] = text.case(wanted["seed"], document["violations"], wanted["shrink"])
        click.echo(f"guardian: {document['case']['sentence']}", err=True)
    say(document, wanted["as_json"], story)
    sys.exit(FOUND if document["violations"] else 0)


def _list(as_json: bool) -> None:
    mutants = importlib.import_module("guardian.sim.mutants.catalogue").ALL
    width = max(len(mutant.name) for mutant in mutants)
    document = {"mutants": [{"name": m.name, "what": m.what, "place": m.place} for m in mutants]}
    say(document, as_json, "\n".join(f"{m.name:<{width}}  {m.what}" for m in mutants))


def _mutant(wanted: dict[str, Any]) -> None:
    name = wanted["mutant"]
    known = importlib.import_module("guardian.sim.mutants.catalogue").BY_NAME
    if name not in known:
        raise click.UsageError(f"there is no mutant {name!r}; `guardian sim --mutant list` names them")
    first = wanted["first"] if wanted["seed"] is None else wanted["seed"]
    count = (wanted["seeds"] or WITHIN) if wanted["seed"] is None else 1
    follow = importlib.import_module("guardian.cli.sim_follow")
    document = follow.hunt(name, range(first, first + count), wanted["jobs"])
    document["what"] = known[name].what
    if document["caught"]:
        end = f"caught by {document['checker']} after {document['after']} seeds (seed {document['seed']})"
        sentence = f"{name}: {end}: {document['text']}"
    else:
        sentence = f"{name}: survived {count} seeds; a checker is missing or too weak"
    if wanted["seed"] is not None and not wanted["as_json"]:
        click.echo(importlib.import_module("guardian.cli.sim_text").story_with(name, first))
    say(document, wanted["as_json"], sentence)
    sys.exit(0 if document["caught"] else FOUND)
