"""Small made-up places and valid personal numbers for tests; nothing here comes from real people."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from app.access import Viewer, viewer_for_division
from app.models import Division
from app.models.vocabulary import DivisionKind, DivisionLevel, Role
from app.services.people.identity import id_number_check_character


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """One county with two townships of two villages each, and a village of another county."""

    province: Division
    prefecture: Division
    county: Division
    banqiao: Division
    tangtou: Division
    guihua: Division
    dongxin: Division
    qinggang: Division
    other_guihua: Division
    foreign_county: Division
    foreign_village: Division

    def officer(self, session: Session, role: Role = Role.COUNTY_ADMIN, *, of: Division | None = None) -> Viewer:
        """A viewer of the county, or of another division."""
        return viewer_for_division(session, subject="officer", role=role, division=of or self.county)


def make_division(
    session: Session,
    code: str,
    name: str,
    level: DivisionLevel,
    *,
    parent: Division | None = None,
    kind: DivisionKind | None = None,
    valid_to: date | None = None,
) -> Division:
    """Store one division under its parent."""
    county = parent if parent is not None and parent.level is DivisionLevel.COUNTY else None
    division = Division(
        code=code,
        name=name,
        level=level,
        kind=kind or DivisionKind(level.value),
        local_label=name[-1],
        parent_id=parent.id if parent else None,
        county_id=county.id if county else parent.county_id if parent else None,
        display_order=int(code[-3:]),
        valid_from=date(2020, 1, 1),
        valid_to=valid_to,
        created_by="test",
        updated_by="test",
    )
    if level is DivisionLevel.COUNTY:
        division.county_id = division.id
    session.add(division)
    session.flush()
    return division


def make_places(session: Session) -> Places:
    """Store the made-up county of the tests; 桂花村 exists in both townships."""
    province = make_division(session, "520000000000", "贵州省", DivisionLevel.PROVINCE)
    prefecture = make_division(session, "520600000000", "铜仁市", DivisionLevel.PREFECTURE, parent=province)
    county = make_division(session, "520624000000", "思南县", DivisionLevel.COUNTY, parent=prefecture)
    foreign_county = make_division(session, "520621000000", "江口县", DivisionLevel.COUNTY, parent=prefecture)
    town = DivisionKind.TOWN
    banqiao = make_division(session, "520624101000", "板桥镇", DivisionLevel.TOWNSHIP, parent=county, kind=town)
    tangtou = make_division(session, "520624102000", "塘头镇", DivisionLevel.TOWNSHIP, parent=county, kind=town)
    foreign = make_division(session, "520621101000", "太平镇", DivisionLevel.TOWNSHIP, parent=foreign_county, kind=town)
    village = DivisionLevel.VILLAGE
    return Places(
        province=province,
        prefecture=prefecture,
        county=county,
        banqiao=banqiao,
        tangtou=tangtou,
        guihua=make_division(session, "520624101201", "桂花村", village, parent=banqiao),
        dongxin=make_division(session, "520624101202", "垌心村民委员会", village, parent=banqiao),
        qinggang=make_division(session, "520624102201", "青杠坝村", village, parent=tangtou),
        other_guihua=make_division(session, "520624102202", "桂花村", village, parent=tangtou),
        foreign_county=foreign_county,
        foreign_village=make_division(session, "520621101201", "梵净山村", village, parent=foreign),
    )


def id_number(birth: date, sequence: int = 1, *, area: str = "520624") -> str:
    """A made-up ID number with a right check character; an odd ``sequence`` stands for a man."""
    first_17 = f"{area}{birth:%Y%m%d}{sequence:03d}"
    return first_17 + id_number_check_character(first_17)
