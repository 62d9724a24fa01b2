"""Types of places: the five levels of divisions, and the conditions of villages."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from app.models import Division as DivisionRow
from app.models import VillageCondition as VillageConditionRow
from app.models.vocabulary import DivisionKind, DivisionLevel, Terrain, VillageConditionKind
from app.reads import mentors, people, places
from schema.context import Info
from schema.fields import Node, Wrapped, described, label_of

if TYPE_CHECKING:
    from schema.people.mentee_types import AssignedCadre, ReserveCandidate
    from schema.people.mentor_types import DevelopmentNeed, MentorPool


@strawberry.interface(description="An administrative division (行政区划) in one period of validity.")
class Division(Node):
    row: strawberry.Private[DivisionRow]

    code: str = described("The 12-digit statistical division code.")
    name: str = described("Official name.")
    level: DivisionLevel = described("Level.")
    level_label: str = label_of("level")
    kind: DivisionKind = described("What it is called locally.")
    kind_label: str = label_of("kind")
    local_label: str = described("The local word for it: 街道, 镇, 乡, 苏木, 村, 嘎查, 社区.")
    display_order: int = described("Position in the official order (建制顺序).")
    valid_from: date = described("First day of validity.")
    valid_to: date | None = described("Last day of validity; empty while it exists.")

    @strawberry.field(description="The division one level up; empty at the top, or when it may not be seen.")
    async def parent(self, info: Info) -> Annotated["Division", strawberry.lazy("schema.places.types")] | None:
        return await load_division(info, self.row.parent_id)


def division_of(row: DivisionRow) -> Division:
    """The division as the type of its level."""
    return TYPE_BY_LEVEL[row.level].of(row)


async def load_division(info: Info, key: UUID | None) -> Division | None:
    """The division of a key, if the viewer may see it."""
    row = None if key is None else await info.context.find(places.divisions_by_id, key)
    return None if row is None else division_of(row)


async def _children(info: Info, key: UUID) -> list[Any]:
    return [division_of(row) for row in await info.context.get(places.children_by_parent, key)]


@strawberry.type(description="A condition of a village for a period, such as 软弱涣散 or 集体经济薄弱.")
class VillageCondition(Node):
    row: strawberry.Private[VillageConditionRow]

    kind: VillageConditionKind = described("Which condition.")
    kind_label: str = label_of("kind")
    start_date: date = described("First day.")
    end_date: date | None = described("Last day; empty while it holds.")

    @strawberry.field(description="The village.")
    async def village(self, info: Info) -> Annotated["Village", strawberry.lazy("schema.places.types")] | None:
        row = await info.context.find(places.divisions_by_id, self.row.village_id)
        return Village.of_optional(row)


@strawberry.type(description="A village (村、嘎查、社区).")
class Village(Division):
    urban_rural_class: str | None = described("Three-digit urban-rural class of the statistical code list.")

    @strawberry.field(description="Its conditions, newest first.")
    async def conditions(self, info: Info) -> list[VillageCondition]:
        return VillageCondition.of_all(await info.context.get(places.conditions_by_village, self.row.id))

    @strawberry.field(description="Reserve candidates (后备力量) who serve here.")
    async def reserve_candidates(
        self, info: Info
    ) -> list[Annotated["ReserveCandidate", strawberry.lazy("schema.people.mentee_types")]]:
        from schema.people.mentee_types import ReserveCandidate

        return ReserveCandidate.of_all(await info.context.get(people.candidates_by_village, self.row.id))

    @strawberry.field(description="Officials assigned to it (选派干部).")
    async def assigned_cadres(
        self, info: Info
    ) -> list[Annotated["AssignedCadre", strawberry.lazy("schema.people.mentee_types")]]:
        from schema.people.mentee_types import AssignedCadre

        return AssignedCadre.of_all(await info.context.get(people.assigned_by_village, self.row.id))

    @strawberry.field(description="Fields in which the village needs help, heaviest first.")
    async def needs(
        self, info: Info
    ) -> list[Annotated["DevelopmentNeed", strawberry.lazy("schema.people.mentor_types")]]:
        from schema.people.mentor_types import DevelopmentNeed

        return DevelopmentNeed.of_all(await info.context.get(people.needs_by_village, self.row.id))


@strawberry.type(description="A township (乡、镇、苏木、街道).")
class Township(Division):
    @strawberry.field(description="Its villages in official order.")
    async def villages(self, info: Info) -> list[Village]:
        return await _children(info, self.row.id)

    @strawberry.field(description="Its mentor pools (帮带导师库).")
    async def mentor_pools(
        self, info: Info
    ) -> list[Annotated["MentorPool", strawberry.lazy("schema.people.mentor_types")]]:
        return await _pools(info, self.row.id)


@strawberry.type(description="A county (县、市、区、旗).")
class County(Division):
    terrain: Terrain | None = described("Terrain, which decides estimated travel times.")
    terrain_label: str | None = label_of("terrain")

    @strawberry.field(description="Its townships in official order.")
    async def townships(self, info: Info) -> list[Township]:
        return await _children(info, self.row.id)

    @strawberry.field(description="The county's own mentor pools; those of townships stand there.")
    async def mentor_pools(
        self, info: Info
    ) -> list[Annotated["MentorPool", strawberry.lazy("schema.people.mentor_types")]]:
        return await _pools(info, self.row.id)


@strawberry.type(description="A prefecture (市、州、盟).")
class Prefecture(Division):
    @strawberry.field(description="Its counties in official order.")
    async def counties(self, info: Info) -> list[County]:
        return await _children(info, self.row.id)


@strawberry.type(description="A province (省、自治区、直辖市).")
class Province(Division):
    @strawberry.field(description="Its prefectures in official order.")
    async def prefectures(self, info: Info) -> list[Prefecture]:
        return await _children(info, self.row.id)


async def _pools(info: Info, key: UUID) -> list[Any]:
    from schema.people.mentor_types import MentorPool

    return MentorPool.of_all(await info.context.get(places.pools_by_division, key))


TYPE_BY_LEVEL: dict[DivisionLevel, type[Division]] = {
    DivisionLevel.PROVINCE: Province,
    DivisionLevel.PREFECTURE: Prefecture,
    DivisionLevel.COUNTY: County,
    DivisionLevel.TOWNSHIP: Township,
    DivisionLevel.VILLAGE: Village,
}
