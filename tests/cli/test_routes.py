import json

from batch_exports.cli import run
from tests.spec.document import operations


def test_routes_lists_every_operation_of_the_contract_with_what_answers_it(capsys):
    assert run(["routes", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    named = [(each["method"].lower(), each["path"], each["operation"]) for each in listed]
    assert sorted(named) == sorted((each.method, each.path, each.id) for each in operations())
    for each in listed:
        assert each["handler"] == f"handlers.{each['tag']}:{each['operation']}"
        assert each["scopes"].startswith("batch_export:")


def test_routes_is_a_table_of_one_line_each(capsys):
    assert run(["routes"]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == ["method", "path", "operation", "tag", "scopes", "handler"]
    assert len(lines) == len(list(operations()))
    assert all("batch_export:" in line and "handlers." in line for line in lines)
