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


def test_after_rotation_old_values_are_readable_and_hashes_stay() -> None:
    before, after = PersonalDataCipher([OLD]), PersonalDataCipher([NEW, OLD])
    assert after.decrypt(before.encrypt("13812341234")) == "13812341234"
    assert after.keyed_hash("phone", "13812341234") == before.keyed_hash("phone", "13812341234")
    with pytest.raises(WrongDataKeyError):
        before.decrypt(after.encrypt("13812341234"))


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


@pytest.mark.parametrize("keys", [[], ["short"], ["not base64 at all, but forty-four characters ="]])
def test_a_missing_or_malformed_key_stops_the_start(keys: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        PersonalDataCipher(keys)
