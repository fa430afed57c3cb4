"""Credentials open with the right key, for the right owner, and not otherwise."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from batch_exports.store import Cipher, SecretsUnreadable, load_or_create_key

keys = st.binary(min_size=32, max_size=32)


@given(st.binary(max_size=200), keys, st.binary(max_size=16))
def test_what_is_sealed_opens_for_its_owner(plain: bytes, key: bytes, owner: bytes) -> None:
    assert Cipher(key).open(Cipher(key).seal(plain, owner=owner), owner=owner) == plain


@given(st.binary(min_size=8, max_size=200), keys)
def test_what_is_sealed_neither_shows_its_text_nor_repeats(plain: bytes, key: bytes) -> None:
    first, second = (Cipher(key).seal(plain, owner=b"a") for _ in range(2))

    assert plain not in first
    assert first != second


@given(st.binary(max_size=50), keys, keys)
def test_it_opens_for_no_other_owner_and_under_no_other_key(plain: bytes, key: bytes, other: bytes) -> None:
    sealed = Cipher(key).seal(plain, owner=b"mine")

    with pytest.raises(SecretsUnreadable):
        Cipher(key).open(sealed, owner=b"yours")
    if other != key:
        with pytest.raises(SecretsUnreadable):
            Cipher(other).open(sealed, owner=b"mine")


@given(st.binary(max_size=50), keys, st.data())
def test_altered_or_cut_it_does_not_open(plain: bytes, key: bytes, data: st.DataObject) -> None:
    sealed = Cipher(key).seal(plain, owner=b"mine")
    place = data.draw(st.integers(0, len(sealed) - 1))
    altered = bytearray(sealed)
    altered[place] ^= data.draw(st.integers(1, 255))

    for broken in (bytes(altered), sealed[:place]):
        with pytest.raises(SecretsUnreadable):
            Cipher(key).open(broken, owner=b"mine")


@given(keys, keys)
def test_after_a_change_of_keys_the_older_one_still_opens_what_it_sealed(new: bytes, old: bytes) -> None:
    sealed = Cipher(old).seal(b"secret", owner=b"mine")

    assert Cipher(new, old).open(sealed, owner=b"mine") == b"secret"
    assert Cipher(new).open(Cipher(new, old).seal(b"secret", owner=b"mine"), owner=b"mine") == b"secret"


@given(st.lists(keys, min_size=1, max_size=4, unique=True), st.data())
def test_what_is_renewed_opens_with_the_newest_key_alone_and_needs_it_once(
    keys: list[bytes], data: st.DataObject
) -> None:
    age = data.draw(st.integers(0, len(keys) - 1))
    sealed = Cipher(keys[age]).seal(b"secret", owner=b"mine")

    renewed = Cipher(*keys).renew(sealed, owner=b"mine")

    assert (renewed is None) == (age == 0)
    kept = renewed or sealed
    assert Cipher(keys[0]).open(kept, owner=b"mine") == b"secret"
    assert Cipher(*keys).renew(kept, owner=b"mine") is None


@given(keys, keys, keys)
def test_what_no_key_at_hand_opens_is_not_renewed(sealing: bytes, new: bytes, old: bytes) -> None:
    assume(sealing not in (new, old))
    with pytest.raises(SecretsUnreadable):
        Cipher(new, old).renew(Cipher(sealing).seal(b"secret", owner=b"mine"), owner=b"mine")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"32 bytes; this one has {size}"):
        Cipher(bytes(size))


def test_a_key_file_is_made_once_and_private_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "secrets.key"

    key = load_or_create_key(path)

    assert len(key) == 32
    assert load_or_create_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_all_who_make_a_key_file_at_once_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: load_or_create_key(tmp_path / "secrets.key"), range(8)))

    assert len(set(made)) == 1


def test_a_key_file_that_others_can_read_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "secrets.key"
    load_or_create_key(path)
    path.chmod(0o640)

    with pytest.raises(PermissionError, match="chmod 600"):
        load_or_create_key(path)


@pytest.mark.parametrize("content", [b"", b"not base64!", b"c2hvcnQ="])
def test_a_file_that_holds_no_key_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secrets.key"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(ValueError, match="restore it from a backup"):
        load_or_create_key(path)
    assert path.read_bytes() == content
