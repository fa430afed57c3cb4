import re

from tests.spec.document import document, media_schema, operations, resolve, walk

ERRORS = {"400", "401", "403", "404", "429", "500"}
BODY_ERRORS = {"413", "415"}
CREATIONS = {"create_export", "create_backfill", "backfill_export", "retry_run"}
CONDITIONAL = {"replace_export", "update_export", "delete_export"}
DOMAIN_VERBS = {"replace", "pause", "unpause", "backfill", "cancel", "retry", "run"}
VERBS = {"list", "create", "get", "update", "delete"} | DOMAIN_VERBS
READ, WRITE = ["batch_export:read"], ["batch_export:write"]


def test_operation_ids_are_unique():
    ids = [each.id for each in operations()]
    assert len(ids) == len(set(ids))


def test_operation_ids_are_a_verb_and_a_noun():
    wrong = [each.id for each in operations() if not re.fullmatch(r"[a-z]+(_[a-z]+)+", each.id)]
    assert wrong == []
    assert {each.id.partition("_")[0] for each in operations()} <= VERBS


def test_every_operation_has_one_declared_tag():
    declared = {tag["name"] for tag in document()["tags"]}
    assert all(len(each.node["tags"]) == 1 for each in operations())
    assert {each.node["tags"][0] for each in operations()} == declared


def test_reading_needs_the_read_scope_and_everything_else_the_write_scope():
    for each in operations():
        assert each.node["x-required-scopes"] == (READ if each.method == "get" else WRITE), each.id


def test_every_operation_needs_an_api_key():
    assert document()["security"] == [{"bearerAuth": []}]
    assert [each.id for each in operations() if "security" in each.node] == []


def test_every_operation_lists_its_full_set_of_errors():
    for each in operations():
        expected = ERRORS | (BODY_ERRORS if each.body else set())
        expected |= {"409"} if each.id in CREATIONS else {"412"} if each.id in CONDITIONAL else set()
        assert set(each.errors) == expected, each.id


def test_what_makes_something_may_be_repeated_and_what_changes_it_may_be_conditional():
    def taking(name):
        return {each.id for each in operations() if name in {parameter["name"] for parameter in each.parameters}}

    assert taking("Idempotency-Key") == CREATIONS
    assert taking("If-Match") == CONDITIONAL


def test_every_list_is_read_page_by_page():
    pages = [each for each in operations() if each.id.startswith("list_") and each.id != "list_test_steps"]
    for each in pages:
        (answer,) = each.successes.values()
        assert {"next", "results"} <= set(resolve(media_schema(answer))["required"]), each.id
        assert {"cursor", "offset"} & {parameter["name"] for parameter in each.parameters}, each.id


def test_whatever_is_found_by_an_identifier_may_be_missing():
    by_identifier = [each for each in operations() if "{" in each.path]
    assert by_identifier
    assert [each.id for each in by_identifier if "404" not in each.errors] == []


def test_every_error_is_a_component_with_the_one_error_body():
    for each in operations():
        for answer in each.errors.values():
            assert set(answer) == {"$ref"}, each.id
            assert media_schema(resolve(answer)) == {"$ref": "#/components/schemas/Error"}


def test_errors_carry_the_headers_that_clients_need():
    responses = document()["components"]["responses"]
    for name, header in (("Unauthorized", "WWW-Authenticate"), ("TooManyRequests", "Retry-After")):
        assert resolve(responses[name]["headers"][header])["required"] is True


def test_whatever_is_created_tells_where_it_is():
    created = [each.successes["201"] for each in operations() if "201" in each.successes]
    assert len(created) == 3
    for answer in created:
        assert resolve(answer["headers"]["Location"])["required"] is True


def test_whatever_shows_an_export_tells_its_version():
    shown = {"$ref": "#/components/schemas/BatchExport"}
    answers = [answer for each in operations() for answer in each.successes.values() if "content" in answer]
    showing = [answer for answer in answers if media_schema(answer) == shown]
    assert len(showing) == 4
    for answer in showing:
        assert resolve(answer["headers"]["ETag"])["required"] is True


def test_success_has_the_status_that_clients_know():
    created = {"create_export", "create_backfill", "retry_run"}
    for each in operations():
        expected = "201" if each.id in created else "204" if each.method == "delete" else "200"
        assert list(each.successes) == [expected], each.id


def test_nothing_under_paths_states_an_object_schema():
    nodes = [(place, node) for place, node in walk(document()["paths"]) if isinstance(node, dict)]
    assert [place for place, node in nodes if "properties" in node] == []
    assert [place for place, node in nodes if "schema" in node and set(node["schema"]) != {"$ref"}] == []


def test_path_parameters_are_declared_on_the_path():
    for path, item in document()["paths"].items():
        declared = [resolve(each)["name"] for each in item["parameters"]]
        assert declared == re.findall(r"{(\w+)}", path)
        assert all(resolve(each)["in"] == "path" for each in item["parameters"])


def test_every_path_ends_in_a_slash_as_clients_print_it():
    assert [path for path in document()["paths"] if not path.endswith("/")] == []


def test_summaries_are_short_and_imperative():
    for each in operations():
        summary = each.node["summary"]
        assert len(summary) <= 60
        assert not summary.endswith(".")
        assert each.node["description"].rstrip().endswith(".")


def test_only_the_older_backfill_route_is_deprecated():
    assert [each.id for each in operations() if each.node.get("deprecated")] == ["backfill_export"]
