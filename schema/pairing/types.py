"""Types of pairing: programmes, policies, pairings and their members."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.access import Permission
from app.labels.pairing import TOLD_END_REASONS
from app.models import MatchPolicy as MatchPolicyRow
from app.models import Pairing as PairingRow
from app.models import PairingMember as PairingMemberRow
from app.models import PairingProgram as PairingProgramRow
from app.models import ProgramSlot as ProgramSlotRow
from app.models.columns import Pii
from app.models.vocabulary import MemberEndReason, MenteeKind, PairingMemberState, PairingState, ProgramKind
from app.reads import constraints, mentors, pairing, people, places, rosters
from app.reads import runs as run_reads
from schema.context import Info
from schema.enums import OrderDirection
from schema.fields import Node, Wrapped, described, label_of, many, one
from schema.lists import nested_list
from schema.paging import Connection, OrderChoice
from schema.pairing.constraint_types import Pin, RuleRelease
from schema.pairing.inputs import (
    MatchPolicyFilterInput,
    MatchPolicyOrderBy,
    MenteeConstraintOrderBy,
    PairingFilterInput,
    PairingOrderBy,
    PinFilterInput,
    RuleReleaseFilterInput,
)
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.personal import personal
from schema.places.types import Division
from schema.rosters.inputs import RosterFilterInput, RosterOrderBy
from schema.runs.inputs import MatchPlanFilterInput, MatchPlanOrderBy, MatchRunFilterInput, MatchRunOrderBy
from schema.scalars import Json

if TYPE_CHECKING:
    from schema.rosters.types import Roster
    from schema.runs.types import MatchPlan, MatchRun


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

    restricted_end_reason: MemberEndReason | None = personal(
        Pii.RESTRICTED, "end_reason", "Why the mentor left, discipline and health included (class A)."
    )
    note: str | None = personal(
        Pii.RESTRICTED, "note_encrypted", "Remark on the end of the service (class A).", is_encrypted=True
    )

    @strawberry.field(
        description="Why the mentor left, where that says nothing of the person: the period or the programme ended, "
        "the pairing was replaced, the mentee left. All other reasons are empty alike."
    )
    def end_reason(self) -> MemberEndReason | None:
        reason = self.row.end_reason
        return reason if reason in TOLD_END_REASONS else None

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
    policies: Connection[MatchPolicy] = nested_list(
        pairing.POLICIES,
        MatchPolicyFilterInput,
        MatchPolicyOrderBy,
        OrderChoice(order=pairing.PolicyOrder.VERSION, direction=OrderDirection.DESC),
        "Its policy versions.",
        which="Which versions.",
        ordered="newest version first",
    )
    runs: Connection[Annotated["MatchRun", strawberry.lazy("schema.runs.types")]] | None = nested_list(
        run_reads.MATCH_RUNS,
        MatchRunFilterInput,
        MatchRunOrderBy,
        OrderChoice(order=run_reads.RunOrder.CREATED_AT, direction=OrderDirection.DESC),
        "Its runs.",
        which="Which runs.",
        ordered="newest first",
        permission=Permission.READ_PLANS,
    )
    plans: Connection[Annotated["MatchPlan", strawberry.lazy("schema.runs.types")]] | None = nested_list(
        run_reads.MATCH_PLANS,
        MatchPlanFilterInput,
        MatchPlanOrderBy,
        OrderChoice(order=run_reads.PlanOrder.CREATED_AT, direction=OrderDirection.DESC),
        "The plans of its runs.",
        which="Which plans.",
        ordered="newest first",
        permission=Permission.READ_PLANS,
    )
    published_plan: Annotated["MatchPlan", strawberry.lazy("schema.runs.types")] | None = one(
        run_reads.published_plan_by_program, "key", "The plan in force.", permission=Permission.READ_PLANS
    )
    pins: Connection[Pin] | None = nested_list(
        constraints.PINS,
        PinFilterInput,
        MenteeConstraintOrderBy,
        OrderChoice(order=constraints.MenteeConstraintOrder.CREATED_AT),
        "Its pins.",
        which="Which pins.",
        ordered="oldest first",
        permission=Permission.READ_PLANS,
    )
    rule_releases: Connection[RuleRelease] | None = nested_list(
        constraints.RULE_RELEASES,
        RuleReleaseFilterInput,
        MenteeConstraintOrderBy,
        OrderChoice(order=constraints.MenteeConstraintOrder.CREATED_AT),
        "Its released rules.",
        which="Which released rules.",
        ordered="oldest first",
        permission=Permission.READ_PLANS,
    )
    rosters: Connection[Annotated["Roster", strawberry.lazy("schema.rosters.types")]] = nested_list(
        rosters.ROSTERS,
        RosterFilterInput,
        RosterOrderBy,
        OrderChoice(order=rosters.RosterOrder.VERSION, direction=OrderDirection.DESC),
        "Its roster versions.",
        which="Which rosters.",
        ordered="newest version first",
    )
    pairings: Connection[Pairing] = nested_list(
        pairing.PAIRINGS,
        PairingFilterInput,
        PairingOrderBy,
        OrderChoice(order=pairing.PairingOrder.MENTEE_CODE),
        "Its pairings.",
        which="Which pairings.",
        ordered="by 编号 of the mentee",
    )
