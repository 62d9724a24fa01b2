"""Types of pairing: programmes, policies, what officers fixed by hand, pairings and their members."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.access import Permission
from app.models import Exclusion as ExclusionRow
from app.models import MatchPolicy as MatchPolicyRow
from app.models import Pairing as PairingRow
from app.models import PairingMember as PairingMemberRow
from app.models import PairingProgram as PairingProgramRow
from app.models import Pin as PinRow
from app.models import Preference as PreferenceRow
from app.models import ProgramSlot as ProgramSlotRow
from app.models import RuleRelease as RuleReleaseRow
from app.models.vocabulary import MemberEndReason, MenteeKind, PairingMemberState, PairingState, ProgramKind
from app.reads import mentors, pairing, people, places, rosters
from app.reads import runs as run_reads
from schema.context import Info
from schema.fields import Node, Wrapped, described, label_of, many, one, show
from schema.paging import After, Before, Connection, First, Last, OrderChoice, Paging, connect_nested
from schema.pairing.inputs import PairingFilterInput, PairingOrderBy
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.people.types import Person
from schema.places.types import Division
from schema.scalars import Json

if TYPE_CHECKING:
    from schema.rosters.types import Roster
    from schema.runs.types import MatchPlan, MatchRun

RESTRICTED_END_REASONS = frozenset({MemberEndReason.DISCIPLINE, MemberEndReason.HEALTH})
"""Reasons of privacy class A: this release never tells them."""


@strawberry.type(description="One mentor slot of a programme (帮带岗位).")
class ProgramSlot(Wrapped, shows=ProgramSlotRow):
    row: strawberry.Private[ProgramSlotRow]

    position: int = described("Place among the slots, from 1.")
    code: str = described("Code, for example TOWNSHIP_MENTOR.")
    name: str = described("Name on forms.")
    duties: str | None = described("Duties.")


@strawberry.type(description="One version of a programme's match policy; immutable (匹配政策).")
class MatchPolicy(Node, shows=MatchPolicyRow):
    row: strawberry.Private[MatchPolicyRow]

    policy_version: int = described("Version within the programme, from 1.")
    content: Json = described("The policy: every option with its value.")
    fingerprint: str = described("SHA-256 of the content.")
    note: str | None = described("Why this version was made.")
    created_at: datetime = described("Instant at which it was made, UTC.")
    created_by: str = described("Who made it.")
    program: Annotated["PairingProgram", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.programs_by_id, "program_id", "The programme."
    )


@strawberry.type(description="One mentor in one slot of one pairing (帮带关系).")
class PairingMember(Node, shows=PairingMemberRow):
    row: strawberry.Private[PairingMemberRow]

    slot_code: str = described("The slot.")
    state: PairingMemberState = described("State.")
    state_label: str = label_of("state")
    start_date: date = described("First day.")
    end_date: date | None = described("Last day; empty while it runs.")
    pairing: Annotated["Pairing", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.pairings_by_id, "pairing_id", "The pairing."
    )
    mentor: Mentor | None = one(
        mentors.mentors_by_id, "mentor_id", "The mentor; empty when the person's file lies outside the territory."
    )

    @strawberry.field(description="Why the mentor left; not told when it concerns discipline or health.")
    def end_reason(self) -> MemberEndReason | None:
        reason = self.row.end_reason
        return None if reason in RESTRICTED_END_REASONS else reason

    @strawberry.field(description="Name of the mentor: all that the other side of a pairing may see.")
    async def mentor_name(self, info: Info) -> str | None:
        return await info.context.find(pairing.mentor_names_by_member, self.key)


@strawberry.type(description="One mentee and its mentors in one programme (结对).")
class Pairing(Node, shows=PairingRow):
    row: strawberry.Private[PairingRow]

    state: PairingState = described("State.")
    state_label: str = label_of("state")
    start_date: date = described("First day of the period.")
    end_date: date = described("Last day of the period.")
    agreement_no: str | None = described("Number of the mentoring agreement.")
    version: int = described("Grows with every change.")
    program: Annotated["PairingProgram", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.programs_by_id, "program_id", "The programme."
    )
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_id", "Who is mentored.")
    members: list[PairingMember] = many(pairing.members_by_pairing, "The mentors, by slot, former ones included.")
    plan: Annotated["MatchPlan", strawberry.lazy("schema.runs.types")] | None = one(
        run_reads.plans_by_id, "plan_id", "The plan that made the pairing.", permission=Permission.READ_PLANS
    )

    @strawberry.field(description="Name of the mentee: all that the other side of a pairing may see.")
    async def mentee_name(self, info: Info) -> str | None:
        return await info.context.find(pairing.mentee_names_by_pairing, self.key)


@strawberry.type(description="A pairing that must be formed (锁定).")
class Pin(Node, shows=PinRow):
    row: strawberry.Private[PinRow]

    slot_code: str | None = described("The slot; empty for any.")
    reason: str = described("Why.")
    created_at: datetime = described("Instant at which it was set, UTC.")
    created_by: str = described("Who set it.")
    program: Annotated["PairingProgram", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.programs_by_id, "program_id", "The programme."
    )
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_id", "Who is mentored.")
    mentor: Mentor | None = one(mentors.mentors_by_id, "mentor_id", "The mentor.")


@strawberry.type(description="A rule released for one mentee of one programme, with a reason.")
class RuleRelease(Node, shows=RuleReleaseRow):
    row: strawberry.Private[RuleReleaseRow]

    rule: str = described("The released rule.")
    reason: str = described("Why.")
    created_at: datetime = described("Instant of the release, UTC.")
    created_by: str = described("Who released it.")
    program: Annotated["PairingProgram", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.programs_by_id, "program_id", "The programme."
    )
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_id", "For whom.")


@strawberry.type(description="A pair that must not be formed (禁止结对). Whom it concerns and why is not shown.")
class Exclusion(Node, shows=ExclusionRow):
    row: strawberry.Private[ExclusionRow]

    created_at: datetime = described("Instant at which it was entered, UTC.")


@strawberry.type(description="A wish of one person about another (帮带意愿). Its reason is not shown.")
class Preference(Node, shows=PreferenceRow):
    row: strawberry.Private[PreferenceRow]

    rank: int = described("1 to 3 for first to third choice, 0 for a veto.")
    approved_by: str | None = described("Who approved a veto.")
    from_person: Person | None = one(people.persons_by_id, "from_person_id", "Who wishes.")
    to_person: Person | None = one(people.persons_by_id, "to_person_id", "About whom.")


@strawberry.type(description="One pairing programme of a county or prefecture in one year (结对项目).")
class PairingProgram(Node, shows=PairingProgramRow):
    row: strawberry.Private[PairingProgramRow]

    kind: ProgramKind = described("Shape.")
    kind_label: str = label_of("kind")
    mentee_kind: MenteeKind = described("Who is mentored.")
    mentee_kind_label: str = label_of("mentee_kind")
    name: str = described("Name.")
    year: int = described("Year.")
    start_date: date = described("First day of the period.")
    end_date: date = described("Last day of the period.")
    reference_date: date = described("Day on which ages and years of service are counted.")
    document_no: str | None = described("Number of the document that orders the programme.")
    version: int = described("Grows with every change.")
    division: Division | None = one(places.divisions_by_id, "division_id", "The county or prefecture it is for.")
    slots: list[ProgramSlot] = many(
        pairing.slots_by_program, "Its mentor slots in order; they define how many mentors."
    )
    policies: list[MatchPolicy] = many(pairing.policies_by_program, "Its policy versions, newest first.")
    runs: list[Annotated["MatchRun", strawberry.lazy("schema.runs.types")]] | None = many(
        run_reads.runs_by_program, "Its runs, newest first.", permission=Permission.READ_PLANS
    )
    published_plan: Annotated["MatchPlan", strawberry.lazy("schema.runs.types")] | None = one(
        run_reads.published_plan_by_program, "key", "The plan in force.", permission=Permission.READ_PLANS
    )
    pins: list[Pin] | None = many(pairing.pins_by_program, "Its pins.", permission=Permission.READ_PLANS)
    rule_releases: list[RuleRelease] | None = many(
        pairing.releases_by_program, "Its released rules.", permission=Permission.READ_PLANS
    )
    rosters: list[Annotated["Roster", strawberry.lazy("schema.rosters.types")]] = many(
        rosters.rosters_by_program, "Its roster versions, newest first."
    )

    @strawberry.field(description="Its pairings.")
    async def pairings(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[PairingFilterInput | None, strawberry.argument(description="Which pairings.")] = None,
        order_by: Annotated[
            PairingOrderBy | None, strawberry.argument(description="Order; by 编号 of the mentee unless stated.")
        ] = None,
    ) -> Connection[Pairing]:
        return await connect_nested(
            info.context,
            pairing.PAIRINGS,
            self.key,
            filter.filters() if filter else pairing.PairingFilter(),
            order_by.choice() if order_by else OrderChoice(order=pairing.PairingOrder.MENTEE_CODE),
            Paging(first=first, after=after, last=last, before=before),
            show,
        )
