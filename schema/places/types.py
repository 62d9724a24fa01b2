"""Types of places: the five levels of divisions, and the conditions of villages."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.models import Division as DivisionRow
from app.models import VillageCondition as VillageConditionRow
from app.models.vocabulary import DivisionKind, DivisionLevel, Terrain, VillageConditionKind
from app.reads import people, places
from schema.fields import SHOWN, Node, Wrapped, described, label_of, many, one
from schema.lists import nested_list
from schema.paging import Connection, OrderChoice
from schema.people.inputs import AssignedCadreFilterInput, MenteeOrderBy, ReserveCandidateFilterInput

if TYPE_CHECKING:
    from schema.people.mentee_types import AssignedCadre, DevelopmentNeed, ReserveCandidate
    from schema.people.mentor_types import MentorPool


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
    parent: Annotated["Division", strawberry.lazy("schema.places.types")] | None = one(
        places.divisions_by_id, "parent_id", "The division one level up; empty at the top, or when it may not be seen."
    )


@strawberry.type(description="A condition of a village for a period, such as 软弱涣散 or 集体经济薄弱.")
class VillageCondition(Wrapped, shows=VillageConditionRow):
    row: strawberry.Private[VillageConditionRow]

    kind: VillageConditionKind = described("Which condition.")
    kind_label: str = label_of("kind")
    start_date: date = described("First day.")
    end_date: date | None = described("Last day; empty while it holds.")
    village: Annotated["Village", strawberry.lazy("schema.places.types")] | None = one(
        places.divisions_by_id, "village_id", "The village."
    )


@strawberry.type(description="A village (村、嘎查、社区).")
class Village(Division):
    urban_rural_class: str | None = described("Three-digit urban-rural class of the statistical code list.")
    conditions: list[VillageCondition] = many(places.conditions_by_village, "Its conditions, newest first.")
    reserve_candidates: Connection[Annotated["ReserveCandidate", strawberry.lazy("schema.people.mentee_types")]] = (
        nested_list(
            people.RESERVE_CANDIDATES,
            ReserveCandidateFilterInput,
            MenteeOrderBy,
            OrderChoice(order=people.MenteeOrder.CODE),
            "Reserve candidates (后备力量) who serve here, former ones included.",
            which="Which candidates.",
            ordered="by 编号",
        )
    )
    assigned_cadres: Connection[Annotated["AssignedCadre", strawberry.lazy("schema.people.mentee_types")]] = (
        nested_list(
            people.ASSIGNED_CADRES,
            AssignedCadreFilterInput,
            MenteeOrderBy,
            OrderChoice(order=people.MenteeOrder.CODE),
            "Officials assigned to it (选派干部), former ones included.",
            which="Which assigned cadres.",
            ordered="by 编号",
        )
    )
    needs: list[Annotated["DevelopmentNeed", strawberry.lazy("schema.people.mentee_types")]] = many(
        people.needs_by_village, "Fields in which the village needs help, heaviest first."
    )


@strawberry.type(description="A township (乡、镇、苏木、街道).")
class Township(Division):
    villages: list[Village] = many(places.children_by_parent, "Its villages in official order.")
    mentor_pools: list[Annotated["MentorPool", strawberry.lazy("schema.people.mentor_types")]] = many(
        places.pools_by_division, "Its mentor pools (帮带导师库)."
    )


@strawberry.type(description="A county (县、市、区、旗).")
class County(Division):
    terrain: Terrain | None = described("Terrain, which decides estimated travel times.")
    terrain_label: str | None = label_of("terrain")
    townships: list[Township] = many(places.children_by_parent, "Its townships in official order.")
    mentor_pools: list[Annotated["MentorPool", strawberry.lazy("schema.people.mentor_types")]] = many(
        places.pools_by_division, "The county's own mentor pools; those of townships stand there."
    )


@strawberry.type(description="A prefecture (市、州、盟).")
class Prefecture(Division):
    counties: list[County] = many(places.children_by_parent, "Its counties in official order.")


@strawberry.type(description="A province (省、自治区、直辖市).")
class Province(Division):
    prefectures: list[Prefecture] = many(places.children_by_parent, "Its prefectures in official order.")


TYPE_BY_LEVEL: dict[DivisionLevel, type[Division]] = {
    DivisionLevel.PROVINCE: Province,
    DivisionLevel.PREFECTURE: Prefecture,
    DivisionLevel.COUNTY: County,
    DivisionLevel.TOWNSHIP: Township,
    DivisionLevel.VILLAGE: Village,
}


def _show_division(row: Any) -> Division:
    return TYPE_BY_LEVEL[row.level].of(row)


SHOWN[DivisionRow] = _show_division
