"""Which runs somebody has seen who was answered a request."""

from collections.abc import Sequence
from uuid import UUID

from starlette.types import Message, Send

from mock_server.journal.exchange import Exchange
from mock_server.world import World

_OF_EXPORT = frozenset({"get_export", "list_runs"})
_OF_RUN = frozenset({"get_run"})
_OK = 200


def noting_looks(send: Send, world: World, exchange: Exchange) -> Send:
    """A `send` that counts, when the request succeeds, a look at each open run that its answer is about."""
    if exchange.method != "GET" or exchange.operation not in _OF_EXPORT | _OF_RUN:
        return send

    async def send_noting(message: Message) -> None:
        # Before the answer leaves: whoever has it may count on the look.
        if message["type"] == "http.response.start" and message["status"] == _OK:
            world.note_look(_seen(world, exchange))
        await send(message)

    return send_noting


def _seen(world: World, exchange: Exchange) -> Sequence[UUID]:
    export_id, *rest = exchange.path.rpartition("/batch_exports/")[2].split("/")
    tables = world.store.tables
    if exchange.operation in _OF_RUN:
        run_id = UUID(rest[1])
        return (run_id,) if run_id in tables.runs else ()
    still_open = (tables.runs[run_id] for _, run_id in tables.runs_open.ascending())
    return [run.id for run in still_open if run.export_id == UUID(export_id)]
