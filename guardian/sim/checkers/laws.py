"""Every law, in the order in which docs/safety.md tells them."""

from __future__ import annotations

from guardian.sim.checkers.acts import (
    GivesBack,
    HasIntent,
    KeepsStops,
    OnlyReduces,
    OnlyWatches,
    PermitFollows,
    StaysInScope,
)
from guardian.sim.checkers.checker import Checker
from guardian.sim.checkers.fills.reduces import ReducesStrategies
from guardian.sim.checkers.fills.spares import SparesOthers
from guardian.sim.checkers.fills.told import FillsTold
from guardian.sim.checkers.gates import AsksFirst, LetsDustBe, MarkedReduceOnly, NewerEvidence, OneAtATime
from guardian.sim.checkers.latches import Latches
from guardian.sim.checkers.levels import NoFalseKill, SurvivesCrash, UnknownHoldsStill
from guardian.sim.checkers.outcome import FlatClaim, GetsThere, KeepsSecrets, Replays, TellsPeople
from guardian.sim.checkers.proofs import CautionDwells, FlatTwice, KeyClaims
from guardian.sim.checkers.running import NeverStumbles, NobodyWaits, StartKeeps, StopsGrowth
from guardian.sim.checkers.scopes import LeavesTheRest
from guardian.sim.checkers.timely import ActsInTime
from guardian.sim.checkers.trials import CapsTrials, CleanTrials, ComesBack

ALL: tuple[type[Checker], ...] = (
    OnlyReduces,
    KeepsStops,
    NoFalseKill,
    Latches,
    UnknownHoldsStill,
    SurvivesCrash,
    HasIntent,
    StaysInScope,
    OnlyWatches,
    PermitFollows,
    FlatClaim,
    GetsThere,
    TellsPeople,
    KeepsSecrets,
    Replays,
    OneAtATime,
    NewerEvidence,
    AsksFirst,
    LetsDustBe,
    MarkedReduceOnly,
    CautionDwells,
    FlatTwice,
    KeyClaims,
    NeverStumbles,
    StartKeeps,
    NobodyWaits,
    StopsGrowth,
    ActsInTime,
    CapsTrials,
    CleanTrials,
    ComesBack,
    LeavesTheRest,
    SparesOthers,
    FillsTold,
    ReducesStrategies,
    GivesBack,
)
