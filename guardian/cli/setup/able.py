"""What guardian could do on an account: the keys that it is given, and what its rules may demand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from guardian.config import AccountConfig, Config
from guardian.core.model import Level, Rule


@dataclass(frozen=True, slots=True)
class Ability:
    """By keys alone, as the file names them; `check --online` asks whether they work.

    `observes`: without a hands key guardian only watches. `by_rules` is the highest level that a rule with
    `mode: armed` may demand once the account is armed, or None.
    """

    account: str
    observes: bool
    can_flatten: bool
    can_fence: bool
    by_rules: str | None


def abilities(config: Config) -> tuple[Ability, ...]:
    return tuple(_ability(account, config.rules) for account in config.accounts)


def _ability(account: AccountConfig, rules: Iterable[Rule]) -> Ability:
    hands = account.keys.hands is not None
    highest = highest_demand(account, rules)
    return Ability(
        account=account.name,
        observes=not hands,
        can_flatten=hands,
        can_fence=hands and account.keys.admin is not None,
        by_rules=highest.name if hands and highest is not None else None,
    )


def highest_demand(account: AccountConfig, rules: Iterable[Rule]) -> Level | None:
    """The highest level that an armed rule may demand for this account; None when no armed rule is there."""
    concerned = [rule for rule in rules if rule.armed and _concerns(rule, account)]
    return max((rung.level for rule in concerned for rung in rule.ladder), default=None)


def _concerns(rule: Rule, account: AccountConfig) -> bool:
    """`only` selects accounts where a rule judges accounts; elsewhere it names symbols, venues and so on."""
    return not rule.only or rule.scope != "account" or account.name in rule.only


def ability_words(account: AccountConfig, rules: Sequence[Rule]) -> str:
    """One sentence for people, which promises nothing that keys or rules do not give."""
    keys = account.keys
    if keys.hands is None:
        why = "no hands key, no admin key" if keys.admin is None else "no hands key"
        return f"observes only: {why}, so it cannot cancel or flatten"
    highest = highest_demand(account, rules)
    if highest is None or highest < Level.FLATTEN:
        most = "no rule is armed" if highest is None else f"its armed rules demand {highest.name} at most"
        return f"{most}; with these keys an operator can {_deeds(account)}{_missing(account)}"
    return f"can {_deeds(account)}{_missing(account)}, once armed"


def _deeds(account: AccountConfig) -> str:
    return "flatten" if account.keys.admin is None else "flatten, fence and delete the bot's keys"


def _missing(account: AccountConfig) -> str:
    return "" if account.keys.admin else "; no admin key, so it cannot fence or delete the bot's keys"
