"""Reads an export's fields from a body whose shape the contract has checked; what is left are rules between them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from batch_exports.domain.destinations import (
    FILE_DESTINATIONS,
    SECRET_KEYS,
    check_config,
    leaves,
    merged,
    split_secrets,
)
from batch_exports.domain.egress import EgressPolicy, check_config_hosts
from batch_exports.domain.errors import Invalid
from batch_exports.domain.exports import Destination, Model
from batch_exports.domain.object_keys import check_object_keys
from batch_exports.domain.schedules import Interval, Schedule
from batch_exports.domain.times import is_timezone, read_time
from batch_exports.services.export_filters import check_filters

Body = Mapping[str, Any]

_INTERVALS: Mapping[str, Interval] = {interval.value: interval for interval in Interval}
_OFFSET_INTERVALS = frozenset({Interval.DAY, Interval.WEEK})


def new_destination(sent: Body) -> Destination:
    """The destination that a body describes; raises Invalid for an integration, of which this service has none."""
    check_no_integration(sent)
    config, secrets = split_secrets(SECRET_KEYS[sent["type"]], sent.get("config") or {})
    return Destination(type=sent["type"], config=config, secrets=secrets)


def changed_config(stored: Destination, sent: Body) -> dict[str, Any]:
    """The config with its credentials, under the settings that are sent; raises Invalid.

    Of credentials that cannot be decrypted, each has to be sent again; null is for one that is not wanted any more.
    """
    settings = sent.get("config") or {}
    given = leaves("", settings, "__")
    for name in stored.unreadable:
        # An object that is replaced as a whole, or left out by null, takes what was in it along.
        if not any(name == path or name.startswith(f"{path}__") for path in given):
            raise Invalid(
                "The stored credentials cannot be decrypted. Send all of them again, with null for those that are not "
                f"needed: {', '.join(stored.unreadable)}.",
                code="required",
                attr=f"destination__config__{name}",
            )
    return merged(merged(stored.config, stored.secrets), settings)


def changed_schedule(stored: Schedule, body: Body) -> Schedule:
    """The schedule with the fields that a body names; raises Invalid."""
    interval = _INTERVALS[body["interval"]] if "interval" in body else stored.interval
    has_offsets = interval in _OFFSET_INTERVALS
    _check_offsets(interval, body)
    kept_day = stored.offset_day if interval is Interval.WEEK else 0
    kept_hour = stored.offset_hour if has_offsets else 0
    schedule = Schedule(
        interval=interval,
        timezone=_timezone(body["timezone"]) if "timezone" in body else stored.timezone,
        offset_day=(body["offset_day"] or 0) if "offset_day" in body else kept_day,
        offset_hour=(body["offset_hour"] or 0) if "offset_hour" in body else kept_hour,
        start_at=_time(body, "start_at") if "start_at" in body else stored.start_at,
        end_at=_time(body, "end_at") if "end_at" in body else stored.end_at,
    )
    if schedule.start_at and schedule.end_at and schedule.start_at >= schedule.end_at:
        raise Invalid("The 'end_at' of a batch export must be after its 'start_at'.", attr="end_at")
    return schedule


def new_filters(body: Body, model: Model) -> tuple[Mapping[str, Any], ...] | None:
    """The property filters of a body; raises Invalid for a model that has none, and for what no run could apply."""
    filters = body.get("filters")
    if filters and model is not Model.EVENTS:
        raise Invalid(f"'filters' is only supported for 'events' model not '{model}' model", attr="filters")
    if filters is None:
        return None
    check_filters(filters)
    return tuple(filters)


def check_no_integration(sent: Body) -> None:
    """Raise Invalid for an integration: this service keeps none, so that whatever is named does not exist."""
    integration = sent.get("integration") or sent.get("integration_id")
    if integration is not None:
        raise Invalid(
            f'Invalid pk "{integration}" - object does not exist.',
            code="does_not_exist",
            attr="destination__integration",
        )


def check_same_type(stored: str, sent: Body) -> None:
    """Raise Invalid when a change would turn a destination into one of another type."""
    kind = sent.get("type", stored)
    if kind != stored:
        raise Invalid(
            f"Cannot change destination type from '{stored}' to '{kind}'. Delete this batch export and create a new "
            "one with the new destination type.",
            attr="destination",
        )


def check_same_model(stored: Model, body: Body) -> None:
    """Raise Invalid when a change would turn an export into one of another model."""
    if (body.get("model") or stored) != stored:
        raise Invalid("Changing models is not supported. Create a new batch export instead.", attr="model")


def check_new(body: Body) -> Destination:
    """Check a body as that of a new export, which it need not be in full; its destination. Raises Invalid."""
    model = Model(body.get("model") or Model.EVENTS)
    destination = new_destination(body["destination"])
    changed_schedule(Schedule(interval=Interval.HOUR), body)
    new_filters(body, model)
    check_destination(destination, model)
    check_no_queries(body)
    return destination


def check_destination(destination: Destination, model: Model, egress: EgressPolicy | None = None) -> None:
    """Check the rules between the settings of a destination, and its hosts where there is a policy; raises Invalid."""
    config = destination.full_config
    check_config(destination.type, model, config)
    if destination.type in FILE_DESTINATIONS:
        check_object_keys(config, model)
    if egress is not None:
        check_config_hosts(destination.type, config, egress)


def check_no_queries(body: Body) -> None:
    """Raise Invalid for what only a query could have."""
    for field in ("hogql_query", "hogql_modifiers", "primary_key", "version_key"):
        if body.get(field):
            raise Invalid(f"This service takes no queries: leave '{field}' out.", attr=field)
    if body.get("incremental_mode") == "MERGE":
        raise Invalid("'primary_key' is required when 'incremental_mode' is 'MERGE'", attr="primary_key")


def _check_offsets(interval: Interval, body: Body) -> None:
    if body.get("offset_day") is not None and interval is not Interval.WEEK:
        daily = interval is Interval.DAY
        raise Invalid(
            "offset_day should not be specified for daily intervals"
            if daily
            else "offset_day is not applicable for non-weekly intervals",
            attr="offset_day",
        )
    if body.get("offset_hour") is not None and interval not in _OFFSET_INTERVALS:
        raise Invalid("offset_hour is not applicable for non-daily/weekly intervals", attr="offset_hour")


def _timezone(sent: str | None) -> str:
    name = sent or "UTC"
    if not is_timezone(name):
        raise Invalid(f'"{name}" is not a valid choice.', code="invalid_choice", attr="timezone")
    return name


def _time(body: Body, field: str) -> datetime | None:
    return None if body[field] is None else read_time(body[field], attr=field)
