"""Types of answers: why a mentee does not have a certain mentor, and why a mentor serves whom."""

from typing import Self
from uuid import UUID

import strawberry

from app.labels import Language, public_reason
from app.reads import mentors, people
from app.services.avoidance import public_reasons
from app.services.questions import MentorAnswer, WhyNotAnswer
from app.services.questions.words import mentor_words, why_not_words
from matching import Hindrance, MenteeExclusion, Pricing
from matching import ServedMentee as ServedRecord
from matching.criteria import SCORE_UNIT
from matching.vocabulary import ReasonCode
from schema.fields import LanguageArgument, label_of, one
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.runs.explanations import PlanAlternative, ScoreReason, TextLanguage, pick, public_codes
from schema.runs.reasons import ShortfallReasonCode


@strawberry.type(description="The hard rules that keep a mentor out of one seat; none where it is open to the mentor.")
class SeatRulesBroken:
    slot_code: str = strawberry.field(description="The slot.")
    reasons: list[ShortfallReasonCode] = strawberry.field(
        description="The rules; kinship, discipline and exclusions all read AVOIDANCE, at the end."
    )
    codes: strawberry.Private[tuple[ReasonCode | None, ...]]

    @strawberry.field(description="What the rules are called on screens and forms, in the order of `reasons`.")
    def labels(self, language: LanguageArgument = Language.ZH) -> list[str]:
        return [public_reason(ReasonCode.KINSHIP if code is None else code, language) for code in self.codes]


@strawberry.type(description="Why a mentee does not have a certain mentor.")
class WhyNot:
    answer: strawberry.Private[WhyNotAnswer]
    mentee_key: strawberry.Private[UUID]
    mentor_key: strawberry.Private[UUID]
    exclusion: MenteeExclusion | None = strawberry.field(description="Why the mentee takes no part in the run.")
    paired_slot_code: str | None = strawberry.field(description="The slot in which the plan has the pair.")
    hindrance: Hindrance | None = strawberry.field(description="What else makes the pair impossible.")
    pricing: Pricing = strawberry.field(description="Against what the pair is priced.")
    team_rules: list[ShortfallReasonCode] = strawberry.field(
        description="Rules on whole teams that the pair would break beside the mentors pinned to the mentee."
    )

    mentee: Mentee | None = one(people.mentees_by_id, "mentee_key", "Who would be mentored.")
    mentor: Mentor | None = one(mentors.mentors_by_id, "mentor_key", "The mentor asked about.")
    exclusion_label: str | None = label_of("exclusion")
    hindrance_label: str | None = label_of("hindrance")
    pricing_label: str = label_of("pricing")

    @strawberry.field(description="Per seat asked about, the hard rules broken.")
    def rules(self) -> list[SeatRulesBroken]:
        return [
            SeatRulesBroken(slot_code=rule.slot, reasons=public_codes(rule.reasons), codes=public_reasons(rule.reasons))
            for rule in self.answer.why.rules
        ]

    @strawberry.field(description="The price of the pair and who else moves, where it is possible.")
    def alternative(self) -> PlanAlternative | None:
        found = self.answer.why.alternative
        return None if found is None else PlanAlternative.of(found, self.answer)

    @strawberry.field(description="The answer as plain sentences.")
    def text(self, language: TextLanguage = Language.ZH) -> str:
        return pick(why_not_words(self.answer), language)

    @classmethod
    def of(cls, answer: WhyNotAnswer) -> Self:
        """The shown answer."""
        why = answer.why
        return cls(
            answer=answer,
            mentee_key=UUID(why.mentee_id),
            mentor_key=UUID(why.mentor_id),
            exclusion=why.exclusion,
            paired_slot_code=why.paired_slot,
            hindrance=why.hindrance,
            pricing=answer.pricing,
            team_rules=public_codes(why.team_rules),
        )


@strawberry.type(description="One mentee whom a mentor serves in a plan.")
class ServedMentee:
    record: strawberry.Private[ServedRecord]
    mentee_key: strawberry.Private[UUID]
    is_visible: strawberry.Private[bool]

    mentee: Mentee | None = one(people.mentees_by_id, "mentee_key", "Who; empty outside the territory.")

    @strawberry.field(description="The slot.")
    def slot_code(self) -> str:
        return self.record.seat.slot

    @strawberry.field(description="Score points of the seat.")
    def score(self) -> float:
        return self.record.seat.score / SCORE_UNIT

    @strawberry.field(description="1 for the best score of this mentor among all mentees open to it.")
    def rank(self) -> int:
        return self.record.rank

    @strawberry.field(
        description="Terms in which this mentee is ahead of the others, largest lead first; none outside the territory."
    )
    def reasons(self) -> list[ScoreReason]:
        return [ScoreReason(record=reason) for reason in self.record.reasons if self.is_visible]


@strawberry.type(description="Why a mentor serves these mentees in a plan, or none.")
class MentorExplanation:
    answer: strawberry.Private[MentorAnswer]
    mentor_key: strawberry.Private[UUID]
    mentee_count: int = strawberry.field(description="Mentees of the mentor's county that take part in the run.")
    admissible_count: int = strawberry.field(description="Those of them with a seat that is open to the mentor.")
    blocked: list[ShortfallReasonCode] = strawberry.field(
        description="What keeps the mentor from the others, most frequent first; AVOIDANCE at the end."
    )
    hindrance: Hindrance | None = strawberry.field(description="Why the mentor cannot serve although no rule blocks.")
    pricing: Pricing = strawberry.field(description="Against what `best` is priced.")

    mentor: Mentor | None = one(mentors.mentors_by_id, "mentor_key", "The mentor asked about.")
    hindrance_label: str | None = label_of("hindrance")
    pricing_label: str = label_of("pricing")

    @strawberry.field(description="Whom the mentor serves.")
    def served(self) -> list[ServedMentee]:
        return [
            ServedMentee(
                record=each,
                mentee_key=UUID(each.seat.mentee_id),
                is_visible=each.seat.mentee_id in self.answer.names.visible,
            )
            for each in self.answer.explanation.served
        ]

    @strawberry.field(description="For a mentor who serves nobody: the cheapest pairing in which it would.")
    def best(self) -> PlanAlternative | None:
        found = self.answer.explanation.best
        return None if found is None else PlanAlternative.of(found, self.answer)

    @strawberry.field(description="The answer as plain sentences.")
    def text(self, language: TextLanguage = Language.ZH) -> str:
        return pick(mentor_words(self.answer), language)

    @classmethod
    def of(cls, answer: MentorAnswer) -> Self:
        """The shown answer."""
        found = answer.explanation
        return cls(
            answer=answer,
            mentor_key=UUID(found.mentor_id),
            mentee_count=found.n_mentees,
            admissible_count=found.n_admissible,
            blocked=public_codes(code for code, _ in found.blocked),
            hindrance=found.hindrance,
            pricing=answer.pricing,
        )
