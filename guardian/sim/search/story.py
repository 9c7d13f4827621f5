"""A scenario and what came of it as text for people: facts above `----`, deeds below."""

from __future__ import annotations

from collections.abc import Iterator

from guardian.core.model import Rule
from guardian.sim.play.incident import Result
from guardian.sim.scenario.shapes import AccountPlan, Act, FaultPlan, Scenario, Stake, StrategyPlan
from guardian.sim.search.one import law_of


def facts(scenario: Scenario) -> list[str]:
    """Everything that the seed has drawn, one line each. Seconds are since the start."""
    market = scenario.market
    turn = ", then back" if market.rebounds else ""
    turn += f", again from {market.again_at:g} s" if market.again_at is not None else ""
    return [
        f"seed      {scenario.seed}",
        *(f"account   {_account(account)}" for account in scenario.accounts),
        f"market    bitcoin to {market.factor:g} of its price from {market.moves_at:g} s, "
        f"within {market.seconds:g} s{turn}",
        *(f"rule      {_rule(rule)}" for rule in scenario.rules),
        *(f"fault     {_fault(fault)}" for fault in sorted(scenario.faults, key=lambda f: f.at)),
        *(f"act       {_act(act)}" for act in sorted(scenario.acts, key=lambda a: a.at)),
        f"heals     at {scenario.heals_at:.2f} s",
    ]


def _account(plan: AccountPlan) -> str:
    stakes = ", ".join(_stake(stake) for stake in plan.stakes)
    several = [_strategy(each) for each in plan.strategies]
    held = [each for each in (stakes, *several) if each] or ["no position"]
    return "; ".join([f"{plan.name} on {plan.venue}", *held, _bot(plan), *_traits(plan)])


def _strategy(plan: StrategyPlan) -> str:
    held = ", ".join(_stake(stake) for stake in plan.stakes)
    return f"{plan.prefix} {held}" + ("" if plan.named else " (not named)")


def _stake(stake: Stake) -> str:
    more = " with stop" * stake.protected + " and resting order" * stake.resting
    return f"{stake.symbol} {stake.size:+g}{more}"


def _bot(plan: AccountPlan) -> str:
    bot = plan.bot
    if bot.style == "idle":
        return "bot idle"
    return f"bot {bot.style} every {bot.every_seconds:g} s from {bot.starts_at:g} s"


def _traits(plan: AccountPlan) -> Iterator[str]:
    """Only what is out of the ordinary."""
    yield from (name for name in ("hedge", "dust", "big") if getattr(plan, name))
    if plan.spot:
        yield f"spot {plan.spot:g}"
    yield from (f"no {name}" for name in ("hands", "admin", "halt") if not getattr(plan, name))
    if not plan.armed:
        yield "observed only"
    if not plan.named_keys:
        yield "bot's key not named"
    if plan.hold_at_boot:
        yield "hands held at boot"
    if plan.poll_seconds != 1:
        yield f"read every {plan.poll_seconds:g} s"
    if plan.mandate:
        yield f"mandate {plan.mandate}"


def _rule(rule: Rule) -> str:
    rungs = ", ".join(
        f"{r.limit:g} {r.level.name}{f' to {r.to:g}' if r.to is not None else ''} after {r.hold_seconds:g} s"
        for r in rule.ladder
    )
    blind = f"stale after {rule.stale_after_seconds:g} s, then {rule.on_unknown}"
    scope = "" if rule.scope == "account" else f" by {rule.scope}"
    only = f" of {', '.join(rule.only)}" if rule.only else ""
    only += f" of {rule.of}" if rule.of else ""
    only += f" within {rule.window.seconds:g} s" if rule.window.kind == "sliding" else ""
    return f"{rule.id}: {rule.metric}{scope}{only} {rule.direction} {rungs}; {blind}"


def _fault(plan: FaultPlan) -> str:
    size = f", size {plan.size:g}" if plan.size else ""
    rate = f", {plan.rate:.0%} of chances" if plan.rate < 1 else ""
    return f"{plan.at:6.2f} to {plan.until:6.2f} s  {plan.name} on {plan.account or 'everything'}{rate}{size}"


def _act(act: Act) -> str:
    return f"{act.at:6.2f} s  {act.kind} {act.account}" + (f" {act.size:g}" if act.size else "")


def violations(result: Result) -> list[str]:
    """Each violation with its law and the command that shows it."""
    lines = []
    for violation in result.violations:
        lines += [
            f"seed {result.seed}, {violation.at:.3f} s, {violation.checker}: {violation.text}",
            f"  law: {law_of(violation.checker)}",
        ]
    if lines:
        lines.append(f"  see: guardian sim --seed {result.seed}")
    return lines


def told(scenario: Scenario, result: Result) -> str:
    """The whole story of one incident."""
    changed = ", ".join(f"{name} {times}" for name, times in sorted(result.faults.items())) or "none"
    flat = ", ".join(f"{seconds:.2f} s" for seconds in result.flat_seconds) or "not demanded"
    end = [
        "----",
        f"{result.events} events, {result.calls} calls of the venue in {result.seconds:.1f} s; flat: {flat}",
        f"answers changed: {changed}",
    ]
    found = violations(result) or ["no violation"]
    return "\n".join([*facts(scenario), "----", *result.timeline, *end, *found])
