"""Fetching any object again by its global id."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import strawberry

from app.access import Permission
from app.errors import InvalidInputError
from app.reads import audit, constraints, imports, mentors, pairing, people, places, rosters, runs, users
from schema.context import Info
from schema.fields import IdArgument, Node, show
from schema.ids import decode_id
from schema.people.types import Cadre
from schema.permissions import root_field

MAX_NODES = 100

_DIVISIONS = (Permission.READ, places.divisions_by_id)
_MENTEES = (Permission.READ_OWN, people.mentees_by_id)
READ_BY_TYPE: dict[str, tuple[Permission, Callable[..., Any]]] = {
    "Province": _DIVISIONS,
    "Prefecture": _DIVISIONS,
    "County": _DIVISIONS,
    "Township": _DIVISIONS,
    "Village": _DIVISIONS,
    "Person": (Permission.READ_OWN, people.persons_by_id),
    "Cadre": (Permission.READ_OWN, people.cadres_by_id),
    "ReserveCandidate": _MENTEES,
    "AssignedCadre": _MENTEES,
    "User": (Permission.READ_OWN, users.users_by_id),
    "Office": (Permission.READ_OWN, users.offices_by_id),
    "ApiToken": (Permission.READ_OWN, users.tokens_by_id),
    "ReservePool": (Permission.READ, people.reserve_pools_by_id),
    "MentorPool": (Permission.READ, mentors.pools_by_id),
    "Mentor": (Permission.READ_OWN, mentors.mentors_by_id),
    "PairingProgram": (Permission.READ, pairing.programs_by_id),
    "MatchPolicy": (Permission.READ, pairing.policies_by_id),
    "Pairing": (Permission.READ_OWN, pairing.pairings_by_id),
    "PairingMember": (Permission.READ_OWN, pairing.members_by_id),
    "Pin": (Permission.READ_PLANS, constraints.pins_by_id),
    "RuleRelease": (Permission.READ_PLANS, constraints.releases_by_id),
    "Exclusion": (Permission.READ_PLANS, constraints.exclusions_by_id),
    "Preference": (Permission.READ_PLANS, constraints.preferences_by_id),
    "MatchRun": (Permission.READ_PLANS, runs.runs_by_id),
    "MatchPlan": (Permission.READ_PLANS, runs.plans_by_id),
    "PlanAdjustment": (Permission.READ_PLANS, runs.adjustments_by_id),
    "PlanItem": (Permission.READ_PLANS, runs.items_by_id),
    "Shortfall": (Permission.READ_PLANS, runs.shortfalls_by_id),
    "ImportBatch": (Permission.EDIT_PEOPLE, imports.batches_by_id),
    "ImportIssue": (Permission.EDIT_PEOPLE, imports.issues_by_id),
    "ImportRow": (Permission.EDIT_PEOPLE, imports.rows_by_id),
    "ImportMapping": (Permission.EDIT_PEOPLE, imports.mappings_by_id),
    "Roster": (Permission.READ, rosters.rosters_by_id),
    "RosterEntry": (Permission.READ, rosters.entries_by_id),
    "ExportJob": (Permission.READ, rosters.exports_by_id),
    "AuditEvent": (Permission.READ_AUDIT, audit.events_by_id),
}
"""How an object of each type is read again, and who may; a test holds it to the types of the schema."""


async def find_node(info: Info, id: str) -> Node | None:
    """The object of a global id; nothing when it is unknown, of another type, or may not be seen."""
    type_name, key = decode_id(id)
    permission, read = READ_BY_TYPE.get(type_name, (None, None))
    if permission is None or read is None or not info.context.viewer.may(permission):
        return None
    row = await info.context.find(read, key)
    node: Node | None = Cadre.of(row) if row is not None and type_name == "Cadre" else show(row)
    return node if type(node).__name__ == type_name else None


@strawberry.type(description="Queries of any object.")
class NodeQueries:
    @root_field(Permission.READ_OWN, "Any object by its id. Empty when unknown or outside the territory.")
    async def node(self, info: Info, id: IdArgument) -> Node | None:
        return await find_node(info, id)

    @root_field(Permission.READ_OWN, "Up to 100 objects by their ids, in the same order, empty where there is none.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Ids as queries returned them.")],
    ) -> list[Node | None]:
        if len(ids) > MAX_NODES:
            raise InvalidInputError(
                f"At most {MAX_NODES} ids at once; these are {len(ids)}.",
                f"一次最多 {MAX_NODES} 个 id，当前为 {len(ids)} 个。",
                path=["ids"],
            )
        return list(await asyncio.gather(*(find_node(info, id) for id in ids)))
