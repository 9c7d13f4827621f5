"""One account of guardian.yaml: its keys as references, its bot, how to stop and how to flatten it.

Law: a key or secret written here instead of a reference is refused and never shown.
"""

from __future__ import annotations

import re
from pathlib import Path

from guardian.config.document import Node, Table
from guardian.config.reading import Field, Read, Reported, Spot, Wrong, list_of, only_entry, read_table
from guardian.config.shapes import (
    CONTRACTS,
    AccountConfig,
    BotConfig,
    CompareConfig,
    DrillConfig,
    FlattenConfig,
    KeyRefs,
    PollConfig,
    ProcessHalt,
    WebhookHalt,
)
from guardian.config.values import (
    REFERENCE_FIX,
    choice,
    duration,
    egress,
    fraction,
    name,
    path_from,
    reference,
    share,
    text,
    url,
    whole,
)

SECRET_FIELDS = ("key", "secret", "api_key", "apikey", "api_secret", "apisecret", "password", "passphrase")
CANARY_SYMBOL = "BTC/USDT:USDT"
SPOT_LATER = {"sell": "selling spot holdings is not supported yet; they are kept and listed"}


def account_reader(base: Path) -> Read[AccountConfig]:
    """A reader of one account; relative paths start at `base`."""
    fields = {
        "name": Field(name),
        "venue": Field(_venue),
        "url": Field(url(plain_only_to_loopback=False), None),
        "currency": Field(_currency),
        "keys": Field(_keys(base)),
        "bot": Field(_bot(base), BotConfig()),
        "halt": Field(list_of(_halt(base), least=0), ()),
        "flatten": Field(_flatten, FlattenConfig()),
        "poll": Field(_poll, PollConfig()),
        "egress": Field(egress, None),
        "drill": Field(_drill(base), None),
        "compare": Field(_compare, None),
        "mandate": Field(name, ""),
        "contracts": Field(_contracts, CONTRACTS),
    }

    def read(node: Node, spot: Spot) -> AccountConfig:
        row = read_table(node, spot, fields)
        account = AccountConfig(**row.all())
        if account.compare is not None and account.compare.venue == account.venue and not account.compare.url:
            wrong = Wrong("compares the venue with itself", "Name another venue, or the url of another feed.")
            spot.field("compare").refuse(row.lines["compare"], wrong)
            raise Reported
        return account

    return read


def _venue(node: Node, spot: Spot) -> str:
    value = text(node, spot)
    if not re.fullmatch(r"[a-z0-9]{2,32}", value, re.ASCII):
        raise Wrong("not a venue's id", "Write the ccxt id in lower case, such as bybit or binanceusdm.")
    return value


def _contracts(node: Node, spot: Spot) -> tuple[str, ...]:
    """What is left out is not asked about, so that an empty list would be an account without any eyes."""
    value = list_of(choice("kind of contract", CONTRACTS))(node, spot)
    if CONTRACTS[0] not in value:
        raise Wrong("linear contracts are always watched", f"Write {CONTRACTS[0]} among them.", CONTRACTS[0])
    return tuple(kind for kind in CONTRACTS if kind in value)


def _currency(node: Node, spot: Spot) -> str:
    value = text(node, spot)
    if not re.fullmatch(r"[A-Z0-9]{2,12}", value, re.ASCII):
        raise Wrong("not a currency's code", "Write it in capitals, such as USDT.", value.upper()[:12])
    return value


def _keys(base: Path) -> Read[KeyRefs]:
    ref = _key_reference(base)
    fields = {
        "watch": Field(ref),
        "hands": Field(ref, None),
        "admin": Field(ref, None),
        "hold": Field(choice("choice", ("incident", "boot")), "incident"),
    }

    def read(node: Node, spot: Spot) -> KeyRefs:
        _refuse_literals(node, spot)
        return KeyRefs(**read_table(node, spot, fields).all())

    return read


def _key_reference(base: Path) -> Read[str]:
    """A reference; `{key: ..., secret: ...}` written in its place is told apart from a mere wrong type."""
    read_reference = reference(base)

    def read(node: Node, spot: Spot) -> str:
        _refuse_literals(node, spot)
        return read_reference(node, spot)

    return read


def _refuse_literals(node: Node, spot: Spot) -> None:
    entries = node.entries if isinstance(node, Table) else []
    found = [entry for entry in entries if entry.key.lower() in SECRET_FIELDS]
    for entry in found:
        wrong = Wrong("a key or secret does not belong in this file", REFERENCE_FIX)
        spot.field(entry.key).refuse(entry.line, wrong)
    if found:
        raise Reported


def _bot(base: Path) -> Read[BotConfig]:
    fields = {
        "keys": Field(list_of(text), ()),
        "secret_ref": Field(reference(base), None),
        "order_prefix": Field(list_of(text), ()),
    }

    def read(node: Node, spot: Spot) -> BotConfig:
        _refuse_literals(node, spot)
        row = read_table(node, spot, fields)
        for prefix in row.values.get("order_prefix", ()):
            if prefix.startswith("gdn-"):
                wrong = Wrong("gdn- marks guardian's own orders", "Name the prefix that the bot uses.")
                spot.field("order_prefix").refuse(row.lines["order_prefix"], wrong)
                raise Reported
        return BotConfig(**row.all())

    return read


def _halt(base: Path) -> Read[ProcessHalt | WebhookHalt]:
    grace = Field(duration(0.0, 600.0), 10.0)
    fields: dict[str, dict[str, Field]] = {
        "process": {"pidfile": Field(path_from(base)), "grace": grace},
        "webhook": {
            "url": Field(url(plain_only_to_loopback=True)),
            "secret": Field(reference(base)),
            "grace": grace,
        },
    }

    def read(node: Node, spot: Spot) -> ProcessHalt | WebhookHalt:
        kind, entry = only_entry(node, spot, "halt target", fields)
        values = read_table(entry.value, spot.field(kind), fields[kind]).all()
        if kind == "process":
            return ProcessHalt(values["pidfile"], values["grace"])
        return WebhookHalt(values["url"], values["secret"], values["grace"])

    return read


def _drill(base: Path) -> Read[DrillConfig]:
    process = {"pidfile": Field(path_from(base)), "start": Field(list_of(text))}
    fields = {
        "canary_key": Field(text),
        "symbol": Field(_contract, CANARY_SYMBOL),
        "process": Field(lambda node, spot: read_table(node, spot, process).all()),
    }

    def read(node: Node, spot: Spot) -> DrillConfig:
        _refuse_literals(node, spot)
        values = read_table(node, spot, fields).all()
        started = values["process"]
        return DrillConfig(values["canary_key"], started["pidfile"], started["start"], values["symbol"])

    return read


def _contract(node: Node, spot: Spot) -> str:
    value = text(node, spot)
    if not re.fullmatch(r"[A-Z0-9]{1,20}/[A-Z0-9]{2,12}:[A-Z0-9]{2,12}", value, re.ASCII):
        raise Wrong("not a linear contract's name", "Write it as BTC/USDT:USDT.", value.upper()[:40])
    return value


def _flatten(node: Node, spot: Spot) -> FlattenConfig:
    default = FlattenConfig()
    fields = {
        "deadline": Field(duration(5.0, 600.0), default.deadline_seconds),
        "slippage": Field(fraction(0.0, 0.5), default.slippage),
        "spot": Field(choice("choice", ("keep",), SPOT_LATER), default.spot),
        "orders_per_second": Field(whole(1, 5000), default.orders_per_second),
        "fee": Field(share(0.01), default.fee),
    }
    values = read_table(node, spot, fields).all()
    return FlattenConfig(values.pop("deadline"), **values)


def _poll(node: Node, spot: Spot) -> PollConfig:
    default = PollConfig()
    fields = {
        "snapshot": Field(duration(0.1, 60.0), default.snapshot_seconds),
        "flows": Field(duration(1.0, 3600.0), default.flows_seconds),
        "clock": Field(duration(1.0, 3600.0), default.clock_seconds),
        "market": Field(duration(1.0, 3600.0), default.market_seconds),
        "activity": Field(duration(1.0, 3600.0), default.activity_seconds),
        "keys": Field(duration(10.0, 86_400.0), default.keys_seconds),
    }
    row = read_table(node, spot, fields)
    return PollConfig(**{f"{name}_seconds": seconds for name, seconds in row.all().items()})


def _compare(node: Node, spot: Spot) -> CompareConfig:
    fields = {"venue": Field(_venue), "url": Field(url(plain_only_to_loopback=True), None)}
    return CompareConfig(**read_table(node, spot, fields).all())
