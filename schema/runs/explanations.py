"""Types of answers about a plan: why this mentor, why not that one, at what price, and why nobody."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from app.labels import Language, label
from app.reads import mentors, people
from app.services.avoidance import public_reasons
from app.services.questions import MentorAnswer, Names, SeatAnswer, WhyNotAnswer
from app.services.questions.words import alternative_words, seat_words
from matching import Alternative as AlternativeRecord
from matching import Contribution as ContributionRecord
from matching import Hindrance, LevelName, MenteeExclusion, Pricing, Words
from matching import LevelPrice as PriceRecord
from matching import Move as MoveRecord
from matching import Reason as ReasonRecord
from matching.criteria import SCORE_UNIT
from matching.result import TeamScore as TeamRecord
from matching.solution import SCALE_BY_LEVEL
from matching.vocabulary import ReasonCode
from schema.enums import register
from schema.fields import LanguageArgument, label_of, one
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.runs.reasons import ShortfallReason, ShortfallReasonCode, counted_reasons, shown_reason
from schema.runs.types import Contribution


def _labelled(enum: type[StrEnum], description: str) -> None:
    register(enum, description, {each.name: f"{label(each)} / {label(each, Language.EN)}" for each in enum})


_labelled(Pricing, "Against what alternatives are priced.")
_labelled(MenteeExclusion, "Why a mentee takes no part in a run.")
_labelled(Hindrance, "Why a pair that no hard rule blocks is still not available.")

TextLanguage = Annotated[
    Language, strawberry.argument(description="Language of the sentence; Chinese unless asked otherwise.")
]


def pick(words: Words, language: Language) -> str:
    """The text in one language."""
    return words.chinese if language is Language.ZH else words.english


def key_of_id(item_id: str | None) -> UUID | None:
    """The key behind an id of the matching library."""
    return None if item_id is None else UUID(item_id)


def contributions_of(parts: Iterable[ContributionRecord]) -> list[Contribution]:
    """Parts of a score in score points."""
    return [Contribution(term=part.term.value, points=part.points / SCORE_UNIT) for part in parts]


def public_codes(reasons: Iterable[ReasonCode]) -> list[ShortfallReasonCode]:
    """Rules as everybody may read them, the restricted ones as one at the end."""
    return [shown_reason(code) for code in public_reasons(reasons)]


@strawberry.type(description="The exact score of a mentee's whole team, where the policy scores teams.")
class TeamScore:
    score: float = strawberry.field(description="Score points of the team.")
    contributions: list[Contribution] = strawberry.field(description="Its parts; they sum to it exactly.")

    @classmethod
    def of(cls, team: TeamRecord | None) -> Self | None:
        """The shown score, nothing for nothing."""
        if team is None:
            return None
        return cls(score=team.score / SCORE_UNIT, contributions=contributions_of(team.contributions))


@strawberry.type(description="One term in which a pairing is ahead of the others that were possible.")
class ScoreReason:
    record: strawberry.Private[ReasonRecord]

    @strawberry.field(description="Which part of the score.")
    def term(self) -> str:
        return self.record.term.value

    @strawberry.field(description="What the term is called on screens and forms.")
    def term_label(self, language: LanguageArgument = Language.ZH) -> str:
        return label(self.record.term, language)

    @strawberry.field(description="Score points of the term.")
    def points(self) -> float:
        return self.record.points / SCORE_UNIT

    @strawberry.field(description="By how many points it exceeds the mean of all that were possible.")
    def lead(self) -> float:
        return self.record.lead / SCORE_UNIT


@strawberry.type(description="What an alternative costs on one level of the objective: positive is worse.")
class LevelPrice:
    record: strawberry.Private[PriceRecord]

    def _natural(self, units: int | None) -> float | None:
        return None if units is None else units / self.record.scale

    @strawberry.field(description="Which level, for example SEATS_FILLED or SCORE.")
    def name(self) -> str:
        return self.record.name.value

    @strawberry.field(description="What the level is called on screens and forms.")
    def label(self, language: LanguageArgument = Language.ZH) -> str:
        return label(self.record.name, language)

    @strawberry.field(description="Proved least price in natural units; empty where nothing is proved.")
    def low(self) -> float | None:
        return self._natural(self.record.low)

    @strawberry.field(description="Proved greatest price in natural units; empty where nothing is proved.")
    def high(self) -> float | None:
        return self._natural(self.record.high)

    @strawberry.field(description="Whether the price is one proved number.")
    def is_exact(self) -> bool:
        return self.record.is_exact


@strawberry.type(description="By how much the plan of an alternative is worse on one level; negative is better.")
class LevelDifference:
    name: str = strawberry.field(description="Which level.")
    value: float = strawberry.field(description="Difference in natural units: seats, links, score points.")


@strawberry.type(description="One more seat that changes hands, so that an alternative becomes possible.")
class PlanMove:
    record: strawberry.Private[MoveRecord]
    mentee_key: strawberry.Private[UUID]
    leaves_key: strawberry.Private[UUID | None]
    gets_key: strawberry.Private[UUID | None]

    mentee: Mentee | None = one(people.mentees_by_id, "mentee_key", "Whose seat; empty outside the territory.")
    leaves: Mentor | None = one(
        mentors.mentors_by_id, "leaves_key", "Who leaves it; empty for an empty seat and outside the territory."
    )
    gets: Mentor | None = one(
        mentors.mentors_by_id, "gets_key", "Who gets it; empty for an empty seat and outside the territory."
    )

    @strawberry.field(description="The slot.")
    def slot_code(self) -> str:
        return self.record.slot

    @strawberry.field(description="Whether nobody has the seat in the plan at hand.")
    def was_empty(self) -> bool:
        return self.record.leaves is None

    @strawberry.field(description="Whether the seat is empty in the plan of the alternative.")
    def becomes_empty(self) -> bool:
        return self.record.gets is None

    @classmethod
    def of(cls, move: MoveRecord) -> Self:
        """The shown move."""
        leaves, gets = key_of_id(move.leaves), key_of_id(move.gets)
        return cls(record=move, mentee_key=UUID(move.mentee_id), leaves_key=leaves, gets_key=gets)


@strawberry.type(description="A pairing that is not in the plan, with the real plan that has it and what it costs.")
class PlanAlternative:
    record: strawberry.Private[AlternativeRecord]
    names: strawberry.Private[Names]
    slots: strawberry.Private[dict[str, str]]
    pricing: Pricing = strawberry.field(description="Against what it is priced.")
    mentor_key: strawberry.Private[UUID]
    mentee_key: strawberry.Private[UUID]
    leaves_key: strawberry.Private[UUID | None]

    mentor: Mentor | None = one(mentors.mentors_by_id, "mentor_key", "The other mentor; empty outside the territory.")
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_key", "Who is mentored; empty outside the territory.")
    leaves: Mentor | None = one(
        mentors.mentors_by_id,
        "leaves_key",
        "Who gives up this seat; empty where it is empty now and outside the territory.",
    )
    pricing_label: str = label_of("pricing")

    @strawberry.field(description="The slot.")
    def slot_code(self) -> str:
        return self.record.seat.slot

    @strawberry.field(description="Score points of the pairing.")
    def score(self) -> float:
        return self.record.seat.score / SCORE_UNIT

    @strawberry.field(description="The parts of the score; empty for a mentor or mentee outside the territory.")
    def contributions(self) -> list[Contribution] | None:
        seat = self.record.seat
        if not {seat.mentor_id, seat.mentee_id} <= self.names.visible:
            return None
        return contributions_of(seat.contributions)

    @strawberry.field(description="Score of the mentee's whole team then; empty where the policy scores pairs.")
    def team(self) -> TeamScore | None:
        is_visible = {self.record.seat.mentor_id, self.record.seat.mentee_id} <= self.names.visible
        return TeamScore.of(self.record.team) if is_visible else None

    @strawberry.field(description="Whether nobody has the seat in the plan at hand.")
    def was_empty(self) -> bool:
        return self.record.leaves is None

    @strawberry.field(description="Who else moves, in the order of cause; none where the mentor has a free place.")
    def chain(self) -> list[PlanMove]:
        return [PlanMove.of(move) for move in self.record.chain]

    @strawberry.field(
        description="What it costs per level, most important first, against the best plan without it. Under team terms "
        "the list ends with the first level that decides."
    )
    def prices(self) -> list[LevelPrice]:
        return [LevelPrice(record=price) for price in self.record.prices]

    @strawberry.field(description="The first level that it may cost anything on; empty where it costs nothing.")
    def decisive(self) -> LevelPrice | None:
        return None if self.record.decisive is None else LevelPrice(record=self.record.decisive)

    @strawberry.field(description="What the plan with exactly this chain costs against the plan at hand, per level.")
    def change(self) -> list[LevelDifference]:
        scales = ((name, value, SCALE_BY_LEVEL.get(LevelName(name), 1)) for name, value in self.record.change)
        return [LevelDifference(name=name.value, value=value / scale) for name, value, scale in scales]

    @strawberry.field(description="Price and chain as one sentence.")
    def text(self, language: TextLanguage = Language.ZH) -> str:
        return pick(alternative_words(self.record, self.pricing, self.names, self.slots), language)

    @classmethod
    def of(cls, found: AlternativeRecord, answer: SeatAnswer | WhyNotAnswer | MentorAnswer) -> Self:
        """The shown alternative of an answer."""
        return cls(
            record=found,
            names=answer.names,
            slots=dict(answer.slots),
            pricing=answer.pricing,
            mentor_key=UUID(found.seat.mentor_id),
            mentee_key=UUID(found.seat.mentee_id),
            leaves_key=key_of_id(found.leaves),
        )


@strawberry.type(description="Why this mentor has a seat of a plan, or why nobody has.")
class PairingExplanation:
    answer: strawberry.Private[SeatAnswer]
    mentee_key: strawberry.Private[UUID]
    mentor_key: strawberry.Private[UUID | None]
    exclusion: MenteeExclusion | None = strawberry.field(
        description="Why the mentee takes no part in the run; everything else is empty then."
    )
    pricing: Pricing = strawberry.field(description="Against what the alternatives are priced.")

    mentee: Mentee | None = one(people.mentees_by_id, "mentee_key", "Who is mentored.")
    mentor: Mentor | None = one(
        mentors.mentors_by_id, "mentor_key", "The mentor; empty for an empty seat and outside the territory."
    )
    exclusion_label: str | None = label_of("exclusion")
    pricing_label: str = label_of("pricing")

    @strawberry.field(description="The slot.")
    def slot_code(self) -> str:
        return self.answer.slot_code

    @strawberry.field(description="Whether the plan fills the seat.")
    def is_filled(self) -> bool:
        return self.mentor_key is not None

    @strawberry.field(description="Score points of the seat; empty for an empty seat.")
    def score(self) -> float | None:
        found = self.answer.explanation
        return None if found is None or found.seat is None else found.seat.score / SCORE_UNIT

    @strawberry.field(description="The parts of the score; they sum to it exactly.")
    def contributions(self) -> list[Contribution]:
        found = self.answer.explanation
        return [] if found is None or found.seat is None else contributions_of(found.seat.contributions)

    @strawberry.field(description="Score of the mentee's whole team; empty where the policy scores pairs.")
    def team(self) -> TeamScore | None:
        return None if self.answer.explanation is None else TeamScore.of(self.answer.explanation.team)

    @strawberry.field(description="1 for the best score among the eligible; empty for an empty seat.")
    def rank(self) -> int | None:
        return None if self.answer.explanation is None else self.answer.explanation.rank

    @strawberry.field(
        description="Mentors whom no hard rule keeps out of the seat, in the whole plan; under team terms beside the "
        "rest of the team."
    )
    def eligible_count(self) -> int:
        return 0 if self.answer.explanation is None else self.answer.explanation.n_eligible

    @strawberry.field(description="Terms in which the mentor is ahead of the mean of the eligible, largest lead first.")
    def reasons(self) -> list[ScoreReason]:
        found = self.answer.explanation
        return [] if found is None else [ScoreReason(record=reason) for reason in found.reasons]

    @strawberry.field(description="Why no mentor could take an empty seat.")
    def empty_reasons(self) -> list[ShortfallReason]:
        found = self.answer.explanation
        return [] if found is None or found.shortfall is None else counted_reasons(found.shortfall.reasons)

    @strawberry.field(description="Real alternatives, cheapest first.")
    def alternatives(self) -> list[PlanAlternative]:
        found = self.answer.explanation
        return [] if found is None else [PlanAlternative.of(each, self.answer) for each in found.alternatives]

    @strawberry.field(description="The answer as plain sentences.")
    def text(self, language: TextLanguage = Language.ZH) -> str:
        return pick(seat_words(self.answer), language)

    @classmethod
    def of(cls, answer: SeatAnswer) -> Self:
        """The shown answer."""
        seat = None if answer.explanation is None else answer.explanation.seat
        return cls(
            answer=answer,
            mentee_key=UUID(answer.mentee_id),
            mentor_key=None if seat is None else UUID(seat.mentor_id),
            exclusion=answer.exclusion,
            pricing=answer.pricing,
        )
