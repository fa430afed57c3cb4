import sys

from batch_exports.contract.resolver import HandlerResolver
from tests.contract_layer.lab import HANDLERS, ONE, Client, lab_app

SOURCE = """
from batch_exports.contract.stub import stub

@stub
async def get_thing(colour):
    raise NotImplementedError

async def touch_thing(id): ...
"""


async def test_a_stub_counts_as_no_handler_until_it_is_filled(tmp_path, monkeypatch):
    (tmp_path / "stubbed").mkdir()
    (tmp_path / "stubbed" / "things.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    resolve = HandlerResolver("stubbed")
    assert resolve("get_thing", "things") is None
    assert resolve("touch_thing", "things") is sys.modules["stubbed.things"].touch_thing
    app = lab_app(resolve=lambda name, tag: resolve(name, tag) if name == "get_thing" else HANDLERS.get(name))
    answer = await Client(app).get(ONE)
    assert answer.problem[:2] == (501, "not_implemented")
