"""Tells how both worlds of the code that is imported answer requests: arguments are a folder and the requests."""

import json
import sys
from pathlib import Path

from starlette.testclient import TestClient

import handlers
from mock_server.personas import KEYS
from tests.contract.worlds import mock_app, production_app

folder, requests = Path(sys.argv[1]), json.loads(sys.argv[2])
answers = {"handlers": handlers.__file__}
for name, make in (("mock", mock_app), ("production", production_app)):
    with TestClient(make(folder), headers={"Authorization": f"Bearer {KEYS['admin']}"}) as client:
        answers[name] = []
        for method, path, body in requests:
            answer = client.request(method, f"/api/projects/1/batch_exports{path}", json=body)
            answers[name].append([answer.status_code, answer.json()])
answers["loads_bodies"] = "handlers._bodies" in sys.modules
sys.stdout.write(json.dumps(answers))
