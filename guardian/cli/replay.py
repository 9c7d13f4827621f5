"""`guardian replay`: what rules would have done with the past: candles, or a journal of one's own."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from guardian.cli.shared import json_option, progress, say
from guardian.config import load_packs
from guardian.core.model import Level
from guardian.errors import ConfigError, GuardianError

PATH = click.Path(path_type=Path)
NONE = "none"
MOST = [level.name.lower() for level in Level]
PICTURES = (".png", ".svg", ".pdf")


class Windows(click.ParamType[tuple[str, ...]]):
    """1m,3m,1y: each once, and each of the form that `--per-asset` knows."""

    name = "windows"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        found = tuple(word.strip() for word in str(value).split(","))
        window_start = importlib.import_module("guardian.replay.eligible").window_start
        for each in found:
            try:
                window_start(each, 0)
            except ConfigError as error:
                self.fail(str(error).removeprefix("--windows "), param, ctx)
            if found.count(each) > 1:
                self.fail(f"{each} is given more than once; write each window once", param, ctx)
        return found


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("data", type=PATH)
@click.option(
    "--rules", "packs", multiple=True, required=True, metavar="PACK", help="A pack; may be repeated."
)
@click.option("--account", type=PATH, metavar="FILE", help="ACCOUNT.yaml: what the account holds.")
@click.option("--as-written", is_flag=True, help="Keep each rule's mode (and a journal's arming).")
@click.option(
    "--picture",
    default="replay.png",
    show_default=True,
    metavar="FILE|none",
    help="PNG or SVG; its folder is made.",
)
@click.option("--per-asset", is_flag=True, help="Which assets stay inside the pack, each held 1x alone.")
@click.option(
    "--windows",
    type=Windows(),
    default="1m,3m,6m,1y",
    show_default=True,
    help="With --per-asset; end with the newest bar of all.",
)
@click.option(
    "--most", type=click.Choice(MOST[:-1]), default="caution", show_default=True, help="Still inside."
)
@click.option(
    "--write", type=PATH, metavar="FILE", help="With --per-asset: write the assets that stay inside."
)
@json_option
def replay(*, data: Path, packs: tuple[str, ...], as_json: bool, **wanted: Any) -> None:
    """Replay DATA under rules, through the same core that judges a live account.

    DATA is a file or a folder of candles (parquet, feather, CSV, JSON), or the state_dir or journal.db of a
    guardian. Rules are played as if armed, unless --as-written. A bar is known only at its close.
    """
    if wanted["per_asset"]:
        _refuse_picture_of_assets(wanted["picture"])
    else:
        _refuse_options_of_assets()
    rules = importlib.import_module("guardian.replay.rules")
    chosen = rules.all_rules(load_packs(packs, Path.cwd()))
    chosen = chosen if wanted["as_written"] else rules.armed(chosen)
    recorded = importlib.import_module("guardian.replay.recorded")
    journal = recorded.journal_in(data)
    if journal is not None:
        _journal(recorded, journal, chosen, wanted, as_json)
    elif wanted["per_asset"]:
        _per_asset(data, rules.cast(chosen), wanted, as_json)
    else:
        _candles(data, rules.cast(chosen), wanted, as_json)


def _refuse_options_of_assets() -> None:
    """What is asked for and cannot be told is refused, and not passed over."""
    source = click.get_current_context().get_parameter_source
    for name in ("windows", "most", "write"):
        if source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} needs --per-asset: it is about which assets stay inside")


def _refuse_picture_of_assets(picture: str) -> None:
    source = click.get_current_context().get_parameter_source("picture")
    if source is ParameterSource.COMMANDLINE and picture != NONE:
        raise click.UsageError("--picture draws one account: leave it out, or leave --per-asset out")


def _candles(data: Path, cast: Any, wanted: dict[str, Any], as_json: bool) -> None:
    if wanted["account"] is None:
        raise click.UsageError("candles need --account ACCOUNT.yaml: what the account holds (docs/replay.md)")
    _drawable(wanted["picture"])
    account = importlib.import_module("guardian.replay.account")
    report = importlib.import_module("guardian.replay.report")
    plan = account.read_plan(wanted["account"])
    candles = importlib.import_module("guardian.replay.candles").load_candles(data)
    plan = account.held_in(plan, candles.symbols, str(wanted["account"]))
    cast = _fine_enough(cast, candles.seconds)
    with progress("bars", len(candles)) as tell:
        course = importlib.import_module("guardian.replay.drive").drive(candles, plan, cast.rules, tell)
    picture = None
    if wanted["picture"] != NONE:
        draw = importlib.import_module("guardian.replay.picture").draw
        title = f"{', '.join(plan.symbols)}: {data.name}"
        caption = report.acts_in_words(plan, candles.seconds).capitalize() + "."
        picture = draw(course, title, caption, Path(wanted["picture"]))
    document = report.document(course, candles, plan, cast, picture)
    say(document, as_json, "" if as_json else report.text(document))


def _fine_enough(cast: Any, bar_seconds: int) -> Any:
    """Without the rules that bars of this length cannot tell, which would pass for calm."""
    coarse = importlib.import_module("guardian.evaluate.designs.coarse")
    missed = [rule for rule in cast.rules if coarse.too_coarse(rule, bar_seconds)]
    left_out = ((rule.id, coarse.why_coarse(rule, bar_seconds)) for rule in missed)
    rules = tuple(rule for rule in cast.rules if rule not in missed)
    return replace(cast, rules=rules, left_out=(*cast.left_out, *left_out))


def _drawable(picture: str) -> None:
    """Told before a year is played, not after it."""
    if picture == NONE:
        return
    if Path(picture).suffix.lower() not in PICTURES:
        raise click.BadParameter(
            f"{picture}: its name must end in {', '.join(PICTURES)}, or be `none`", param_hint="--picture"
        )
    try:
        Path(picture).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GuardianError(f"--picture {picture}: cannot be written: {error.strerror}") from None


def _writable(file: Path | None) -> None:
    """Told before everything is played; what the file holds stays, and no empty one is left behind."""
    if file is None:
        return
    try:
        fresh = not file.exists()
        file.open("ab").close()
        if fresh:
            file.resolve().unlink()
    except OSError as error:
        said = f"{file}: cannot be written: {error.strerror}"
        raise click.BadParameter(said, param_hint="--write") from None


def _journal(recorded: Any, journal: Path, rules: Any, wanted: dict[str, Any], as_json: bool) -> None:
    if wanted["account"] is not None or wanted["per_asset"]:
        raise click.UsageError("a journal has its own accounts: --account and --per-asset are for candles")
    _drawable(wanted["picture"])
    recorded.verify(journal)
    decode = importlib.import_module("guardian.runtime.codec").decode_step_event
    with progress("events", None) as tell:
        found = recorded.replay(recorded.read_events(journal, decode), rules, wanted["as_written"], tell)
    picture = None
    if wanted["picture"] != NONE and found.accounts:
        draw = importlib.import_module("guardian.replay.picture").draw_recorded
        picture = draw(found, str(journal), Path(wanted["picture"]))
    document = recorded.document(found, picture)
    report = importlib.import_module("guardian.replay.report")
    lines = [f"{document['events']} events, {document['from']} to {document['to']}"]
    lines += report.transitions_in_words(document["transitions"])
    lines += [f"picture: {picture}"] if picture else []
    say(document, as_json, "\n".join(lines))


def _per_asset(data: Path, cast: Any, wanted: dict[str, Any], as_json: bool) -> None:
    _writable(wanted["write"])
    eligible = importlib.import_module("guardian.replay.eligible")
    account = importlib.import_module("guardian.replay.account")
    candles = importlib.import_module("guardian.replay.candles").load_candles(data)
    given = account.read_plan(wanted["account"]) if wanted["account"] else account.Plan(Decimal(10_000))
    cast = _fine_enough(cast, candles.seconds)
    if wanted["write"] is not None:
        eligible.check_names(candles.symbols)
    windows, most = wanted["windows"], Level[wanted["most"].upper()]
    with progress("bars", None) as tell:
        found = eligible.stays(candles, given, cast.rules, windows, tell)
    document = eligible.document(found, most)
    report = importlib.import_module("guardian.replay.report")
    document["left_out"] = [{"rule": rule, "why": why} for rule, why in cast.left_out]
    document["findings"] = report.findings(candles)
    lines = [eligible.table(found, most), *(f"not played: {rule}: {why}" for rule, why in cast.left_out)]
    lines += report.findings_in_words(document["findings"])
    if wanted["write"] is not None:
        listed = eligible.names(found, most)
        note = f"Assets inside {', '.join(windows)}: no level beyond {most.name} at 1x each."
        lines.append(_write(wanted["write"], eligible.allow_list(listed, note), listed))
        document |= {"written": str(wanted["write"].resolve()), "symbols": list(listed)}
    say(document, as_json, "\n".join(lines))


def _write(file: Path, text: str, listed: Sequence[str]) -> str:
    """What was written, and what becomes of it."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise GuardianError(f"--write {file}: cannot be written: {error.strerror}") from None
    if not listed:
        return f"written: {file}: no asset; `guardian check` refuses a rule that reads it"
    return (
        f"written: {file}: {', '.join(listed)}; a rule of foreign_activity reads it by `of: file:{file.name}`"
    )
