import pytest

from batch_exports.observability.run_body import TracedBody
from tests.observability.spans import tracing_in_memory

FILES = [{"key": "a", "rows": 3, "bytes": 10}, {"key": "b", "rows": 4, "bytes": 20}]
PLAN = {"skip": False, "parts": [{"number": 5}]}


class Body:
    """Notes the steps that it is asked for."""

    def __init__(self, error=None):
        self.asked = []
        self.error = error

    async def plan(self, run_id):
        self._note("plan", run_id)
        return PLAN

    async def export_part(self, run_id, plan, part, done, should_stop):
        self._note("export_part", run_id, plan, part, done, should_stop())
        return FILES

    async def commit(self, run_id, plan, files):
        self._note("commit", run_id, plan, files)

    async def note_retry(self, run_id, attempt, error, delay):
        self._note("note_retry", run_id, attempt, error, delay)

    async def fail(self, run_id, error):
        self._note("fail", run_id, error)

    def _note(self, *asked):
        self.asked.append(asked)
        if self.error is not None:
            raise self.error


async def test_each_step_is_carried_out_in_a_span_that_says_how_much_it_moved():
    tracing, exporter = tracing_in_memory()
    body = Body()
    traced = TracedBody(body, tracing)
    assert await traced.plan("r") == PLAN
    assert await traced.export_part("r", PLAN, {"number": 5}, [], lambda: False) == FILES
    await traced.commit("r", PLAN, FILES)
    await traced.note_retry("r", 2, "Busy.", 1.5)
    await traced.fail("r", "Gone.")
    assert body.asked == [
        ("plan", "r"),
        ("export_part", "r", PLAN, {"number": 5}, [], False),
        ("commit", "r", PLAN, FILES),
        ("note_retry", "r", 2, "Busy.", 1.5),
        ("fail", "r", "Gone."),
    ]
    spans = {span.name: dict(span.attributes) for span in exporter.get_finished_spans()}
    about = {"batch_exports.run_id": "r"}
    assert spans == {
        "run plan": about,
        "run export_part": {
            **about,
            "batch_exports.part": 5,
            "batch_exports.rows": 7,
            "batch_exports.bytes": 30,
        },
        "run commit": {**about, "batch_exports.files": 2},
        "run fail": about,
    }


@pytest.mark.parametrize("step", ["plan", "commit"])
async def test_a_step_that_fails_is_marked_and_raises_as_it_did(step):
    tracing, exporter = tracing_in_memory()
    traced = TracedBody(Body(LookupError("canary-5d20")), tracing)
    arguments = {"plan": ("r",), "commit": ("r", PLAN, FILES)}[step]
    with pytest.raises(LookupError, match="canary"):
        await getattr(traced, step)(*arguments)
    (span,) = exporter.get_finished_spans()
    assert (span.status.is_ok, span.status.description) == (False, "LookupError")
    assert "canary" not in span.to_json()
