"""The size of a prefecture in one file: 1,216 candidates and 2,434 mentors with careers."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session, func, select

from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import Appointment, Mentor, Person, ReserveCandidate
from app.services.imports import commit_import
from tests.app.rosters.conftest import NOW, ImportOffice, candidate_row, mentor_row
from tests.factories import id_number, make_places
from tests.workbooks import CANDIDATE_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook, to_bytes

CAREER = (
    "2001.08-2010.05 板桥镇农业服务中心 站长；"
    "2010.05-2015.03 桂花村 党支部书记、村委会主任；2015.03-至今 板桥镇 党委委员"
)
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"


def name(number: int) -> str:
    return SURNAMES[number % 20] + SURNAMES[number // 20 % 20] + SURNAMES[number // 400 % 20]


def large_workbook() -> bytes:
    def numbered(number: int, first: date) -> dict[str, object]:
        born = first + timedelta(days=number)
        return {"姓名": name(number), "出生年月": f"{born:%Y.%m}", "身份证号": id_number(born, 2), "任职经历": CAREER}

    book = new_workbook()
    candidates = [candidate_row(1, 性别="女") | numbered(n, date(1984, 1, 1)) for n in range(1216)]
    add_sheet(book, "台账", CANDIDATE_HEADERS, candidates, title="后备力量")
    mentors = [mentor_row(1) | numbered(n, date(1970, 1, 1)) for n in range(2434)]
    add_sheet(book, "导师", MENTOR_HEADERS, mentors, title="导师库")
    return to_bytes(book)


@pytest.mark.slow
def test_3650_people_are_imported_and_recognised_again(sqlite_database: Database, cipher: PersonalDataCipher) -> None:
    data = large_workbook()
    with sqlite_database.write() as session:
        places = make_places(session)
        office = ImportOffice(session=session, viewer=places.officer(session), cipher=cipher, places=places)
    for expected in ({"new": 3650, "unchanged": 0}, {"new": 0, "unchanged": 3650}):
        with sqlite_database.write() as session:
            office.session = session
            batch = office.upload(data)
            assert office.issues(batch) == []
        with sqlite_database.write() as session:
            batch = commit_import(session, office.viewer, cipher, batch.id, now=NOW)
            assert batch.counts == {"changed": 0, "recorded": 0, "rejected": 0, "skipped": 2} | expected
    with sqlite_database.read() as session:
        assert [_count(session, t) for t in (Person, ReserveCandidate, Mentor, Appointment)] == [
            3650, 1216, 2434, 3650 * 4,
        ]  # fmt: skip
        assert session.exec(select(func.count(func.distinct(Person.code)))).one() == 3650


def _count(session: Session, table: type) -> int:
    return session.exec(select(func.count()).select_from(table)).one()
