"""Guardian's own keys and the bot's: fetchable, as narrow as their role, bound to an address, not ending."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations

from guardian.ports import KeyAudit
from guardian.runtime.checkup.audit import UNFETCHED, AccountKeys
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.start.audit import FIX, KeyFinding

SOON = timedelta(days=14)

WITHOUT = {
    "hands": "none is configured: guardian observes, and cannot cancel or close",
    "admin": "none is configured: guardian can neither fence nor delete the bot's keys",
}
LACKS = {
    "hands": "may not trade, so it cannot cancel or close",
    "admin": "may not manage keys, so it can neither fence nor delete the bot's",
}
AGAIN = "Ask again once the venue answers."
UNANSWERED = frozenset({"network", "timeout"})


def key_lines(keys: AccountKeys) -> Iterator[Line]:
    for role in ("watch", "hands", "admin"):
        finding = keys.finding(role)
        subject = Subject(keys.account.name, f"{role} key")
        if finding is None:
            yield subject.ok(WITHOUT[role])
        else:
            yield from _role_lines(subject, finding)
    yield from _distinct(keys)
    yield from _same_account(keys)
    yield from _bot_lines(keys)


def _role_lines(subject: Subject, finding: KeyFinding) -> Iterator[Line]:
    audit = finding.audit
    if finding.problem:
        yield _unaudited(subject, finding)
        return
    yield _powers(subject, finding)
    bound = Subject(subject.account, f"{subject.check} address")
    if audit.ip_bound:
        yield bound.ok("works only from its own addresses")
    else:
        yield bound.warn(
            "works from any address: who steals it can use it",
            "Bind it to this machine's address at the venue.",
        )
    yield expiry(Subject(subject.account, f"{subject.check} expiry"), audit)


def _unaudited(subject: Subject, finding: KeyFinding) -> Line:
    audit = finding.audit
    if audit.code == UNFETCHED:
        return subject.told(audit.problem, "Correct the reference, or what it names.")
    said = f"{audit.key_id}: not audited ({audit.code}: {audit.problem})"
    if audit.code in UNANSWERED:
        return subject.fail(said, AGAIN)
    return subject.fail(
        said, f"Make it anew at the venue ({FIX[finding.role]}), or correct the file that holds it."
    )


def lacks(finding: KeyFinding) -> str:
    """What the key cannot do although its role needs it; "" when it can."""
    audit = finding.audit
    enough = {"hands": audit.can_trade, "admin": audit.can_manage_keys}.get(finding.role, True)
    return "" if enough or finding.problem else LACKS[finding.role]


def _powers(subject: Subject, finding: KeyFinding) -> Line:
    audit = finding.audit
    if finding.excess:
        return subject.told(finding.sentence)
    if lacks(finding):
        return subject.fail(f"{audit.key_id} {lacks(finding)}", f"Make a new key: {FIX[finding.role]}.")
    return subject.ok(f"{audit.key_id} is as narrow as it should be ({powers(audit)})")


def powers(audit: KeyAudit) -> str:
    """What a key may do, in words."""
    may = {
        "trade": audit.can_trade,
        "withdraw": audit.can_withdraw,
        "transfer": audit.can_transfer,
        "manage keys": audit.can_manage_keys,
    }
    return ", ".join(power for power, granted in may.items() if granted) or "read-only"


def expiry(subject: Subject, audit: KeyAudit) -> Line:
    if audit.expires_at is None:
        return subject.ok("the venue names no end")
    left = audit.expires_at - datetime.now(UTC)
    said = f"ends {audit.expires_at:%Y-%m-%d}, in {left.days} days"
    fix = "Make the next key now and write it into the same file."
    if left <= timedelta(0):
        return subject.fail(f"ended {audit.expires_at:%Y-%m-%d}", fix)
    return subject.warn(said, fix) if left < SOON else subject.ok(said)


def _distinct(keys: AccountKeys) -> Iterator[Line]:
    subject = Subject(keys.account.name, "separate keys")
    held = [(f.role, f.audit.key_id) for f in keys.findings if f.audit.key_id]
    same = [(one, other) for (one, left), (other, right) in combinations(held, 2) if left == right]
    for one, other in same:
        yield subject.fail(
            f"{one} and {other} are one key: the watching process would hold what can act",
            "Make one key for each, with no more rights than it needs.",
        )
    if len(held) > 1 and not same:
        yield subject.ok(f"{', '.join(role for role, _ in held)} are different keys")


def _same_account(keys: AccountKeys) -> Iterator[Line]:
    """Hands that belong to another account would close the wrong positions, or none."""
    watch, hands = keys.finding("watch"), keys.finding("hands")
    if watch is None or hands is None or not (watch.audit.uid and hands.audit.uid):
        return
    if watch.audit.uid != hands.audit.uid:
        yield Subject(keys.account.name, "hands key account").fail(
            f"hands act on account {hands.audit.uid}, watch sees {watch.audit.uid}",
            "Make both keys in the account on which the bot trades.",
        )


def _bot_lines(keys: AccountKeys) -> Iterator[Line]:
    subject = Subject(keys.account.name, "bot's keys")
    listing = keys.listing
    if listing is None:
        return
    if not listing.complete:
        fix = "The bot must trade in a sub-account, and the admin key belong to its master account."
        fix = AGAIN if listing.code in UNANSWERED else fix
        yield subject.fail(f"the admin key cannot list them all ({listing.code}: {listing.detail})", fix)
        return
    for missing in keys.missing_bot_keys:
        yield subject.fail(
            f"{missing} is not among the account's {len(listing.keys)} keys, so a fence would miss the bot",
            "Correct `bot.keys`, or leave it out: every trading key but guardian's own.",
        )
    if keys.bot_keys:
        yield subject.ok(f"a fence would close {', '.join(record.id for record in keys.bot_keys)}")
    elif not keys.missing_bot_keys:
        yield subject.warn(
            "no key but guardian's own may trade on this account: a fence would close nothing",
            "Let the bot trade with a key of this account, or watch the account that it uses.",
        )
