"""The use cases, one module per noun; they know the domain and the ports, and neither HTTP nor any adapter."""

from dataclasses import dataclass

from batch_exports.domain.activity import OPERATOR, Actor
from batch_exports.domain.egress import EgressPolicy
from batch_exports.domain.throttles import NO_LIMITS, RateLimits
from batch_exports.ports import Clock, DestinationChecks, IdFactory, RunEngine, Store
from batch_exports.services.access import AccessService
from batch_exports.services.activity import ActivityService
from batch_exports.services.backfills import BackfillService
from batch_exports.services.destinations import DestinationService
from batch_exports.services.exports import ExportService
from batch_exports.services.idempotency import IdempotencyService
from batch_exports.services.journal import Journal
from batch_exports.services.lifecycle import AUTO_PAUSE_FAILURES, Lifecycle
from batch_exports.services.logs import LogService
from batch_exports.services.runs import RunService
from batch_exports.services.scheduler import Scheduler
from batch_exports.services.throttle import ThrottleService

MAX_OPEN_BACKFILLS = 10
"""Backfills of one project that may be in progress at once, unless the operator says otherwise."""


@dataclass(frozen=True, slots=True)
class Services:
    """All use cases over one world."""

    clock: Clock
    exports: ExportService
    runs: RunService
    backfills: BackfillService
    logs: LogService
    destinations: DestinationService
    access: AccessService
    idempotency: IdempotencyService
    activity: ActivityService
    throttle: ThrottleService
    lifecycle: Lifecycle
    scheduler: Scheduler


def build_services(
    *,
    store: Store,
    clock: Clock,
    new_id: IdFactory,
    engine: RunEngine,
    checks: DestinationChecks,
    egress: EgressPolicy,
    max_open_backfills: int = MAX_OPEN_BACKFILLS,
    auto_pause_failures: int = AUTO_PAUSE_FAILURES,
    limits: RateLimits = NO_LIMITS,
    operator: Actor = OPERATOR,
) -> Services:
    """The use cases over a world made of these parts."""
    lifecycle = Lifecycle(clock, new_id, engine, auto_pause_failures)
    journal = Journal(clock, new_id)
    return Services(
        clock=clock,
        exports=ExportService(store, clock, new_id, lifecycle, egress, journal),
        runs=RunService(store, lifecycle, journal),
        backfills=BackfillService(store, clock, lifecycle, max_open_backfills, journal),
        logs=LogService(store),
        destinations=DestinationService(store, checks),
        access=AccessService(store, clock, new_id, journal, operator),
        idempotency=IdempotencyService(store, clock),
        activity=ActivityService(store),
        throttle=ThrottleService(store, clock, limits),
        lifecycle=lifecycle,
        scheduler=Scheduler(store, clock, lifecycle, engine),
    )
