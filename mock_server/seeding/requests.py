"""What the request says by which an export of a fixture would have been created."""

from typing import Any

from batch_exports.domain.errors import Invalid
from batch_exports.domain.exports import Model
from batch_exports.domain.schedules import Interval, Schedule
from batch_exports.services import export_fields
from mock_server.documents import Document

Json = dict[str, Any]


def requested_fields(document: Document, pointer: str) -> Json:
    """The fields of an export that the request at a pointer sets; raises FixtureError."""
    request = document.at(pointer)
    model = Model(request.get("model") or Model.EVENTS)
    try:
        destination = export_fields.new_destination(request["destination"])
        fields: Json = {
            "name": request["name"],
            "model": model,
            "destination": destination,
            "schedule": export_fields.changed_schedule(Schedule(interval=Interval.HOUR), request),
            "filters": export_fields.new_filters(request, model),
        }
        export_fields.check_destination(destination, model)
        export_fields.check_no_queries(request)
    except Invalid as error:
        path = (error.attr or "").replace("__", "/")
        raise document.error(f"{pointer}/{path}".rstrip("/"), error.detail) from None
    return fields
