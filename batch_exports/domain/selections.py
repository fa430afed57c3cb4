"""Which rows a run reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from batch_exports.domain.errors import PermanentFailure
from batch_exports.domain.exports import Export, Model
from batch_exports.domain.runs import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The rows of one project that arrived in `[start, end)`: one clock for schedules, backfills and retries."""

    project_id: int
    model: Model
    start: datetime
    end: datetime
    include_events: tuple[str, ...] = ()
    exclude_events: tuple[str, ...] = ()
    filters: tuple[Mapping[str, Any], ...] = ()


def selection_of(export: Export, run: Run) -> Selection:
    """What `run` exports under the settings of `export`."""
    config = export.destination.config
    return Selection(
        project_id=export.project_id,
        model=export.model,
        start=run.data_interval_start,
        end=run.data_interval_end,
        include_events=tuple(config.get("include_events") or ()),
        exclude_events=tuple(config.get("exclude_events") or ()),
        filters=export.filters or (),
    )


def require_events(model: Model) -> None:
    """Raise PermanentFailure for a model that no event store of this service carries yet."""
    if model is not Model.EVENTS:
        raise PermanentFailure(
            f"This service exports the model 'events' only, the export asks for '{model}'. Create an export of events."
        )
