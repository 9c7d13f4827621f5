"""A configuration must not lose an account in the middle of its incident.

Taken out of the file, nothing would watch it any more: its closes would end half way, its fence would never
be lifted and its latch would be forgotten. An incident is ended by `resume`, never by an edit.
"""

from __future__ import annotations

from guardian.config.shapes import Config
from guardian.core.model import Level
from guardian.core.state import AccountState, State
from guardian.errors import RefusedError


class IncidentDroppedError(RefusedError):
    """The configuration lacks an account whose incident is open."""


def keep_incidents(state: State, config: Config) -> None:
    """Raises IncidentDroppedError. CAUTION alone has taken nothing away that anybody must give back."""
    venues = {account.name: account.venue for account in config.accounts}
    lost = [a for a in state.accounts if _open(a) and venues.get(a.policy.name) != a.policy.venue]
    if lost:
        raise IncidentDroppedError("\n".join(_sentence(account, config) for account in lost))


def _open(account: AccountState) -> bool:
    incident = account.incident
    return incident is not None and (account.level >= Level.HALT or incident.trial is not None)


def _sentence(account: AccountState, config: Config) -> str:
    name, code = account.policy.name, account.incident.code if account.incident else ""
    return (
        f"{config.path}: account {name} on {account.policy.venue} is not in it any more, and its incident "
        f"{code} is open at {account.level.name}; put it back, end the incident with `guardian resume {name} "
        "--reason TEXT` (`guardian disarm` it before, if a rule would trip again at once), then take it out"
    )
