"""What the values of the closed lists are called in Chinese and English, for screens, forms and refusals."""

from enum import StrEnum

from app.labels import access, pairing, people, places, questions, rosters, runs
from app.labels.entries import Entries
from app.models.vocabulary import MemberEndReason, ReasonCode


class Language(StrEnum):
    """Languages of labels and messages."""

    ZH = "ZH"
    EN = "EN"


AVOIDANCE_LABEL = "回避/组织原因"
"""What every reason of class A reads outside the county organisation department."""
AVOIDANCE_LABEL_EN = "Avoidance or organisational reasons"

RESTRICTED_REASONS = frozenset({ReasonCode.KINSHIP, ReasonCode.DISCIPLINE, ReasonCode.EXCLUDED})
"""Reasons that tell of kinship, discipline or complaints (an exclusion can come from a complaint)."""

# Members of different StrEnums are equal when their texts are (MentorState.RETIRED == MemberEndReason.RETIRED), so the
# look-up goes by enum first; one flat dictionary would mix them up.
_LABELS: Entries = (
    places.LABELS | people.LABELS | pairing.LABELS | runs.LABELS | rosters.LABELS | access.LABELS | questions.LABELS
)


def label(value: StrEnum, language: Language = Language.ZH) -> str:
    """The label of one value; raises ``KeyError`` for a value of an enum that has no labels."""
    chinese, english = _LABELS[type(value)][value]
    return chinese if language is Language.ZH else english


def public_reason(code: ReasonCode, language: Language = Language.ZH) -> str:
    """The label of a reason as everybody may read it: class A reasons all read ``AVOIDANCE_LABEL``."""
    if code in RESTRICTED_REASONS:
        return AVOIDANCE_LABEL if language is Language.ZH else AVOIDANCE_LABEL_EN
    return label(code, language)


def public_end_reason(reason: MemberEndReason | None, language: Language = Language.ZH) -> str:
    """Why a mentor's service ended, for everybody: what could tell of the mentor reads ``AVOIDANCE_LABEL``."""
    if reason is None:
        return ""
    if reason not in pairing.TOLD_END_REASONS:
        return AVOIDANCE_LABEL if language is Language.ZH else AVOIDANCE_LABEL_EN
    return label(reason, language)
