"""`guardian init`: a first guardian.yaml that observes, and what to do next.

Law: it never overwrites, never reads a secret, and what it writes passes `guardian check`.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from guardian.cli.setup.draft import Draft, render
from guardian.cli.setup.freqtrade import FreqtradeBot, read_freqtrade
from guardian.cli.setup.permissions import ticks
from guardian.cli.shared import json_option, say
from guardian.config import ConfigError, content, load_config
from guardian.config.load import DEFAULT_NAME
from guardian.errors import RefusedError
from guardian.exchanges import VENUES, venue

REFERENCE = re.compile(r"(file|env|vault):\S[^\n\r]*")
Row = dict[str, Any]

SHAPE = '{"key": "...", "secret": "..."}'
NEXT = "guardian check --online"
PACKS_HELP = f"The rule pack: {', '.join(n for n in content.names('rules') if n not in ('builtin', 'demo'))}."


@dataclass(frozen=True, slots=True)
class Question:
    """One answer that is needed: asked at a terminal, else taken from --`option`, or from --yes."""

    option: str
    prompt: str
    default: str


@click.command()
@click.option("--venue", metavar="ID", help="The venue's ccxt id.")
@click.option("--account", metavar="NAME", help="The account's name, in commands and notifications.")
@click.option("--currency", metavar="CODE", help="What equity is reported in, such as USDT.")
@click.option("--watch", metavar="REF", help="The read-only key: file:PATH or env:NAME.")
@click.option("--hands", metavar="REF", help="The key that cancels and closes; without it guardian observes.")
@click.option("--admin", metavar="REF", help="The master's key that fences and deletes the bot's keys.")
@click.option("--from", "freqtrade", type=click.Path(path_type=Path), metavar="FREQTRADE_CONFIG.json")
@click.option("--rules", default="starter", show_default=True, metavar="PACK", help=PACKS_HELP)
@click.option("--url", metavar="URL", help="A simulated venue or a proxy instead of the venue itself.")
@click.option("--config", "path", type=click.Path(path_type=Path), metavar="F", help="The file to write.")
@click.option("--yes", is_flag=True, help="Take the defaults for what is not given; ask nothing.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@json_option
def init(
    *,
    freqtrade: Path | None,
    rules: str,
    url: str | None,
    path: Path | None,
    yes: bool,
    force: bool,
    as_json: bool,
    **given: str | None,
) -> None:
    """Write a first guardian.yaml, in observe mode, and the folder for its keys.

    Asks for what no option tells; without a terminal and without --yes a missing answer is exit 2. --from
    reads venue, currency and the public id of the bot's key from a freqtrade configuration, never a secret.
    Exit 6: the file exists already (--force replaces it).
    """
    file = Path(os.path.abspath(path or os.environ.get("GUARDIAN_CONFIG") or DEFAULT_NAME))
    _refuse_existing(file, force)
    bot = read_freqtrade(freqtrade) if freqtrade else None
    draft = _answered(given, bot, ask=not yes and not as_json and sys.stdin.isatty(), yes=yes)
    draft = replace(draft, rules=rules, url=url or "", bot_keys=(bot.key,) if bot and bot.key else ())
    venue(draft.venue)
    _write(file, render(draft), force)
    document = _document(file, draft, bot, _make_folders(file, draft))
    say(document, as_json, "\n".join(_lines(document)))


# --- the answers ---------------------------------------------------------------------------------


def _answered(given: dict[str, str | None], bot: FreqtradeBot | None, *, ask: bool, yes: bool) -> Draft:
    """Raises click.UsageError (exit 2) naming the first option that is missing."""
    found = {name: value for name, value in given.items() if value}
    if bot is not None:
        found = {"venue": bot.venue, "currency": bot.currency, **found}
    for question in _questions(found.get("venue", "")):
        if question.option not in found:
            found[question.option] = _answer(question, found, ask=ask, yes=yes)
    for role in ("watch", "hands", "admin"):
        _check_reference(role, found.get(role, ""))
        if ask and role not in found:
            found[role] = _asked_reference(role)
    return Draft(
        venue=found["venue"],
        account=found["account"],
        currency=found["currency"],
        watch=found["watch"],
        hands=found.get("hands", ""),
        admin=found.get("admin", ""),
    )


def _questions(known_venue: str) -> tuple[Question, ...]:
    return (
        Question("venue", f"Venue ({', '.join(sorted(VENUES))})", known_venue or "bybit"),
        Question("account", "Name for the account", "{venue}-main"),
        Question("currency", "Currency of its equity", "USDT"),
        Question("watch", "Reference of the read-only key", "file:keys/watch.json"),
    )


def _answer(question: Question, found: dict[str, str], *, ask: bool, yes: bool) -> str:
    default = question.default.format(venue=found.get("venue", ""))
    if ask:
        return str(click.prompt(question.prompt, default=default, err=True)).strip()
    if yes:
        return default
    raise click.UsageError(f"missing --{question.option}; give it, or take {default} with --yes")


def _asked_reference(role: str) -> str:
    """Both acting keys may be left out: without them guardian observes."""
    prompt = f"Reference of the {role} key (empty: none yet)"
    ref = str(click.prompt(prompt, default="", show_default=False, err=True)).strip()
    _check_reference(role, ref)
    return ref


def _check_reference(role: str, ref: str) -> None:
    """What is no reference may be the key itself: it is neither shown nor written to a file."""
    if ref and not REFERENCE.fullmatch(ref):
        raise click.UsageError(f"--{role}: not a reference; write file:PATH or env:NAME, never a key")


# --- the files -----------------------------------------------------------------------------------


def _refuse_existing(file: Path, force: bool) -> None:
    if os.path.lexists(file) and not force:
        raise RefusedError(f"{file}: exists already; --force replaces it, --config names another")


def _write(file: Path, text: str, force: bool) -> None:
    """Checked before it has its name, so that a file which `guardian check` refuses never appears."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".init-", suffix=".yaml") as draft:
        draft.write(text)
        draft.flush()
        os.fsync(draft.fileno())
        os.fchmod(draft.fileno(), 0o644)
        try:
            load_config(Path(draft.name), venues=VENUES)
        except ConfigError as error:
            found = tuple(
                replace(each, file=str(file)) if each.file == draft.name else each for each in error.findings
            )
            raise ConfigError(found) from None
        if force:
            os.link(draft.name, f"{draft.name}.new")
            os.replace(f"{draft.name}.new", file)
            return
        try:
            # A link, because it fails where a file has appeared in the meantime.
            os.link(draft.name, file)
        except FileExistsError:
            raise RefusedError(f"{file}: exists already; --force replaces it") from None


def _make_folders(file: Path, draft: Draft) -> list[dict[str, Any]]:
    """The folder of each key file, mode 0700 if it is made here. Each key with what there is to do for it."""
    keys = []
    for role, ref in draft.refs.items():
        kind, _, rest = ref.partition(":")
        key: dict[str, Any] = {"role": role, "ref": ref, "permissions": ticks(draft.venue, role)}
        if kind == "file":
            place = Path(os.path.abspath(file.parent / os.path.expanduser(rest)))
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            key |= {"file": str(place), "exists": place.exists(), "folder_open": _open(place.parent)}
        keys.append(key)
    return keys


def _open(folder: Path) -> bool:
    return bool(stat.S_IMODE(folder.stat().st_mode) & 0o077)


# --- what is said --------------------------------------------------------------------------------


def _document(file: Path, draft: Draft, bot: FreqtradeBot | None, keys: list[Row]) -> Row:
    named = "" if file == Path.cwd() / DEFAULT_NAME else f" --config {file}"
    return {
        "ok": True,
        "path": str(file),
        "account": draft.account,
        "venue": draft.venue,
        "currency": draft.currency,
        "rules": draft.rules,
        "mode": "observe",
        "keys": keys,
        "bot_keys": list(draft.bot_keys),
        "notes": list(bot.notes) if bot else [],
        "next": NEXT + named,
    }


def _lines(document: dict[str, Any]) -> list[str]:
    lines = [
        f"wrote {document['path']}: {document['account']} on {document['venue']}, rules "
        f"{document['rules']}, observing only"
    ]
    for key in document["keys"]:
        lines += _key_lines(key)
    if document["bot_keys"]:
        lines.append(f"the bot's key, by its public id: {', '.join(document['bot_keys'])}")
    lines += [f"note: {note}" for note in document["notes"]]
    return [*lines, f"next: {document['next']}"]


def _key_lines(key: dict[str, Any]) -> list[str]:
    lines = [f"{key['role']} key, {key['permissions']}; bind it to this machine's address"]
    if "file" not in key:
        return [*lines, f"  set {key['ref'].removeprefix('env:')} to {SHAPE}"]
    if key["exists"]:
        lines.append(f"  {key['file']} is there already")
    else:
        lines.append(f"  write {SHAPE} to {key['file']}, then: chmod 600 {key['file']}")
    if key["folder_open"]:
        folder = os.path.dirname(key["file"])
        lines.append(f"  {folder} is open to others: chmod 700 {folder}")
    return lines
