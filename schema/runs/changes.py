"""Types of repairs: what the repaired plan changes against the roster in force."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import strawberry

from app.labels import Language, label, public_reason
from app.models.vocabulary import ReasonCode
from app.reads import mentors, people
from app.reads.repairs import RepairView
from matching import EndCause, MenteeFate, MentorFate
from schema.context import Info
from schema.enums import register
from schema.fields import LanguageArgument, show
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.runs.capped import DEFAULT_PAGE, CappedList, Most, capped
from schema.runs.reasons import EndReason, ShortfallReasonCode, end_reasons_of

for _enum, _text in (
    (EndCause, "Why a link of the roster ends."),
    (MenteeFate, "What becomes of a mentee."),
    (MentorFate, "What becomes of a mentor."),
):
    register(_enum, _text, {each.name: f"{label(each)} / {label(each, Language.EN)}" for each in _enum})

Entry = Mapping[str, Any]


async def _mentee(info: Info, key: str) -> Any:
    return show(await info.context.find(people.mentees_by_id, UUID(key)))


async def _mentor(info: Info, key: str | None) -> Any:
    return None if key is None else show(await info.context.find(mentors.mentors_by_id, UUID(key)))


async def _mentors(info: Info, keys: list[str]) -> list[Any]:
    info.context.spend(len(keys))
    found = await asyncio.gather(*(_mentor(info, key) for key in keys))
    return [mentor for mentor in found if mentor is not None]


async def _mentees(info: Info, keys: list[str]) -> list[Any]:
    info.context.spend(len(keys))
    found = await asyncio.gather(*(_mentee(info, key) for key in keys))
    return [mentee for mentee in found if mentee is not None]


@strawberry.type(description="A link of the roster in force that the repair does not keep.")
class EndedLink:
    entry: strawberry.Private[Entry]

    @strawberry.field(description="The slot.")
    def slot_code(self) -> str:
        return str(self.entry["slot"])

    @strawberry.field(description="Whose link it is; empty when the record is gone.")
    async def mentee(self, info: Info) -> Mentee | None:
        found: Mentee | None = await _mentee(info, self.entry["mentee_id"])
        return found

    @strawberry.field(description="The mentor who goes; empty outside the territory.")
    async def mentor(self, info: Info) -> Mentor | None:
        found: Mentor | None = await _mentor(info, self.entry["mentor_id"])
        return found

    @strawberry.field(description="The mentor who takes the seat; empty for nobody, or outside the territory.")
    async def replaced_by(self, info: Info) -> Mentor | None:
        found: Mentor | None = await _mentor(info, self.entry["replaced_by"])
        return found

    @strawberry.field(description="Why it ends.")
    def cause(self) -> EndCause:
        return EndCause(self.entry["cause"])

    @strawberry.field(
        description="Why it ends, in words; avoidance (回避/组织原因) where the rule is a restricted one."
    )
    def cause_label(self, language: LanguageArgument = Language.ZH) -> str:
        reasons = end_reasons_of(self.entry["reasons"])
        if any(reason.code is ShortfallReasonCode.AVOIDANCE for reason in reasons):
            return public_reason(ReasonCode.KINSHIP, language)
        return label(EndCause(self.entry["cause"]), language)

    @strawberry.field(description="The rules that keep the mentor out of the seat today, for RULE.")
    def reasons(self) -> list[EndReason]:
        return end_reasons_of(self.entry["reasons"])


@strawberry.type(description="A link that the roster in force does not have.")
class AddedLink:
    entry: strawberry.Private[Entry]

    @strawberry.field(description="The slot.")
    def slot_code(self) -> str:
        return str(self.entry["slot"])

    @strawberry.field(description="Whose link it is.")
    async def mentee(self, info: Info) -> Mentee | None:
        found: Mentee | None = await _mentee(info, self.entry["mentee_id"])
        return found

    @strawberry.field(description="The mentor who comes; empty outside the territory.")
    async def mentor(self, info: Info) -> Mentor | None:
        found: Mentor | None = await _mentor(info, self.entry["mentor_id"])
        return found

    @strawberry.field(description="The mentor who had the seat; empty for nobody, or outside the territory.")
    async def replaces(self, info: Info) -> Mentor | None:
        found: Mentor | None = await _mentor(info, self.entry["replaces"])
        return found


@strawberry.type(description="What becomes of a mentee whose links change, or who has an empty seat.")
class MenteeChange:
    entry: strawberry.Private[Entry]

    @strawberry.field(description="The mentee; empty when the record is gone.")
    async def mentee(self, info: Info) -> Mentee | None:
        found: Mentee | None = await _mentee(info, self.entry["mentee_id"])
        return found

    @strawberry.field(description="What becomes of the mentee.")
    def fate(self) -> MenteeFate:
        return MenteeFate(self.entry["fate"])

    @strawberry.field(description="The same in words.")
    def fate_label(self, language: LanguageArgument = Language.ZH) -> str:
        return label(MenteeFate(self.entry["fate"]), language)

    @strawberry.field(description="Mentors who stay, of those in the territory.")
    async def kept(self, info: Info) -> list[Mentor]:
        return await _mentors(info, self.entry["kept"])

    @strawberry.field(description="Mentors who go, of those in the territory.")
    async def ended(self, info: Info) -> list[Mentor]:
        return await _mentors(info, self.entry["ended"])

    @strawberry.field(description="Mentors who come, of those in the territory.")
    async def added(self, info: Info) -> list[Mentor]:
        return await _mentors(info, self.entry["added"])

    @strawberry.field(description="Seats that stay empty.")
    def empty_seat_count(self) -> int:
        return int(self.entry["n_empty"])


@strawberry.type(description="What becomes of a mentor whose links change.")
class MentorChange:
    entry: strawberry.Private[Entry]

    @strawberry.field(description="The mentor; empty when the record is gone.")
    async def mentor(self, info: Info) -> Mentor | None:
        found: Mentor | None = await _mentor(info, self.entry["mentor_id"])
        return found

    @strawberry.field(description="What becomes of the mentor.")
    def fate(self) -> MentorFate:
        return MentorFate(self.entry["fate"])

    @strawberry.field(description="The same in words.")
    def fate_label(self, language: LanguageArgument = Language.ZH) -> str:
        return label(MentorFate(self.entry["fate"]), language)

    @strawberry.field(description="Mentees who stay, of those in the territory.")
    async def kept(self, info: Info) -> list[Mentee]:
        return await _mentees(info, self.entry["kept"])

    @strawberry.field(description="Mentees who go, of those in the territory.")
    async def ended(self, info: Info) -> list[Mentee]:
        return await _mentees(info, self.entry["ended"])

    @strawberry.field(description="Mentees who come, of those in the territory.")
    async def added(self, info: Info) -> list[Mentee]:
        return await _mentees(info, self.entry["added"])

    @strawberry.field(description="Mentees the person could still take.")
    def free_capacity(self) -> int:
        return int(self.entry["free_capacity"])


@strawberry.type(description="What a larger budget of changes would buy.")
class BudgetOffer:
    max_changes: int = strawberry.field(description="Changes that must be allowed.")
    further_seats: int = strawberry.field(description="Seats that can then be filled besides.")


@strawberry.type(
    description="What the plan of a repair changes against the roster in force (补配变动). Counts are of the whole "
    "plan; lists are of the territory."
)
class PlanChanges:
    view: strawberry.Private[RepairView]

    @strawberry.field(description="The budget: most changes beyond the forced ones; empty for any number.")
    def max_changes(self) -> int | None:
        return self.view.row.max_changes

    @strawberry.field(description="Links of the roster in force.")
    def published_link_count(self) -> int:
        return self.view.row.n_published

    @strawberry.field(description="How many of them stay.")
    def kept_link_count(self) -> int:
        return self.view.row.n_kept

    @strawberry.field(description="Links that end, and links that are new.")
    def changed_link_count(self) -> int:
        return self.view.row.n_changed_links

    @strawberry.field(description="Those of them that were not forced.")
    def move_count(self) -> int:
        return self.view.row.n_moves

    @strawberry.field(description="Different people among the changed links.")
    def affected_person_count(self) -> int:
        return self.view.row.n_people_affected

    @strawberry.field(description="Links that end, by mentee, slot and mentor.")
    def ended_links(self, info: Info, first: Most = DEFAULT_PAGE) -> CappedList[EndedLink]:
        return capped(info.context, self.view.ended, first, lambda entry: EndedLink(entry=entry))

    @strawberry.field(description="Links that are new.")
    def added_links(self, info: Info, first: Most = DEFAULT_PAGE) -> CappedList[AddedLink]:
        return capped(info.context, self.view.added, first, lambda entry: AddedLink(entry=entry))

    @strawberry.field(description="Mentees concerned, by 编号.")
    def mentees(self, info: Info, first: Most = DEFAULT_PAGE) -> CappedList[MenteeChange]:
        return capped(info.context, self.view.mentees, first, lambda entry: MenteeChange(entry=entry))

    @strawberry.field(description="Mentors concerned, by 编号.")
    def mentors(self, info: Info, first: Most = DEFAULT_PAGE) -> CappedList[MentorChange]:
        return capped(info.context, self.view.mentors, first, lambda entry: MentorChange(entry=entry))

    @strawberry.field(
        description="What a larger budget would buy, seat by seat; an empty list when none fills another seat, nothing "
        "when a budget was given or a slot cap keeps this from being known."
    )
    def offers(self) -> list[BudgetOffer] | None:
        stored = self.view.row.offers
        return None if stored is None else [BudgetOffer(max_changes=most, further_seats=n) for most, n in stored]
