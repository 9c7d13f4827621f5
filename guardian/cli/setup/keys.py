"""`guardian keys audit`: what each key may do, as the venue says, and what it should not.

Public ids are shown; secrets are fetched, used to ask, and dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from guardian.cli.shared import config_option, json_option, say
from guardian.config import AccountConfig, Config, load_config
from guardian.core.model import KeyRecord
from guardian.errors import ConfigError
from guardian.exchanges import VENUES
from guardian.runtime.checkup.audit import AccountKeys, audit_account
from guardian.runtime.checkup.keys import key_lines
from guardian.runtime.checkup.line import Level
from guardian.runtime.start.audit import FIX, KeyFinding
from guardian.secrets import SecretReferences

AUDIT_FINDING = 3
POWERS = ("trade", "withdraw", "transfer", "manage_keys")
HEADER = ("key", "public id", *POWERS, "address", "ends", "verdict")


@click.group()
def keys() -> None:
    """Audit guardian's own keys and the bot's."""


@keys.command()
@click.argument("account", required=False)
@click.option("--strict", is_flag=True, help="Exit 3 also for a key that is not IP-bound or not audited.")
@config_option
@json_option
def audit(account: str | None, strict: bool, config_path: Path | None, as_json: bool) -> None:
    """Ask the venue what each key may do: trade, withdraw, transfer, manage keys, from where, until when.

    The bot's keys come from the admin's listing, which is complete or not. Exit 3: a key may do more than its
    role needs, or two roles share one; with --strict also a key that works from any address, that could not
    be audited, or a listing that is not complete.
    """
    config = load_config(config_path, VENUES)
    found = asyncio.run(_audit(config, _chosen(config, account)))
    accounts = [_account(each) for each in found]
    bad = any(a["over_privileged"] or a["one_key_twice"] for a in accounts)
    unproven = any(a["not_bound"] or a["unaudited"] or not a["listing_ok"] for a in accounts)
    ok = not (bad or (strict and unproven))
    say({"ok": ok, "strict": strict, "accounts": accounts}, as_json, "\n".join(_text(accounts)))
    if not ok:
        raise SystemExit(AUDIT_FINDING)


def _chosen(config: Config, name: str | None) -> list[AccountConfig]:
    chosen = [account for account in config.accounts if name in (None, account.name)]
    if not chosen:
        known = ", ".join(account.name for account in config.accounts)
        raise ConfigError(f"no account {name} in {config.path}; it has {known}")
    return chosen


async def _audit(config: Config, accounts: Sequence[AccountConfig]) -> list[AccountKeys]:
    secrets = SecretReferences(config.path.parent, vault=config.vault)
    return list(await asyncio.gather(*(audit_account(account, secrets) for account in accounts)))


def _account(keys: AccountKeys) -> dict[str, Any]:
    """One account's part of the document."""
    listing = keys.listing
    rows = [_own(finding) for finding in keys.findings]
    ids = [row["key"] for row in rows if row["key"]]
    bots = {record.id for record in keys.bot_keys}
    lines = [line for line in key_lines(keys) if line.level is not Level.OK]
    return {
        "account": keys.account.name,
        "venue": keys.account.venue,
        "keys": rows,
        "bot_keys": [_listed(r) for r in (listing.keys if listing else ()) if r.id in bots],
        "other_keys": [
            _listed(r) for r in (listing.keys if listing else ()) if r.id not in bots | keys.own_ids
        ],
        "listing": None if listing is None else {"complete": listing.complete, "code": listing.code},
        "listing_ok": listing is None or listing.complete,
        "over_privileged": [r["role"] for r in rows if r["excess"]],
        "one_key_twice": len(ids) != len(set(ids)),
        "not_bound": [r["role"] for r in rows if not r["problem"] and not r["ip_bound"]],
        "unaudited": [r["role"] for r in rows if r["problem"]],
        "findings": [
            {"level": each.level, "check": each.check, "message": each.message, "fix": each.fix}
            for each in lines
        ],
    }


def _own(finding: KeyFinding) -> dict[str, Any]:
    audit = finding.audit
    return {
        "role": finding.role,
        "key": audit.key_id,
        "trade": audit.can_trade,
        "withdraw": audit.can_withdraw,
        "transfer": audit.can_transfer,
        "manage_keys": audit.can_manage_keys,
        "ip_bound": audit.ip_bound,
        "expires_at": _instant(audit.expires_at),
        "excess": list(finding.excess),
        "problem": audit.problem,
        "code": audit.code,
        "fix": FIX[finding.role] if finding.excess else "",
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def _listed(record: KeyRecord) -> dict[str, Any]:
    return {
        "key": record.id,
        "note": record.note,
        "read_only": record.read_only,
        "trade": record.can_trade,
        "withdraw": record.can_withdraw,
        "transfer": record.can_transfer,
        "ip_bound": bool(record.ips),
    }


# --- the table for people ------------------------------------------------------------------------


def _text(accounts: Sequence[dict[str, Any]]) -> list[str]:
    lines: list[str] = []
    for account in accounts:
        lines += [f"{account['account']} ({account['venue']})", *_table(account)]
        if account["listing"] is None:
            lines.append("  the bot's keys are not listed: no usable admin key")
        elif not account["listing_ok"]:
            lines.append(f"  the bot's keys are NOT all listed ({account['listing']['code']})")
        for finding in account["findings"]:
            lines += [f"  {finding['level']:4}  {finding['check']}: {finding['message']}"]
            lines += [f"          {finding['fix']}"] if finding["fix"] else []
    return lines


def _table(account: dict[str, Any]) -> list[str]:
    rows = [HEADER, *(_own_row(row) for row in account["keys"])]
    rows += [_listed_row("bot", row) for row in account["bot_keys"]]
    rows += [_listed_row("other", row) for row in account["other_keys"]]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER))]
    return ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _own_row(row: dict[str, Any]) -> tuple[str, ...]:
    if row["problem"]:
        return (row["role"], row["key"] or "-", *("?" for _ in POWERS), "?", "?", "not audited")
    powers = ("yes" if row[power] else "no" for power in POWERS)
    bound = "bound" if row["ip_bound"] else "any"
    verdict = f"may {' and '.join(row['excess'])}" if row["excess"] else "narrow"
    return (row["role"], row["key"], *powers, bound, (row["expires_at"] or "never")[:10], verdict)


def _listed_row(role: str, row: dict[str, Any]) -> tuple[str, ...]:
    """The listing tells of trading and addresses only; the rest is not known, which is not no."""
    trade, bound = "yes" if row["trade"] else "no", "bound" if row["ip_bound"] else "any"
    return (role, row["key"], trade, "?", "?", "?", bound, "?", "read-only" if row["read_only"] else "")
