"""All designs by name, built where they are played: names travel between processes, designs do not."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from guardian.config import load_packs
from guardian.core.metrics import BY_NAME
from guardian.core.model import Rule
from guardian.errors import ConfigError
from guardian.evaluate.bars import BAR_MS
from guardian.evaluate.designs.coarse import too_coarse, why_coarse
from guardian.evaluate.designs.core import Guardian
from guardian.evaluate.designs.fixed_halt import FixedHalt
from guardian.evaluate.designs.freqtrade_maxdrawdown import FreqtradeMaxDrawdown
from guardian.evaluate.designs.none import Unprotected
from guardian.evaluate.designs.passivbot_tiers import PassivbotTiers
from guardian.evaluate.designs.volatility_targeting import VolatilityTargeting
from guardian.evaluate.play import Design
from guardian.replay.rules import Cast, all_rules, armed, cast

GUARDIAN, PACK, NONE = "guardian", "guardian_pack", "none"

BASELINES: dict[str, Callable[[], Design]] = {
    "fixed_24h": lambda: FixedHalt("fixed_24h", 24),
    "fixed_4h": lambda: FixedHalt("fixed_4h", 4),
    "freqtrade_maxdrawdown": FreqtradeMaxDrawdown,
    "passivbot_tiers": PassivbotTiers,
    "volatility_targeting": VolatilityTargeting,
    NONE: Unprotected,
}
NAMES = (GUARDIAN, *BASELINES)
"""What is compared unless something else is asked for; `guardian_pack` takes as long as all of these."""

EVERY = (GUARDIAN, PACK, *BASELINES)


@lru_cache(maxsize=16)
def design_of(name: str, rules: str) -> Design:
    """`rules` names the pack that guardian plays, as if armed; the others have no use for it.

    `guardian` plays its rules of a loss within a sliding window, which is what the fixed rules are an answer
    to;
    `guardian_pack` plays all of it, the day's loss and the fall from the peak too.
    """
    if name not in (GUARDIAN, PACK):
        return BASELINES[name]()
    own = armed(played(rules).rules)
    return Guardian(name, own if name == PACK else sliding(own))


def sliding(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Raises ConfigError where there is none."""
    found = tuple(r for r in rules if r.window.kind == "sliding" and BY_NAME[r.metric].family == "loss")
    if not found:
        raise ConfigError(
            "no rule about a loss within a sliding window; compare with --designs guardian_pack"
        )
    return found


def played(rules: str) -> Cast:
    """The account's rules of a pack that candles can tell. Raises ConfigError where none is left."""
    found = cast(all_rules(load_packs([rules], Path.cwd())))
    alone = [rule for rule in found.rules if rule.scope == "account"]
    own = tuple(rule for rule in alone if not too_coarse(rule, BAR_MS / 1000))
    if not own:
        raise ConfigError(f"{rules}: no rule of it is about an account and can be told from candles")
    coarse = ((rule.id, why_coarse(rule, BAR_MS / 1000)) for rule in alone if rule not in own)
    return Cast(own, (*found.left_out, *coarse))
