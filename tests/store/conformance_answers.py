"""What every store has to keep for answers to requests that may be repeated."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from batch_exports.ports import KeptAnswer, Store
from tests.builders import NOW
from tests.store.reference import for_any_store, moments

DAY = timedelta(days=1)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


class _ChangedMindError(Exception):
    pass


def make_request(**changes: Any) -> KeptAnswer:
    values = {"principal_id": str(uuid4()), "key": "k", "fingerprint": "f" * 64, "created_at": NOW}
    return KeptAnswer(**{**values, **changes})


async def claim(store: Store, request: KeptAnswer) -> KeptAnswer | None:
    async with store.write() as tx:
        return await tx.answers.claim(request)


async def answer(store: Store, request: KeptAnswer, text: str) -> KeptAnswer:
    """What is kept after a request that is answered if nobody has answered it before."""
    async with store.write() as tx:
        kept = await tx.answers.claim(request)
        if kept is None:
            kept = replace(request, answer=text)
            await tx.answers.keep(kept)
        return kept


async def renew(store: Store, request: KeptAnswer) -> bool:
    """Whether the request found an answer that is too old, and put its own in its place."""
    async with store.write() as tx:
        kept = await tx.answers.claim(request)
        if kept is None or kept.created_at > request.created_at - DAY:
            return False
        await tx.answers.keep(replace(request, answer="new"))
        return True


class AnswerConformance:
    """Claims about kept answers."""

    @for_any_store
    @given(texts, st.text("abc!~", min_size=1, max_size=255), moments)
    async def test_whoever_claims_a_key_again_gets_what_was_kept(
        self, store: Store, text: str, key: str, at: Any
    ) -> None:
        request = make_request(key=key, created_at=at)
        kept = await answer(store, request, text)

        assert kept == replace(request, answer=text)
        assert await claim(store, replace(request, fingerprint="0" * 64, created_at=at + DAY)) == kept

    async def test_everybody_has_keys_of_their_own(self, store: Store) -> None:
        request = make_request()
        await answer(store, request, "first")

        assert await claim(store, replace(request, principal_id="another")) is None
        assert await claim(store, replace(request, key="K")) is None

    async def test_a_claim_that_is_rolled_back_leaves_the_key_free(self, store: Store) -> None:
        request = make_request()
        with suppress(_ChangedMindError):
            async with store.write() as tx:
                assert await tx.answers.claim(request) is None
                await tx.answers.keep(replace(request, answer="never"))
                raise _ChangedMindError

        assert await claim(store, request) is None

    async def test_a_second_claim_waits_for_the_first_and_gets_its_answer(self, store: Store) -> None:
        request = make_request()
        async with store.write() as tx:
            await tx.answers.claim(request)
            second = asyncio.create_task(answer(store, request, "second"))
            await asyncio.wait({second}, timeout=0.2)
            assert not second.done()
            await tx.answers.keep(replace(request, answer="first"))

        assert (await second).answer == "first"

    async def test_a_second_claim_succeeds_when_the_first_is_rolled_back(self, store: Store) -> None:
        request = make_request()
        with suppress(_ChangedMindError):
            async with store.write() as tx:
                await tx.answers.claim(request)
                second = asyncio.create_task(answer(store, request, "second"))
                await asyncio.wait({second}, timeout=0.2)
                raise _ChangedMindError

        assert (await second).answer == "second"

    async def test_of_many_who_claim_a_key_at_once_exactly_one_wins(self, store: Store) -> None:
        for _ in range(5):
            request = make_request()
            answers = await asyncio.gather(*(answer(store, request, str(number)) for number in range(8)))
            assert len(set(answers)) == 1

    async def test_of_many_who_find_an_answer_too_old_exactly_one_renews_it(self, store: Store) -> None:
        for _ in range(5):
            old = make_request()
            await answer(store, old, "old")
            request = replace(old, created_at=NOW + DAY)

            renewed = await asyncio.gather(*(renew(store, request) for _ in range(8)))

            assert sum(renewed) == 1
            assert await claim(store, request) == replace(request, answer="new")

    @for_any_store
    @given(st.lists(moments, max_size=5), moments)
    async def test_what_is_older_than_a_moment_is_forgotten_and_no_more(
        self, store: Store, made: list[Any], before: Any
    ) -> None:
        requests = [make_request(created_at=at) for at in made]
        for request in requests:
            await answer(store, request, "kept")
        async with store.write() as tx:
            await tx.answers.forget(before)

        found = [await claim(store, request) is not None for request in requests]
        assert found == [at >= before for at in made]

    async def test_a_claim_of_what_is_just_being_forgotten_finds_the_key_free(self, store: Store) -> None:
        request = make_request()
        await answer(store, request, "old")
        async with store.write() as tx:
            await tx.answers.forget(NOW + DAY)
            second = asyncio.create_task(answer(store, request, "second"))
            await asyncio.wait({second}, timeout=0.2)

        assert (await second).answer == "second"
