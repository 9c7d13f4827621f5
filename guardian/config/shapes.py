"""The configuration as frozen values. Paths are absolute, durations are seconds, secrets are references.

Law: nothing here reads a file or a clock, and no field can hold a secret; `load_config` and `load_packs`
build these values or raise `ConfigError` with every finding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from guardian import errors
from guardian.core.model import Level, Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person must fix: `line` is 1-based, 0 when the file as a whole is meant.

    `rule` is the rule's id ("" outside a rule), `field` a path such as `ladder[0].level`, `nearest` the
    closest valid name ("" when none is close), `fix` one sentence that says what to write.
    """

    file: str
    line: int
    rule: str
    field: str
    message: str
    nearest: str = ""
    fix: str = ""

    def __str__(self) -> str:
        """`FILE:LINE: rule ID, field F: problem; did you mean X?`"""
        where = ", ".join(
            part for part in (self.rule and f"rule {self.rule}", self.field and f"field {self.field}") if part
        )
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{self.file}:{self.line}: {where + ': ' if where else ''}{self.message}{hint}"


class ConfigError(errors.ConfigError):
    """The configuration or a rule pack is wrong: `findings` holds every problem, not only the first."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(f"{finding}\n  {finding.fix}".rstrip() for finding in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class KeyRefs:
    """References to keys (`file:/abs/path`, `env:NAME`, `vault:PATH`), never the keys themselves."""

    watch: str
    hands: str | None = None
    admin: str | None = None
    hold: Literal["incident", "boot"] = "incident"


@dataclass(frozen=True, slots=True)
class BotConfig:
    """What belongs to the bot. Empty `keys` means every trading key on the account except guardian's own."""

    keys: tuple[str, ...] = ()
    secret_ref: str | None = None
    order_prefix: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessHalt:
    """Stop the bot whose process id `pidfile` holds: SIGTERM, harder after `grace_seconds`."""

    pidfile: Path
    grace_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class WebhookHalt:
    """Ask the bot over HTTP; the body is signed with the secret that `secret_ref` names."""

    url: str
    secret_ref: str
    grace_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class FlattenConfig:
    """How positions are closed: `slippage` is a fraction of the mark price, `fee` one of what is closed.

    `orders_per_second` is set where the venue has raised this account's limit; None is its published default.
    """

    deadline_seconds: float = 60.0
    slippage: float = 0.02
    spot: Literal["keep", "sell"] = "keep"
    orders_per_second: int | None = None
    fee: float = 0.0


@dataclass(frozen=True, slots=True)
class PollConfig:
    """Intervals of the readers' timers."""

    snapshot_seconds: float = 1.0
    flows_seconds: float = 10.0
    clock_seconds: float = 60.0
    market_seconds: float = 5.0
    activity_seconds: float = 10.0
    keys_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """A second venue whose public prices are compared: its ccxt id; `url` replaces its address."""

    venue: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class DrillConfig:
    """What a live drill may touch: a key, a market and a process that trade nothing.

    `canary_key` is a public id; `start` begins the process that writes `pidfile`.
    """

    canary_key: str
    pidfile: Path
    start: tuple[str, ...]
    symbol: str


CONTRACTS = ("linear", "inverse", "option")


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """One watched account. `url` replaces the venue's address, `egress` is a source address or a proxy.

    `mandate` is whose money it is: rules of that scope judge the accounts of one client together.
    `contracts` are the kinds that the account can trade: nobody asks about another.
    """

    name: str
    venue: str
    url: str | None
    currency: str
    keys: KeyRefs
    bot: BotConfig = field(default_factory=BotConfig)
    halt: tuple[ProcessHalt | WebhookHalt, ...] = ()
    flatten: FlattenConfig = field(default_factory=FlattenConfig)
    poll: PollConfig = field(default_factory=PollConfig)
    egress: str | None = None
    drill: DrillConfig | None = None
    compare: CompareConfig | None = None
    mandate: str = ""
    contracts: tuple[str, ...] = CONTRACTS


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """One way to reach people: `ref` is the reference of its secret (a webhook URL, a routing key)."""

    name: str
    kind: str
    ref: str
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """From `level` up, tell the channels `to`, again every `repeat_seconds` while it lasts (None: once)."""

    level: Level
    to: tuple[str, ...]
    repeat_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Routes:
    """Who is told what. Without any route the level is visible only on the page and in the journal."""

    channels: tuple[ChannelConfig, ...] = ()
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """Rules that are loaded whole or not at all. `hash` names their content, whatever files they are in."""

    name: str
    path: Path
    hash: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class VaultConfig:
    """Where `vault:` references are resolved. `auth` holds pairs such as ("approle.role_id", "file:/abs").

    `mount` is the KV v2 engine that paths start at.
    """

    address: str
    ca: Path | None
    auth: tuple[tuple[str, str], ...]
    mount: str = "secret"


@dataclass(frozen=True)
class JournalConfig:
    """How much of the journal is kept. `archive` None: `archive` in state_dir; `keep_seconds` None: for ever.

    `anchors` is a file outside state_dir that heads of the chain are written to.
    """

    segment_bytes: int = 200_000_000
    keep_seconds: float | None = None
    archive: Path | None = None
    anchors: Path | None = None


@dataclass(frozen=True, slots=True)
class TelemetryConfig:
    """The trading stack may tell about itself; `token_ref` is the reference of the token that it shows."""

    token_ref: str


@dataclass(frozen=True, slots=True)
class PrometheusConfig:
    """A Prometheus server that is asked about one account. `gauges` are pairs of a name and its PromQL."""

    url: str
    account: str
    gauges: tuple[tuple[str, str], ...]
    every_seconds: float = 15.0
    token_ref: str | None = None


@dataclass(frozen=True, slots=True)
class SanityConfig:
    """When the daily checks run, on the clock of `tz`; `to` are channels that get every report, good or bad.

    Without `to` only a report with a failure is told, by the routes from caution up.
    """

    hour: int
    minute: int
    tz: str = "UTC"
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of guardian.yaml with its packs and routes. `path` is the file it came from.

    `warnings` are findings that keep nothing from starting: what will not do what its author expects.
    """

    path: Path
    instance: str
    state_dir: Path
    listen: str | None
    accounts: tuple[AccountConfig, ...]
    packs: tuple[Pack, ...]
    routes: Routes
    vault: VaultConfig | None = None
    journal: JournalConfig = field(default_factory=JournalConfig)
    telemetry: TelemetryConfig | None = None
    sources: tuple[PrometheusConfig, ...] = ()
    sanity: SanityConfig | None = None
    warnings: tuple[Finding, ...] = ()

    @property
    def archive(self) -> Path:
        """Where the journal's old segments lie."""
        return self.journal.archive or self.state_dir / "archive"

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule of every pack, the built-in ones first."""
        return tuple(rule for pack in self.packs for rule in pack.rules)
