"""What every store has to keep of its port's promises; a test class inherits it and brings a `store` fixture."""

from tests.store.conformance_access import AccessConformance
from tests.store.conformance_activity import ActivityConformance
from tests.store.conformance_answers import AnswerConformance
from tests.store.conformance_backfills import BackfillConformance
from tests.store.conformance_exports import ExportConformance
from tests.store.conformance_logs import LogConformance
from tests.store.conformance_runs import RunConformance
from tests.store.conformance_transactions import TransactionConformance


class StoreConformance(
    ExportConformance,
    RunConformance,
    BackfillConformance,
    LogConformance,
    AccessConformance,
    ActivityConformance,
    AnswerConformance,
    TransactionConformance,
):
    """All claims; `store` yields an empty store, which the examples of one test share."""
