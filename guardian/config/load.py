"""guardian.yaml with the packs and routes that it names, as one frozen value or all that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from guardian.config import content
from guardian.config.accounts import account_reader
from guardian.config.advice.unheard import warnings
from guardian.config.document import Node
from guardian.config.journal import journal_reader, misplaced
from guardian.config.packs import Ref, read_packs, surroundings
from guardian.config.reading import (
    Field,
    Page,
    Read,
    Row,
    Spot,
    Wrong,
    attempt,
    clip,
    line_at,
    list_of,
    nearest,
    only_entry,
    read_file,
    read_table,
)
from guardian.config.routes import read_routes
from guardian.config.sanity.read import sanity_reader, strangers
from guardian.config.shapes import (
    AccountConfig,
    Config,
    ConfigError,
    Finding,
    JournalConfig,
    Pack,
    Routes,
    VaultConfig,
    WebhookHalt,
)
from guardian.config.stack.agree import disagreements, references
from guardian.config.stack.read import source_reader, telemetry_reader
from guardian.config.values import absolute, endpoint, is_vault_path, name, path_from, reference, text, url

DEFAULT_NAME = "guardian.yaml"
ENVIRONMENT = "GUARDIAN_CONFIG"
NO_VAULT = "a vault: reference without a vault"
VAULT_FIX = (
    "Add `vault: {address: ..., auth: {approle: {role_id: file:..., secret_id: file:...}}}` to this file."
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A name that the file mentions, and its line."""

    name: str
    line: int


def load_config(
    path: Path | None, venues: Collection[str] | None = None, compared: Collection[str] | None = None
) -> Config:
    """The configuration at `path`, else GUARDIAN_CONFIG, else ./guardian.yaml.

    `venues` are the venue ids to accept, `compared` those for comparing prices with (None: any). Raises
    ConfigError with every finding of the file, its packs and its routes: those are read even when the file
    itself is wrong, so that one run shows everything.
    """
    file = locate(path)
    page = Page(str(file))
    node = read_file(file, page)
    row = attempt(_read_root(file.parent), node, Spot(page)) if node is not None else None
    if node is None or row is None:
        raise ConfigError(page.ordered())
    _check_accounts(row, node, page, venues, compared)
    _check_stack(row, node, page)
    packs, pack_findings = _read_packs(row, file)
    routes, route_findings = _read_routes(row.values.get("routes"), file)
    route_findings += _wrong_channels(routes, row, file)
    if not route_findings:
        _check_sanity(row, node, page, routes)
    findings = (*page.ordered(), *pack_findings, *route_findings)
    if findings:
        raise ConfigError(findings)
    values = {field: value for field, value in row.all().items() if field != "rules"}
    config = Config(**{**values, "path": file, "packs": packs, "routes": routes})
    return replace(config, warnings=warnings(config, node))


def locate(path: Path | None) -> Path:
    """Which file is meant. Raises ConfigError when it does not exist."""
    chosen = str(path) if path is not None else os.environ.get(ENVIRONMENT, "") or DEFAULT_NAME
    file = absolute(Path.cwd(), chosen)
    if not os.path.lexists(file):
        fix = f"Write it, name it with --config, or set {ENVIRONMENT}."
        raise ConfigError((Finding(str(file), 1, "", "", "no such file", "", fix),))
    return file


def _read_root(base: Path) -> Read[Row]:
    fields = {
        "instance": Field(name),
        "state_dir": Field(_state_dir(base)),
        "listen": Field(endpoint, None),
        "rules": Field(list_of(_placed)),
        "routes": Field(_placed, None),
        "accounts": Field(list_of(account_reader(base))),
        "vault": Field(_vault(base), None),
        "journal": Field(journal_reader(base), JournalConfig()),
        "telemetry": Field(telemetry_reader(base), None),
        "sources": Field(list_of(source_reader(base)), ()),
        "sanity": Field(sanity_reader(), None),
    }
    return lambda node, spot: read_table(node, spot, fields)


def _placed(node: Node, spot: Spot) -> Placed:
    return Placed(text(node, spot), node.line)


def _state_dir(base: Path) -> Read[Path]:
    """A folder that exists, or that guardian can make because its parent does."""

    def read(node: Node, spot: Spot) -> Path:
        path = path_from(base)(node, spot)
        if not path.is_dir() and (os.path.lexists(path) or not path.parent.is_dir()):
            problem = "not a folder" if os.path.lexists(path) else f"no folder {path.parent}"
            raise Wrong(problem, "Make the folder, or name one that exists.")
        return path

    return read


def _vault(base: Path) -> Read[VaultConfig]:
    fields = {
        "address": Field(url(plain_only_to_loopback=True)),
        "ca": Field(path_from(base), None),
        "auth": Field(_auth(base)),
        "mount": Field(_mount, "secret"),
    }

    def read(node: Node, spot: Spot) -> VaultConfig:
        return VaultConfig(**read_table(node, spot, fields).all())

    return read


def _mount(node: Node, spot: Spot) -> str:
    value = text(node, spot).strip("/")
    if not is_vault_path(value):
        raise Wrong("not a mount's path", "Write it as `bao secrets list` shows it, such as secret.")
    return value


def _auth(base: Path) -> Read[tuple[tuple[str, str], ...]]:
    ref = Field(_own_reference(base))
    fields: dict[str, dict[str, Field]] = {
        "approle": {"role_id": ref, "secret_id": ref},
        "token": {"token": ref},
    }

    def read(node: Node, spot: Spot) -> tuple[tuple[str, str], ...]:
        kind, entry = only_entry(node, spot, "way to log in", fields)
        values = read_table(entry.value, spot.field(kind), fields[kind]).all()
        return tuple((f"{kind}.{each}", ref) for each, ref in sorted(values.items()))

    return read


def _own_reference(base: Path) -> Read[str]:
    """A reference that does not need the vault which it opens."""

    def read(node: Node, spot: Spot) -> str:
        value = reference(base)(node, spot)
        if value.startswith("vault:"):
            raise Wrong("a vault: reference for the vault's own login", "Write file:PATH or env:NAME.")
        return value

    return read


# --- what lies in other files, and what must agree across them ----------------------------------


def _read_packs(row: Row, file: Path) -> tuple[tuple[Pack, ...], tuple[Finding, ...]]:
    placed: tuple[Placed, ...] = row.values.get("rules", ())
    accounts: tuple[AccountConfig, ...] = row.values.get("accounts", ())
    refs = [Ref(each.name, str(file), each.line, f"rules[{i}]") for i, each in enumerate(placed)]
    return read_packs(refs, surroundings(file.parent, accounts=accounts), file.parent)


def _read_routes(placed: Placed | None, file: Path) -> tuple[Routes, tuple[Finding, ...]]:
    """References start at guardian.yaml's folder: shipped routes have no folder of their own."""
    if placed is None:
        return Routes(), ()
    path = content.find(placed.name, file.parent, "alerts")
    if path is None:
        fix = "Write the file, or use the shipped alerts/routes.yaml."
        missing = f"no file {clip(placed.name)}"
        return Routes(), (Finding(str(file), placed.line, "", "routes", missing, "", fix),)
    page = Page(str(path))
    routes = read_routes(path, file.parent, page)
    return routes or Routes(), page.ordered()


def _check_accounts(
    row: Row, node: Node, page: Page, venues: Collection[str] | None, compared: Collection[str] | None
) -> None:
    """Put what does not agree between accounts, or with the rest of the file, on the page."""
    for path, wrong in misplaced(row):
        Spot(page, ".".join(path)).refuse(line_at(node, *path), wrong)
    first: dict[str, int] = {}
    for index, account in enumerate(row.values.get("accounts", ())):
        spot = Spot(page, f"accounts[{index}]")
        wrongs = [*_wrong_keys(account, row), *_wrong_venue(account, venues, compared)]
        if first.setdefault(account.name, index) != index:
            wrong = Wrong(f"the name {account.name} twice", "Give each account its own name.")
            wrongs.append((("name",), wrong))
        for path, wrong in wrongs:
            there = replace(spot, path=".".join((spot.path, *path)))
            there.refuse(line_at(node, "accounts", index, *path), wrong)


def _check_stack(row: Row, node: Node, page: Page) -> None:
    """Put what does not agree between `telemetry:`, `sources:` and the rest of the file on the page."""
    homeless = [(way, Wrong(NO_VAULT, VAULT_FIX)) for way, ref in references(row) if _homeless(ref, row)]
    for way, wrong in (*disagreements(row), *homeless):
        spot = Spot(page)
        for step in way:
            spot = spot.item(step) if isinstance(step, int) else spot.field(step)
        spot.refuse(line_at(node, *way), wrong)


def _check_sanity(row: Row, node: Node, page: Page, routes: Routes) -> None:
    """Put channels of `sanity.to` that nobody configured on the page."""
    for place, wrong in strangers(row, routes):
        Spot(page, "sanity.to").item(place).refuse(line_at(node, "sanity", "to", place), wrong)


Complaint = tuple[tuple[str, ...], Wrong]


def _wrong_keys(account: AccountConfig, row: Row) -> Iterator[Complaint]:
    keys = account.keys
    named = (("watch", keys.watch), ("hands", keys.hands), ("admin", keys.admin))
    held = [(name, ref) for name, ref in named if ref]
    for (one, left), (other, right) in combinations(held, 2):
        if left == right:
            fix = "Make one key for each, with no more rights than it needs."
            yield ("keys", other), Wrong(f"the same key as {one}", fix)
    refs: list[tuple[tuple[str, ...], str]] = [(("keys", name), ref) for name, ref in held]
    refs += [(("bot", "secret_ref"), account.bot.secret_ref)] if account.bot.secret_ref else []
    refs += [(("halt",), entry.secret_ref) for entry in account.halt if isinstance(entry, WebhookHalt)]
    for path, ref in refs:
        if _homeless(ref, row):
            yield path, Wrong(NO_VAULT, VAULT_FIX)


def _wrong_channels(routes: Routes, row: Row, file: Path) -> tuple[Finding, ...]:
    """Channels of the routes whose secret lies in a vault that guardian.yaml does not have."""
    placed: Placed | None = row.values.get("routes")
    return tuple(
        Finding(
            str(file),
            placed.line if placed else 1,
            "",
            "routes",
            f"channel {each.name}: {NO_VAULT}",
            "",
            VAULT_FIX,
        )
        for each in routes.channels
        if _homeless(each.ref, row)
    )


def _homeless(ref: str, row: Row) -> bool:
    return ref.startswith("vault:") and row.values.get("vault") is None and "vault" not in row.lines


def _wrong_venue(
    account: AccountConfig, venues: Collection[str] | None, compared: Collection[str] | None
) -> Iterator[Complaint]:
    fix = "Write the venue's ccxt id."
    if venues is not None and account.venue not in venues:
        yield ("venue",), Wrong(f"unknown venue {account.venue}", fix, nearest(account.venue, venues))
    other = account.compare.venue if account.compare else ""
    if other and compared is not None and other not in compared:
        yield ("compare", "venue"), Wrong(f"unknown venue {other}", fix, nearest(other, sorted(compared)))
