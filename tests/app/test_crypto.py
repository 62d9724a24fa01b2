"""Encryption and keyed hashes of personal columns."""

import pytest
from cryptography.fernet import Fernet

from app.crypto import PersonalDataCipher, WrongDataKeyError
from app.errors import ConfigurationError

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_a_value_comes_back_and_its_token_differs_each_time() -> None:
    cipher = PersonalDataCipher([OLD])
    first, second = cipher.encrypt("520624198506120013"), cipher.encrypt("520624198506120013")
    assert first != second
    assert "520624" not in first
    assert cipher.decrypt(first) == cipher.decrypt(second) == "520624198506120013"


def test_a_new_key_in_front_writes_and_the_older_ones_still_read_and_find() -> None:
    before, after = PersonalDataCipher([OLD]), PersonalDataCipher([NEW, OLD])
    assert after.decrypt(before.encrypt("13812341234")) == "13812341234"
    old, new = before.keyed_hash("phone", "13812341234"), after.keyed_hash("phone", "13812341234")
    assert old != new
    assert after.keyed_hashes("phone", "13812341234") == [new, old]
    assert (after.key_of(after.encrypt("a")), after.key_of(before.encrypt("a"))) == (0, 1)
    for check in (before.decrypt, before.key_of):
        with pytest.raises(WrongDataKeyError):
            check(after.encrypt("13812341234"))


def test_keys_have_names_that_tell_nothing_of_them() -> None:
    names = PersonalDataCipher([NEW, OLD]).key_names
    assert names[1] == PersonalDataCipher([OLD]).key_names[0] != names[0]
    assert all(len(name) == 8 and name not in NEW + OLD for name in names)


def test_hashes_depend_on_kind_value_and_key() -> None:
    cipher, other = PersonalDataCipher([OLD]), PersonalDataCipher([NEW])
    hashes = {
        cipher.keyed_hash("phone", "13812341234"),
        cipher.keyed_hash("id_number", "13812341234"),
        cipher.keyed_hash("phone", "13812341235"),
        other.keyed_hash("phone", "13812341234"),
    }
    assert len(hashes) == 4
    assert {len(text) for text in hashes} == {64}


@pytest.mark.parametrize("keys", [[], ["short"], [OLD, OLD], ["not base64 at all, but forty-four characters ="]])
def test_a_missing_or_malformed_key_stops_the_start(keys: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        PersonalDataCipher(keys)
