"""Why a seat stayed empty or a pair ended, as anybody may read it: restricted facts all read AVOIDANCE."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import strawberry

from app.labels import Language, public_reason
from app.models.vocabulary import ReasonCode
from app.services.avoidance import public_counts, public_reasons
from schema.enums import register
from schema.fields import LanguageArgument


class ShortfallReasonCode(StrEnum):
    """The reasons as anybody may read them: kinship, discipline and exclusions all read AVOIDANCE."""

    NO_ELIGIBLE_MENTOR_IN_SCOPE = "NO_ELIGIBLE_MENTOR_IN_SCOPE"
    ALL_AT_CAPACITY = "ALL_AT_CAPACITY"
    AVOIDANCE = "AVOIDANCE"
    TENURE_GAP = "TENURE_GAP"
    MIN_EXPERIENCE = "MIN_EXPERIENCE"
    APPRAISAL = "APPRAISAL"
    MENTOR_INACTIVE = "MENTOR_INACTIVE"
    VETO = "VETO"
    SLOT_CATEGORY = "SLOT_CATEGORY"
    TRAVEL_LIMIT = "TRAVEL_LIMIT"
    CROSS_COUNTY = "CROSS_COUNTY"
    TOWNSHIP_RULE = "TOWNSHIP_RULE"
    VILLAGE_RULE = "VILLAGE_RULE"
    PINNED_ELSEWHERE = "PINNED_ELSEWHERE"
    DATA_MISSING = "DATA_MISSING"


def _reason(code: ShortfallReasonCode) -> ReasonCode:
    return ReasonCode.KINSHIP if code is ShortfallReasonCode.AVOIDANCE else ReasonCode(code.value)


register(
    ShortfallReasonCode,
    "Why a seat stayed empty. Kinship, discipline and exclusions all read AVOIDANCE.",
    {
        code.name: f"{public_reason(_reason(code))} / {public_reason(_reason(code), Language.EN)}"
        for code in ShortfallReasonCode
    },
)


def shown_reason(code: ReasonCode | None) -> ShortfallReasonCode:
    """The code that everybody may read; ``None`` stands for the restricted reasons."""
    return ShortfallReasonCode.AVOIDANCE if code is None else ShortfallReasonCode(code.value)


@strawberry.type(description="One reason why a seat stayed empty.")
class ShortfallReason:
    code: ShortfallReasonCode = strawberry.field(description="The reason.")
    mentor_count: int | None = strawberry.field(
        description="How many mentors it keeps out; empty for AVOIDANCE below 3, which could point at a person."
    )

    @strawberry.field(description="What the reason is called on screens and forms.")
    def label(self, language: LanguageArgument = Language.ZH) -> str:
        return public_reason(_reason(self.code), language)


def reasons_of(stored: list[dict[str, Any]]) -> list[ShortfallReason]:
    """The reasons of a stored shortfall without what points at restricted facts."""
    return counted_reasons((ReasonCode(reason["code"]), int(reason["count"])) for reason in stored)


def counted_reasons(counts: Iterable[tuple[ReasonCode, int]]) -> list[ShortfallReason]:
    """Counted reasons without what points at restricted facts."""
    return [ShortfallReason(code=shown_reason(code), mentor_count=count) for code, count in public_counts(counts)]


@strawberry.type(description="One rule that keeps a mentor out of a seat today.")
class EndReason:
    code: ShortfallReasonCode = strawberry.field(description="The rule.")

    @strawberry.field(description="What the rule is called on screens and forms.")
    def label(self, language: LanguageArgument = Language.ZH) -> str:
        return public_reason(_reason(self.code), language)


def end_reasons_of(codes: Iterable[str]) -> list[EndReason]:
    """The reasons why a pair ended; restricted ones become one."""
    return [EndReason(code=shown_reason(code)) for code in public_reasons(ReasonCode(code) for code in codes)]
