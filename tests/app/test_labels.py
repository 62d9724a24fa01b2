"""Every value of every closed list has a Chinese and an English label."""

import inspect
from enum import StrEnum

import pytest

from app.labels import AVOIDANCE_LABEL, AVOIDANCE_LABEL_EN, Language, label, public_reason
from app.models import vocabulary
from app.models.vocabulary import MemberEndReason, MentorCategory, MentorState, PostKind, ReasonCode

ENUMS = [
    enum
    for _, enum in inspect.getmembers(vocabulary, inspect.isclass)
    if issubclass(enum, StrEnum) and enum is not StrEnum
]


def test_the_walk_over_the_vocabulary_finds_all_homes_of_closed_lists() -> None:
    modules = {enum.__module__ for enum in ENUMS}
    assert modules == {
        "app.models.audit_vocabulary",
        "app.models.export_vocabulary",
        "app.models.vocabulary",
        "app.models.run_vocabulary",
        "matching.vocabulary",
    }
    assert len(ENUMS) == 58


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_every_value_has_its_own_label(enum: type[StrEnum], language: Language) -> None:
    labels = [label(value, language) for value in enum]
    assert all(text and text == text.strip() for text in labels)
    assert len(set(labels)) == len(enum)


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_chinese_labels_are_chinese_and_english_labels_are_ascii(enum: type[StrEnum]) -> None:
    for value in enum:
        assert any("\u4e00" <= character <= "\u9fff" for character in label(value))
        assert label(value, Language.EN).isascii()


def test_equal_texts_of_different_lists_keep_their_own_labels() -> None:
    assert label(MentorState.RETIRED) == "退出"
    assert label(MemberEndReason.RETIRED) == "退休"
    assert label(MentorCategory.STATION_EXPERT) == "站所骨干"
    assert label(PostKind.STATION_STAFF) == "站所人员"


def test_reasons_of_class_a_read_as_avoidance_and_all_others_as_themselves() -> None:
    hidden = {code for code in ReasonCode if public_reason(code) == AVOIDANCE_LABEL}
    assert hidden == {ReasonCode.KINSHIP, ReasonCode.DISCIPLINE, ReasonCode.EXCLUDED}
    assert {code for code in ReasonCode if public_reason(code, Language.EN) == AVOIDANCE_LABEL_EN} == hidden
    assert AVOIDANCE_LABEL == "回避/组织原因"
    assert all(public_reason(code) == label(code) for code in ReasonCode if code not in hidden)
