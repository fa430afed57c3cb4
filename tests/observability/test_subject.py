import asyncio
import string
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from batch_exports.observability.redaction import redact
from batch_exports.observability.subject import SHORTEST_SECRET, about, begin, current, hide

texts = st.text(string.printable, min_size=SHORTEST_SECRET)
nested = st.recursive(texts, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


def leaves(value):
    if isinstance(value, str):
        return [value]
    return [leaf for each in (value.values() if isinstance(value, dict) else value) for leaf in leaves(each)]


@given(nested)
def test_all_texts_inside_what_is_hidden_are_hidden_however_they_are_spelled(value):
    with about(run_id="r"):
        hide([value])
        for text in leaves(value):
            for spelling in (text, quote(text, safe=""), repr(text)):
                assert redact(f"<{spelling}>", current().secrets) != f"<{spelling}>"
            assert text in current().secrets


def test_what_is_too_short_to_be_told_from_words_is_not_hidden():
    with about(run_id="r"):
        hide(["short", 5, None, "longer"])
        assert current().secrets == {"longer"}


def test_a_block_is_about_one_thing_and_nothing_of_it_stays():
    assert current() is None
    with about(run_id="outer"):
        with about(run_id="inner", export_id="e"):
            hide(["inner secret"])
            assert current().fields == {"run_id": "inner", "export_id": "e"}
        assert (current().fields, current().secrets) == ({"run_id": "outer"}, set())
    assert current() is None


def test_without_a_subject_nothing_is_kept():
    hide(["secret"])
    assert current() is None


async def test_tasks_and_threads_share_the_secrets_of_what_started_them():
    begin(request_id="r")
    await asyncio.to_thread(hide, ["found in a thread"])
    await asyncio.create_task(asyncio.to_thread(hide, ["found in a task"]))
    assert current().secrets >= {"found in a thread", "found in a task"}


async def test_what_begins_in_a_task_is_not_what_its_parent_is_about():
    async def request(number):
        begin(request_id=number)
        await asyncio.sleep(0)
        return current().fields["request_id"]

    assert await asyncio.gather(*(asyncio.create_task(request(str(number))) for number in range(5))) == [*"01234"]
    assert current() is None


def test_a_subject_prints_without_its_secrets():
    with about(run_id="r"):
        hide(["canary-5d20"])
        assert "canary" not in repr(current())
