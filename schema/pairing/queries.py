"""Root queries of pairing."""

import strawberry

from app.access import Permission
from app.reads import constraints
from app.reads import pairing as reads
from schema.context import Info
from schema.enums import OrderDirection
from schema.fields import IdArgument, find_shown
from schema.ids import key_of
from schema.lists import root_list
from schema.paging import Connection, OrderChoice
from schema.pairing.constraint_types import Exclusion, Pin, Preference, RuleRelease
from schema.pairing.inputs import (
    ConstraintOrderBy,
    ExclusionFilterInput,
    MatchPolicyFilterInput,
    MatchPolicyOrderBy,
    MenteeConstraintOrderBy,
    PairingFilterInput,
    PairingOrderBy,
    PairingProgramFilterInput,
    PairingProgramOrderBy,
    PinFilterInput,
    PreferenceFilterInput,
    RuleReleaseFilterInput,
)
from schema.pairing.types import MatchPolicy, Pairing, PairingProgram
from schema.permissions import root_field


@strawberry.type(description="Queries of pairing.")
class PairingQueries:
    pairing_programs: Connection[PairingProgram] | None = root_list(
        Permission.READ,
        reads.PROGRAMS,
        PairingProgramFilterInput,
        PairingProgramOrderBy,
        OrderChoice(order=reads.ProgramOrder.YEAR, direction=OrderDirection.DESC),
        "Pairing programmes (结对项目).",
        which="Which programmes.",
        ordered="newest year first",
    )
    match_policies: Connection[MatchPolicy] | None = root_list(
        Permission.READ,
        reads.POLICIES,
        MatchPolicyFilterInput,
        MatchPolicyOrderBy,
        OrderChoice(order=reads.PolicyOrder.VERSION, direction=OrderDirection.DESC),
        "Versions of match policies (匹配政策).",
        which="Which versions.",
        ordered="newest version first",
    )
    pairings: Connection[Pairing] | None = root_list(
        Permission.READ_OWN,
        reads.PAIRINGS,
        PairingFilterInput,
        PairingOrderBy,
        OrderChoice(order=reads.PairingOrder.MENTEE_CODE),
        "Pairings (结对); mentors and mentees see their own.",
        which="Which pairings.",
        ordered="by 编号 of the mentee",
    )
    pins: Connection[Pin] | None = root_list(
        Permission.READ_PLANS,
        constraints.PINS,
        PinFilterInput,
        MenteeConstraintOrderBy,
        OrderChoice(order=constraints.MenteeConstraintOrder.CREATED_AT),
        "Pairings that must be formed (锁定).",
        which="Which pins.",
        ordered="oldest first",
    )
    rule_releases: Connection[RuleRelease] | None = root_list(
        Permission.READ_PLANS,
        constraints.RULE_RELEASES,
        RuleReleaseFilterInput,
        MenteeConstraintOrderBy,
        OrderChoice(order=constraints.MenteeConstraintOrder.CREATED_AT),
        "Rules released for single mentees.",
        which="Which released rules.",
        ordered="oldest first",
    )
    exclusions: Connection[Exclusion] | None = root_list(
        Permission.READ_PLANS,
        constraints.EXCLUSIONS,
        ExclusionFilterInput,
        ConstraintOrderBy,
        OrderChoice(order=constraints.ConstraintOrder.CREATED_AT, direction=OrderDirection.DESC),
        "Pairs that must not be formed (禁止结对), without whom they concern.",
        which="Which exclusions.",
        ordered="newest first",
    )
    preferences: Connection[Preference] | None = root_list(
        Permission.READ_PLANS,
        constraints.PREFERENCES,
        PreferenceFilterInput,
        ConstraintOrderBy,
        OrderChoice(order=constraints.ConstraintOrder.CREATED_AT),
        "Wishes of people of the territory about others (帮带意愿).",
        which="Which wishes.",
        ordered="oldest first",
    )

    @root_field(Permission.READ, "One programme. Empty when unknown or outside the territory.")
    async def pairing_program(self, info: Info, id: IdArgument) -> PairingProgram | None:
        return await find_shown(info, reads.programs_by_id, key_of(id, "PairingProgram"), PairingProgram)

    @root_field(
        Permission.READ_OWN,
        "One pairing; mentors and mentees see their own. Empty when unknown or outside the territory.",
    )
    async def pairing(self, info: Info, id: IdArgument) -> Pairing | None:
        return await find_shown(info, reads.pairings_by_id, key_of(id, "Pairing"), Pairing)
