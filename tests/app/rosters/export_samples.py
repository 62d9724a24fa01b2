"""Rosters for the tests of the export: contents as publication writes them, and the rows around them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session

from app.access import Viewer, viewer_for_division
from app.models import Division, Mentee, PairingProgram, Person, Roster, RosterEntry
from app.models.vocabulary import (
    DivisionKind,
    DivisionLevel,
    MenteeKind,
    ProgramKind,
    Role,
    RosterState,
)

NOW = datetime(2025, 3, 15, 2, 30, tzinfo=UTC)
TITLE = "铜仁市2025年村级后备力量“2+1”结对帮带花名册"
HEADER: dict[str, Any] = {
    "title": TITLE,
    "unit": "中共铜仁市委组织部",
    "date": "2025年3月15日",
    "reference_date": "2025年3月1日",
    "document_no": None,
    "slots": [
        {"code": "TOWNSHIP_MENTOR", "name": "帮带干部（一）"},
        {"code": "VILLAGE_MENTOR", "name": "帮带干部（二）"},
    ],
}
ONE_TO_ONE_HEADER: dict[str, Any] = HEADER | {
    "title": "浮山县2025年选派干部导师帮带花名册",
    "unit": "中共浮山县委组织部",
    "slots": [{"code": "FIRST_MENTOR", "name": "帮带导师"}],
}
_UNITS = (
    "板桥镇党建工作办公室主任",
    "中共思南县板桥镇委员会副书记、镇人民政府镇长，兼任镇综合行政执法大队大队长",
    "桂花村党支部书记、村民委员会主任",
    "思南县农业农村局产业发展科（乡村振兴服务中心）高级农艺师",
)
_NAMES = ("田维军", "杨秀芝", "冉光明", "安毅", "阿不都·买买提", "欧阳建国")


def mentor(slot: str, number: int) -> dict[str, Any]:
    return {
        "slot": slot,
        "code": f"520624-{number:05d}",
        "name": _NAMES[number % len(_NAMES)],
        "unit_and_post": _UNITS[number % len(_UNITS)],
        "category": "乡镇干部",
        "phone": f"139****{number % 10000:04d}",
        "specialties": "党建、矛盾调解",
    }


def content(number: int, *, note: str = "", shortfall: tuple[str, ...] | None = None) -> dict[str, Any]:
    """The content of one entry of the 2+1 roster; ``shortfall`` leaves the second seat empty."""
    second = mentor("VILLAGE_MENTOR", 20_000 + number)
    if shortfall is not None:
        second = {"slot": "VILLAGE_MENTOR", "shortfall": list(shortfall)}
    return {
        "township": "板桥镇" if number < 30 else "张家寨土家族苗族乡",
        "village": f"桂花{number % 7 + 1}村",
        "village_code": "520624100201",
        "mentee": {
            "code": f"520624-{number:05d}",
            "name": _NAMES[(number + 1) % len(_NAMES)],
            "sex": "男" if number % 3 else "女",
            "ethnicity": "土家族",
            "birth": "1990.06",
            "education": "大专",
            "political_status": "中共党员" if number % 4 else "中共预备党员",
            "target_post": "村党组织书记",
            "phone": f"138****{number % 10000:04d}",
        },
        "mentors": [mentor("TOWNSHIP_MENTOR", 10_000 + number), second],
        "period": "2025.03-2026.02",
        "note": note,
    }


def one_to_one_content(number: int) -> dict[str, Any]:
    """The content of one entry of the one-to-one roster."""
    entry = content(number)
    entry["mentee"] |= {
        "unit_and_post": "浮山县自然资源局不动产登记中心副主任",
        "sending_unit": "浮山县自然资源局",
        "assigned_from": "2024.05",
    }
    entry["mentors"] = [mentor("FIRST_MENTOR", 10_000 + number)]
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """A prefecture with two counties and the roster of a programme over all of it."""

    prefecture: Division
    county: Division
    other_county: Division
    roster_id: UUID

    def viewer(self, session: Session, division: Division, role: Role = Role.COUNTY_ADMIN) -> Viewer:
        return viewer_for_division(session, subject="思南县组织科", role=role, division=division)


def _division(session: Session, code: str, name: str, level: DivisionLevel, kind: DivisionKind, **ids: Any) -> Division:
    division = Division(
        code=code,
        name=name,
        level=level,
        kind=kind,
        local_label=name[-1],
        display_order=int(code[:6]),
        valid_from=date(2020, 1, 1),
        created_by="test",
        updated_by="test",
        **ids,
    )
    session.add(division)
    session.flush()
    return division


def store_territory(
    session: Session,
    contents: list[dict[str, Any]],
    other_contents: list[dict[str, Any]],
    *,
    state: RosterState = RosterState.PUBLISHED,
    header: dict[str, Any] = HEADER,
) -> Territory:
    """Divisions, programme, roster, and one entry with its mentee per content, the first county's rows first."""
    by = {"created_by": "test", "updated_by": "test"}
    prefecture = _division(session, "520600000000", "铜仁市", DivisionLevel.PREFECTURE, DivisionKind.PREFECTURE)
    counties = [
        _division(session, code, name, DivisionLevel.COUNTY, DivisionKind.COUNTY, parent_id=prefecture.id)
        for code, name in (("520624000000", "思南县"), ("520621000000", "江口县"))
    ]
    program = PairingProgram(
        division_id=prefecture.id,
        kind=ProgramKind.TWO_PLUS_ONE,
        mentee_kind=MenteeKind.RESERVE_CANDIDATE,
        name="“2+1”结对帮带",
        year=2025,
        start_date=date(2025, 3, 1),
        end_date=date(2026, 2, 28),
        reference_date=date(2025, 3, 1),
        **by,
    )
    session.add(program)
    session.flush()
    roster = Roster(
        program_id=program.id,
        roster_version=1,
        kind=program.kind,
        state=state,
        title=header["title"],
        published_at=NOW,
        header=header,
        checksum="0" * 64,
        **by,
    )
    session.add(roster)
    session.flush()
    position = 0
    for county, rows in zip(counties, (contents, other_contents), strict=True):
        for row in rows:
            position += 1
            person = Person(
                id=uuid4(),
                county_id=county.id,
                code=f"{county.code[:6]}-{position:05d}",
                division_id=county.id,
                name=row["mentee"]["name"],
                **by,
            )
            session.add(person)
            session.flush()
            mentee = Mentee(
                county_id=county.id,
                kind=MenteeKind.RESERVE_CANDIDATE,
                person_id=person.id,
                village_id=county.id,
                **by,
            )
            session.add(mentee)
            session.flush()
            session.add(
                RosterEntry(
                    county_id=county.id,
                    roster_id=roster.id,
                    mentee_id=mentee.id,
                    position=position,
                    content=row,
                    **by,
                )
            )
    session.flush()
    return Territory(prefecture=prefecture, county=counties[0], other_county=counties[1], roster_id=roster.id)
