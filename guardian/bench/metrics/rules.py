"""One rule's comparison and one whole judgement, beside a compiled expression that compares the same numbers.

Like with like: a value that is at hand against one limit. Guardian's side is the function that the judge asks
for each rung; the other side evaluates an expression compiled beforehand, with a new value (as each tick
brings one) and with the same one again. A judgement also measures, ages the evidence, fills holds and says
a verdict: no expression does, so it is shown by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

from guardian.bench.metrics.stopwatch import alternately, each
from guardian.bench.metrics.streaming import rule
from guardian.core.judge import judge, past_limit
from guardian.core.model import Known, Window
from guardian.core.state import AccountState

LIMIT, VALUE = 0.05, 0.0123
EXPRESSION = f"v >= {LIMIT}"
MISSING = "compiled CEL is not installed: pip install 'guardian-sidecar[bench]'"


def timed(account: AccountState, repeat: int) -> dict[str, Any]:
    """Microseconds of a comparison on both sides, their ratio, and of a whole judgement."""
    own_rule = rule("hwm", "drawdown", Window("hwm"), LIMIT)
    own = next(state for state in account.rules if state.rule_id == "drawdown-hwm")
    now = account.nav.at if account.nav else account.watched_since
    at, value = now + timedelta(seconds=1), Known(VALUE)
    sides: dict[str, Callable[[], float]] = {
        "compare_us": lambda: each(lambda: past_limit(value, own_rule, LIMIT)),
        "judge_us": lambda: each(lambda: judge(account, own_rule, own, at)),
    }
    engine, others = _engine()
    found = alternately(sides | others, repeat)
    figures: dict[str, Any] = {name: round(us, 3) for name, us in found.items()}
    theirs = found.get("expression_us")
    return {
        "engine": engine,
        **figures,
        "ratio": None if theirs is None else round(theirs / found["compare_us"], 1),
        "missing": None if engine else MISSING,
    }


def _engine() -> tuple[str, dict[str, Callable[[], float]]]:
    """The first that is installed."""
    for name, made in (("cel-expr-python", _cel), ("simpleeval", _simpleeval)):
        try:
            return name, made()
        except ImportError:
            continue
    return "", {}


def _cel() -> dict[str, Callable[[], float]]:
    cel: Any = import_module("cel_expr_python.cel")
    environment = cel.NewEnv(variables={"v": cel.Type.DOUBLE})
    compiled = environment.compile(EXPRESSION)
    same = environment.Activation({"v": VALUE})
    return {
        "expression_us": lambda: each(lambda: compiled.eval(data={"v": VALUE})),
        "expression_again_us": lambda: each(lambda: compiled.eval(same)),
    }


def _simpleeval() -> dict[str, Callable[[], float]]:
    simple: Any = import_module("simpleeval").SimpleEval(names={"v": VALUE})
    parsed = simple.parse(EXPRESSION)
    return {"expression_us": lambda: each(lambda: simple.eval(EXPRESSION, previously_parsed=parsed))}
