"""The same property in this process, where a failure has its traceback: generated requests to both applications."""

import importlib
import os
import tomllib

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.config import SchemathesisConfig

from batch_exports.conformance.schemathesis_run import CONFIG
from mock_server.personas import KEYS
from tests.contract.conftest import MAKERS
from tests.contract.gate import DEEP
from tests.spec.document import PATH

QUICK = 25


class Late:
    """An application that is made when tests begin; Schemathesis wants to know of one before."""

    app = None

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


def _schema(app):
    values = tomllib.loads(CONFIG.read_text())
    importlib.import_module(values["hooks"])
    # One identity, for values of one answer do not reach the next request here; the served worlds get two.
    values["auth"] = {"openapi": {"bearerAuth": {"bearer": KEYS["admin"]}}}
    # The served worlds get this phase, which is by far the longest.
    values["phases"]["coverage"] = {"enabled": False}
    schema = schemathesis.openapi.from_path(PATH, config=SchemathesisConfig.from_dict(values))
    schema.app = app
    return schema


APPS = {name: Late() for name in MAKERS}


@pytest.fixture(scope="module", autouse=True)
def _worlds(tmp_path_factory):
    for name, make in MAKERS.items():
        APPS[name].app = make(tmp_path_factory.mktemp(name))


@schemathesis.pytest.parametrize(**{name: _schema(app) for name, app in APPS.items()})
@settings(max_examples=int(os.environ.get(DEEP, QUICK)))
def test_answers_keep_the_contract(case):
    case.call_and_validate()
