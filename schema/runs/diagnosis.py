"""Types of the diagnosis of a plan: why seats stay empty, as proved, and what would help."""

from typing import Self
from uuid import UUID

import strawberry

from app.labels import Language
from app.reads import mentors, people
from app.services.questions import CertificateAnswer, DiagnosisAnswer, RemedyAnswer
from matching import Claim as ClaimRecord
from matching import HallSet, RemedyKind
from matching.diagnose import TownshipShortage as TownshipRecord
from schema.enums import register
from schema.fields import one
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.runs.explanations import TextLanguage, key_of_id, pick
from schema.runs.reasons import ShortfallReason, counted_reasons

register(
    RemedyKind,
    "Kinds of decisions that fill seats, cheapest first.",
    {
        "RAISE_CAPACITY": "增加导师名额 / One mentor takes one mentee more.",
        "RELEASE_TOWNSHIP_RULE": "放开乡镇范围要求 / The township rule is released for one mentee.",
        "ACTIVATE_MENTOR": "批准或启用导师 / A mentor is approved or activated.",
        "ADD_MENTORS": "增加导师 / New mentors in a township.",
        "RELAX_NUMBER": "放宽政策数值 / A number of the policy is relaxed.",
        "EXTEND_POOL_SCOPE": "扩大导师范围 / Pools further away are opened.",
    },
)


@strawberry.type(description="One decision that fills seats, taken alone.")
class Remedy:
    answer: strawberry.Private[RemedyAnswer]
    mentor_key: strawberry.Private[UUID | None]
    mentee_key: strawberry.Private[UUID | None]

    mentor: Mentor | None = one(
        mentors.mentors_by_id, "mentor_key", "Whom it concerns; empty where nobody and outside the territory."
    )
    mentee: Mentee | None = one(
        people.mentees_by_id, "mentee_key", "For whom; empty where nobody and outside the territory."
    )

    @strawberry.field(description="What is decided.")
    def kind(self) -> RemedyKind:
        return self.answer.remedy.kind

    @strawberry.field(description="Seats that it fills of those that stay empty in every plan now.")
    def gain(self) -> int:
        return self.answer.remedy.effect

    @strawberry.field(description="The decision and its gain as one clause.")
    def text(self, language: TextLanguage = Language.ZH) -> str:
        return pick(self.answer.words, language)

    @classmethod
    def of(cls, answer: RemedyAnswer) -> Self:
        """The shown remedy."""
        remedy = answer.remedy
        return cls(answer=answer, mentor_key=key_of_id(remedy.mentor_id), mentee_key=key_of_id(remedy.mentee_id))


@strawberry.type(description="What one mentee demands of a short set.")
class ShortageClaim:
    record: strawberry.Private[ClaimRecord]
    mentee_key: strawberry.Private[UUID]

    mentee: Mentee | None = one(people.mentees_by_id, "mentee_key", "Whose seats; empty outside the territory.")

    @strawberry.field(description="The slots that are claimed.")
    def slot_codes(self) -> list[str]:
        return list(self.record.slots)

    @strawberry.field(description="How many seats of them.")
    def seat_count(self) -> int:
        return self.record.n_seats


@strawberry.type(description="A set that is short by itself, within one township that had the first choice of all.")
class ShortageCore:
    record: strawberry.Private[HallSet]

    @strawberry.field(description="Mentees of the set.")
    def mentee_count(self) -> int:
        return len(self.record.claims)

    @strawberry.field(description="Seats demanded.")
    def demand(self) -> int:
        return self.record.demand

    @strawberry.field(description="The most of them that can be filled.")
    def supply(self) -> int:
        return self.record.supply

    @strawberry.field(description="Seats that stay empty in every plan.")
    def shortage(self) -> int:
        return self.record.shortage


@strawberry.type(
    description="A shortage that counting proves: seats that demand more than the mentors who may take them can give. "
    "Counts are of the whole set."
)
class ShortageCertificate:
    answer: strawberry.Private[CertificateAnswer]

    @strawberry.field(description="Division code of the county.")
    def county_code(self) -> str:
        return self.answer.certificate.county

    @strawberry.field(description="Division codes of the townships of the mentees.")
    def township_codes(self) -> list[str]:
        return list(self.answer.certificate.townships)

    @strawberry.field(description="Seats demanded.")
    def demand(self) -> int:
        return self.answer.certificate.whole.demand

    @strawberry.field(description="The most of them that can be filled.")
    def supply(self) -> int:
        return self.answer.certificate.whole.supply

    @strawberry.field(description="Seats that stay empty in every plan.")
    def shortage(self) -> int:
        return self.answer.certificate.shortage

    @strawberry.field(description="Mentors with a free place for a claimed seat.")
    def mentor_count(self) -> int:
        return self.answer.certificate.whole.n_with_place

    @strawberry.field(description="Mentors of whom each would fill one more seat with one more place.")
    def scarce_mentor_count(self) -> int:
        return self.answer.certificate.n_scarce

    @strawberry.field(description="What the mentees demand, by 编号.")
    def claims(self) -> list[ShortageClaim]:
        claims = self.answer.certificate.whole.claims
        return [ShortageClaim(record=claim, mentee_key=UUID(claim.mentee_id)) for claim in claims]

    @strawberry.field(description="Smaller sets inside that are short by themselves, largest shortage first.")
    def cores(self) -> list[ShortageCore]:
        return [ShortageCore(record=core) for core in self.answer.certificate.cores]

    @strawberry.field(description="Rules that alone keep other mentors out, with how many.")
    def blocked(self) -> list[ShortfallReason]:
        return counted_reasons(self.answer.certificate.blocked.by_rule)

    @strawberry.field(description="Mentors whom several rules keep out.")
    def blocked_by_several_count(self) -> int:
        return self.answer.certificate.blocked.n_by_several

    @strawberry.field(description="Decisions that would fill seats, cheapest first, each taken alone.")
    def remedies(self) -> list[Remedy]:
        return [Remedy.of(remedy) for remedy in self.answer.remedies]

    @strawberry.field(description="The certificate and its remedies as one paragraph.")
    def text(self, language: TextLanguage = Language.ZH) -> str:
        return pick(self.answer.words, language)


@strawberry.type(description="Shortage of one township.")
class TownshipShortage:
    record: strawberry.Private[TownshipRecord]

    @strawberry.field(description="Division code of the township.")
    def township_code(self) -> str:
        return self.record.township

    @strawberry.field(description="Mentees that take part.")
    def mentee_count(self) -> int:
        return self.record.n_mentees

    @strawberry.field(description="Their seats.")
    def seat_count(self) -> int:
        return self.record.n_seats

    @strawberry.field(description="Mentees in certificates.")
    def short_mentee_count(self) -> int:
        return self.record.n_short_mentees

    @strawberry.field(description="Seats that they claim there: only such seats are empty in a best plan.")
    def claimed_seat_count(self) -> int:
        return self.record.n_claimed_seats

    @strawberry.field(description="Seats that stay empty even with the first choice of all mentors.")
    def own_shortage(self) -> int:
        return self.record.n_own_shortage


@strawberry.type(description="Why seats of a plan stay empty under its data and policy, and what would help.")
class PlanDiagnosis:
    answer: strawberry.Private[DiagnosisAnswer]

    @strawberry.field(description="Seats of the whole plan.")
    def seat_count(self) -> int:
        return self.answer.n_seats

    @strawberry.field(description="Seats of the whole plan that it leaves empty.")
    def empty_count(self) -> int:
        return self.answer.n_empty

    @strawberry.field(description="Seats that stay empty in every plan.")
    def unavoidable_count(self) -> int:
        return self.answer.n_unavoidable

    @strawberry.field(
        description="Whether some plan leaves no more than `unavoidableCount` seats empty; otherwise more may stay "
        "empty, and no gain is certain."
    )
    def is_exact(self) -> bool:
        return self.answer.is_exact

    @strawberry.field(description="Proved shortages with a mentee of the territory, largest first.")
    def certificates(self) -> list[ShortageCertificate]:
        return [ShortageCertificate(answer=each) for each in self.answer.certificates]

    @strawberry.field(description="Changes of the policy that would fill seats of the whole plan, cheapest first.")
    def policy_remedies(self) -> list[Remedy]:
        return [Remedy.of(remedy) for remedy in self.answer.policy_remedies]

    @strawberry.field(description="Townships of the territory by code.")
    def townships(self) -> list[TownshipShortage]:
        return [TownshipShortage(record=row) for row in self.answer.townships]
