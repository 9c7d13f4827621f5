"""Rules that wait for what nobody tells: no prefix, no source of the gauge, no telemetry, no admin key.

Law: a warning never keeps guardian from starting, for what is missing may come by another way; it names the
line to change. Rules keep no lines, so their files are read again, and only where there is something to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from guardian.config.advice.too_rare import rare_reads
from guardian.config.document import Items, Leaf, Node, Table
from guardian.config.reading import Page, Wrong, clip, line_at, nearest, read_file
from guardian.config.shapes import AccountConfig, Config, Finding, Pack
from guardian.core.metrics.group import GROUPS
from guardian.core.model import Rule

BY_PREFIX = "foreign_activity"
PREFIXES = {"unattributed_share": 1, "pair_convergence": 2}
GAUGES = frozenset({"gauge", "queue_growth"})
STRATEGIES = frozenset({"strategy_drawdown", "drift_ks", "drift_psi"})
BY_TELEMETRY = frozenset(
    {"heartbeat_age", "slippage", "slippage_delay", "slippage_impact", "slippage_rise", "model_vs_fill"}
    | {"drift_ks", "drift_psi", "paper_vs_live", "tracking_difference", "copy_ratio_deviation"}
    | {"opportunity_cost", "tracking_error", "trade_match", "fill_price_gap"}
)
BY_LISTING = frozenset({"foreign_keys", "open_keys", "withdrawing_keys"})
EXAMPLE = "bot: {order_prefix: [ft-]}"


def warnings(config: Config, node: Node) -> tuple[Finding, ...]:
    """Of a configuration that is sound; `node` is its file's tree."""
    told = [*_nameless(config, node), *_unlisted(config, node), *_of_nobody(config)]
    told += [*_untold(config, node), *_no_mandate(config, node), *_unparted(config, node)]
    told += _alone(config, node)
    told += rare_reads(config, node)
    return tuple(sorted(told, key=lambda finding: (finding.file, finding.line)))


def _nameless(config: Config, node: Node) -> Iterator[Finding]:
    """Accounts whose orders cannot be told apart, and the rules that would have to."""
    for index, account in enumerate(config.accounts):
        rules = [rule.id for rule in config.rules if rule.metric == BY_PREFIX and _concerns(rule, account)]
        if rules and not account.bot.order_prefix:
            line = line_at(node, "accounts", index, "bot")
            field = f"accounts[{index}].bot.order_prefix"
            names = ", ".join(rules)
            problem = f"without it {BY_PREFIX} knows no order of {account.name} from a stranger's ({names})"
            fix = f"Write `{EXAMPLE}` with the beginning of the client order ids that are the bot's."
            yield Finding(str(config.path), line, "", field, problem, "", fix)


def _unparted(config: Config, node: Node) -> Iterator[Finding]:
    """Accounts whose strategies cannot be told apart, and the rules that would have to."""
    for index, account in enumerate(config.accounts):
        known = len(account.bot.order_prefix)
        rules = [rule for rule in config.rules if known < _strategies(rule) and _concerns(rule, account)]
        if rules:
            line = line_at(node, "accounts", index, "bot")
            field = f"accounts[{index}].bot.order_prefix"
            apart = f"{known or 'no'} {'strategy' if known == 1 else 'strategies'}"
            problem = f"tells {apart} of {account.name} apart: nothing is known of {_named(rules)}"
            fix = "Write `bot: {order_prefix: [ft-grid-, ft-trend-]}`: one beginning of ids for each."
            yield Finding(str(config.path), line, "", field, problem, "", fix)


def _strategies(rule: Rule) -> int:
    """How many prefixes a rule needs of each account; of several accounts each is a strategy at least."""
    return 0 if rule.scope in GROUPS else PREFIXES.get(rule.metric, 0)


def _alone(config: Config, node: Node) -> Iterator[Finding]:
    """Rules that compare the strategies of several accounts, where one account with one strategy is all."""
    rules = [r for r in config.rules if r.scope in GROUPS and PREFIXES.get(r.metric, 0) > 1]
    rules = [rule for rule in rules if max(_compared(rule, config), default=0) == 1]
    if rules:
        problem = f"one account alone is one strategy: nothing is known of {_named(rules)}"
        fix = "Name the other sub-accounts too, or `bot: {order_prefix: [ft-grid-, ft-trend-]}`."
        yield Finding(str(config.path), line_at(node, "accounts"), "", "accounts", problem, "", fix)


def _compared(rule: Rule, config: Config) -> Iterable[int]:
    """Of each group that the rule judges, how many strategies it has."""
    found: dict[str, int] = {}
    for account in config.accounts:
        name = {"mandate": account.mandate, "venue": account.venue}.get(rule.scope, account.name)
        if name and (not rule.only or name in rule.only):
            group = "" if rule.scope == "portfolio" else name
            known = len(account.bot.order_prefix)
            found[group] = found.get(group, 0) + (known if known > 1 else 1)
    return found.values()


def _unlisted(config: Config, node: Node) -> Iterator[Finding]:
    """Accounts whose keys nobody can list, and the rules that would have to know them."""
    for index, account in enumerate(config.accounts):
        rules = [rule for rule in config.rules if rule.metric in BY_LISTING and _concerns(rule, account)]
        if rules and account.keys.admin is None:
            line = line_at(node, "accounts", index, "keys")
            problem = (
                f"without it nobody lists the keys of {account.name}: nothing is known of {_named(rules)}"
            )
            fix = "Name an admin key, or leave these rules out."
            yield Finding(str(config.path), line, "", f"accounts[{index}].keys.admin", problem, "", fix)


def _untold(config: Config, node: Node) -> Iterator[Finding]:
    """All rules of what only telemetry tells, in one warning: one setting is missing."""
    if config.telemetry is not None:
        return
    rules = [r for r in config.rules if r.metric in BY_TELEMETRY and not (r.of and r.metric in STRATEGIES)]
    if rules:
        problem = f"without it nobody tells what these measure, and they stay unknown: {_named(rules)}"
        fix = "Write `telemetry: {token: file:keys/token}`, and see docs/telemetry.md."
        yield Finding(str(config.path), line_at(node), "", "telemetry", problem, "", fix)


def _no_mandate(config: Config, node: Node) -> Iterator[Finding]:
    """A rule of mandates says nothing of an account without one; of no account if none has one."""
    rules = [rule for rule in config.rules if rule.scope == "mandate"]
    if rules and not any(account.mandate for account in config.accounts):
        problem = f"no account has a mandate, so that nothing is judged by {_named(rules)}"
        fix = "Write `mandate: CLIENT` at each account, the same name for all accounts of one client."
        yield Finding(str(config.path), line_at(node, "accounts"), "", "accounts", problem, "", fix)


def _named(rules: Iterable[Rule]) -> str:
    """`metric (id, id), metric (id)`."""
    found: dict[str, list[str]] = {}
    for rule in rules:
        found.setdefault(rule.metric, []).append(rule.id)
    return ", ".join(f"{metric} ({', '.join(ids)})" for metric, ids in found.items())


def _concerns(rule: Rule, account: AccountConfig) -> bool:
    return not rule.only or account.name in rule.only


def _of_nobody(config: Config) -> Iterator[Finding]:
    """Rules whose `of` names a gauge that no source has, or a strategy whose orders no bot places."""
    gauges = sorted({name for source in config.sources for name, _ in source.gauges})
    prefixes = sorted({prefix for account in config.accounts for prefix in account.bot.order_prefix})
    whole = {account.name for account in config.accounts if not account.bot.order_prefix}
    for pack in config.packs:
        for rule in pack.rules:
            if rule.metric in GAUGES and config.telemetry is None and rule.of not in gauges:
                yield _told(pack, rule, _gauge(rule.of, gauges))
            accounts = whole if rule.scope == "strategy" else set()
            for name in sorted({*_strangers(rule, prefixes)} - accounts) if prefixes else ():
                yield _told(pack, rule, _strategy(name, prefixes))


def _gauge(name: str, known: list[str]) -> Wrong:
    fix = f"Known: {', '.join(known)}." if known else "Add `telemetry:`, or a source of it."
    return Wrong(f"no source tells {clip(name)}, and there is no telemetry", fix, nearest(name, known))


def _strategy(name: str, known: list[str]) -> Wrong:
    fix = f"Known from bot.order_prefix: {', '.join(known)}."
    return Wrong(f"no bot places orders whose ids begin with {clip(name)}", fix, nearest(name, known))


def _strangers(rule: Rule, prefixes: list[str]) -> list[str]:
    """A strategy's prefix may be longer than its bot's, or what several bots have in common."""
    named = [name for name in rule.of.split(",") if name] if rule.metric in STRATEGIES else []
    named += rule.only if rule.scope == "strategy" else ()
    return [n for n in named if not any(n.startswith(p) or p.startswith(n) for p in prefixes)]


def _told(pack: Pack, rule: Rule, wrong: Wrong) -> Finding:
    file, line = _place(pack, rule)
    return Finding(str(file), line, rule.id, "of", wrong.message, wrong.nearest, wrong.fix)


def _place(pack: Pack, rule: Rule) -> tuple[Path, int]:
    """Where the rule's `of` stands; the pack itself, should its files have changed in between."""
    for file in sorted(pack.path.glob("*.[yY]*[lL]")) if pack.path.is_dir() else [pack.path]:
        for item in _items(file):
            if _id_of(item) == rule.id:
                return file, line_at(item, "of")
    return pack.path, 0


def _items(file: Path) -> Iterable[Node]:
    node = read_file(file, Page(str(file)))
    return node.items if isinstance(node, Items) else ()


def _id_of(item: Node) -> str:
    entries = item.entries if isinstance(item, Table) else []
    return next((str(e.value.value) for e in entries if e.key == "id" and isinstance(e.value, Leaf)), "")
