"""Who a row is about, and what an import may not take away."""

from dataclasses import replace
from datetime import date

import pytest
from cryptography.fernet import Fernet
from sqlmodel import select

from app.crypto import PersonalDataCipher
from app.errors import NotFoundError
from app.models import Appointment, Mentee, Person
from app.models.vocabulary import ImportState, Role
from app.services.imports import discard_import
from tests.app.rosters.conftest import ImportOffice, candidate_row, mentor_row
from tests.factories import id_number
from tests.workbooks import KINSHIP_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook, to_bytes


@pytest.mark.parametrize("changes", [{"性别": "女"}, {"出生年月": "1985.06.25"}])
def test_a_namesake_of_another_sex_or_day_of_birth_needs_an_id_number(
    office: ImportOffice, changes: dict[str, object]
) -> None:
    office.commit(office.upload_candidates([candidate_row(1, 出生年月="1985.06.12")]))
    before = office.counts()
    batch = office.upload_candidates([candidate_row(1, 身份证号=None, **changes)])
    assert office.errors(batch) == [("U2", "NAMESAKE_DIFFERS")]
    assert office.counts() == before


def test_a_namesake_with_another_id_number_is_a_new_person_and_said_so(office: ImportOffice) -> None:
    office.commit(office.upload_candidates([candidate_row(1)]))
    row = candidate_row(1, 身份证号=id_number(date(1985, 6, 13), 7))
    batch = office.upload_candidates([row])
    assert office.issues(batch) == [("U2", "NAMESAKE_ON_FILE")]
    assert batch.state is ImportState.READY
    office.commit(batch)
    assert len(office.all(Person)) == 2
    again = office.upload_candidates([row])
    assert (again.counts["unchanged"], office.issues(again)) == (1, [])


def test_an_id_number_is_not_given_to_a_namesake_of_another_sex(office: ImportOffice) -> None:
    office.commit(office.upload_candidates([candidate_row(1, 身份证号=None, 性别="女")]))
    batch = office.upload_candidates([candidate_row(1)])
    assert office.issues(batch) == [("U2", "NAMESAKE_ON_FILE")]
    assert batch.counts["new"] == 1


def test_an_unreadable_entry_of_a_career_takes_no_stored_post_away(office: ImportOffice) -> None:
    first, second = "2012.07-2016.03 板桥镇桂花村 村委会主任", "2016.03-至今 板桥镇桂花村 党支部书记"
    office.commit(office.upload_candidates([candidate_row(1, 任职经历=f"{first}\n{second}")]))
    partly = candidate_row(1, 任职经历=f"二〇一二年起任主任\n{second}")
    batch = office.upload_candidates([partly])
    assert office.issues(batch) == [("O2", "UNREADABLE_CAREER")]
    office.commit(batch)
    assert batch.counts["unchanged"] == 1
    assert len(office.all(Appointment)) == 2
    office.commit(office.upload_candidates([candidate_row(1, 任职经历=second)]))
    assert office.session.exec(select(Appointment)).one().title == "党支部书记"


def test_a_township_officer_learns_nothing_about_people_by_a_table_of_pairs(office: ImportOffice) -> None:
    office.commit(office.upload_candidates([candidate_row(1)]))
    township = replace(
        office, viewer=office.places.officer(office.session, Role.TOWNSHIP_OFFICER, of=office.places.tangtou)
    )
    book = new_workbook()
    pairs = [{"甲方/姓名": name, "乙方/姓名": "无此人", "关系": "夫妻"} for name in ("张乙", "查无此人")]
    add_sheet(book, "回避", KINSHIP_HEADERS, pairs)
    batch = township.upload(to_bytes(book))
    assert office.issues(batch) == [("A3", "FORBIDDEN_SHEET"), ("A4", "FORBIDDEN_SHEET")]


def test_a_township_officer_has_no_hold_on_the_batches_of_others(office: ImportOffice) -> None:
    viewer = replace(
        office.places.officer(office.session, Role.TOWNSHIP_OFFICER, of=office.places.banqiao), subject="板桥镇组织委员"
    )
    township = replace(office, viewer=viewer)
    batch = office.upload_candidates([candidate_row(1)])
    before = office.counts(with_imports=True)
    with pytest.raises(NotFoundError):
        township.commit(batch)
    with pytest.raises(NotFoundError):
        discard_import(office.session, viewer, batch.id)
    assert (office.counts(with_imports=True), batch.state) == (before, ImportState.READY)
    own = township.upload_candidates([candidate_row(1)])
    assert office.commit(own).state is ImportState.COMMITTED


def test_pairs_that_name_a_rejected_row_say_so_when_only_its_id_number_is_readable(office: ImportOffice) -> None:
    book = new_workbook()
    add_sheet(book, "导师", MENTOR_HEADERS, [mentor_row(1, 姓名="李 1"), mentor_row(2)])
    first, second = mentor_row(1), mentor_row(2)
    pair = {"甲方/姓名": "李乙", "甲方/身份证号": first["身份证号"], "乙方/姓名": second["姓名"], "关系": "夫妻"}
    add_sheet(book, "回避", KINSHIP_HEADERS, [pair])
    batch = office.upload(to_bytes(book))
    assert office.issues(batch) == [("A3", "DEPENDS_ON_REJECTED_ROW"), ("C3", "INVALID_NAME")]


@pytest.mark.parametrize("pool", ["县直", "塘头镇"])
def test_a_mentor_row_does_not_move_a_mentee_out_of_the_village(office: ImportOffice, pool: str) -> None:
    office.commit(office.upload_candidates([candidate_row(1)]))
    shared = {key: value for key, value in candidate_row(1).items() if key in MENTOR_HEADERS}
    row = mentor_row(1, **shared | {"乡镇（街道）": pool})
    office.commit(office.upload_mentors([row]))
    assert office.session.exec(select(Person)).one().division_id == office.places.guihua.id
    assert office.upload_mentors([row]).counts["unchanged"] == 1
    assert office.upload_candidates([candidate_row(1)]).counts["unchanged"] == 1


def test_a_new_data_key_in_front_makes_nobody_new_and_nothing_changed(office: ImportOffice) -> None:
    rows = [candidate_row(1), candidate_row(2)]
    office.commit(office.upload_candidates(rows))
    old = Fernet.generate_key().decode()
    with_old = PersonalDataCipher([old])
    for person in office.all(Person):
        number = office.cipher.decrypt(person.id_number_encrypted or "")
        phone = office.cipher.decrypt(person.phone_encrypted or "")
        person.id_number_hash, person.phone_hash = (
            with_old.keyed_hash("id_number", number),
            with_old.keyed_hash("phone", phone),
        )
    office.session.flush()
    office.cipher = PersonalDataCipher([Fernet.generate_key().decode(), old])
    again = office.upload_candidates(rows)
    assert (again.counts["unchanged"], office.issues(again)) == (2, [])
    pair = {"甲方/姓名": "张乙", "甲方/身份证号": rows[0]["身份证号"], "乙方/姓名": "张丙", "关系": "夫妻"}
    book = new_workbook()
    add_sheet(book, "回避", KINSHIP_HEADERS, [pair | {"乙方/身份证号": rows[1]["身份证号"]}])
    pairs = office.upload(to_bytes(book))
    assert (pairs.counts["recorded"], office.issues(pairs)) == (1, [])


def test_a_namesake_in_the_village_with_another_id_number_is_pointed_at(office: ImportOffice) -> None:
    office.commit(office.upload_candidates([candidate_row(1, 姓名="张乙")]))
    other = candidate_row(2, 姓名="张乙", 出生年月="1990.01", 身份证号=id_number(date(1990, 1, 2), 1))
    batch = office.upload_candidates([other])
    assert office.issues(batch) == [("U2", "NAMESAKE_IN_VILLAGE")]
    elsewhere = office.upload_candidates([other | {"乡镇（街道）": "塘头镇"}])
    assert office.issues(elsewhere) == []


def test_of_namesakes_in_the_same_month_the_one_in_the_same_village_is_meant(office: ImportOffice) -> None:
    twins = [
        candidate_row(1, 姓名="张乙", 身份证号=id_number(date(1985, 6, 12), 1)),
        candidate_row(2, 姓名="张乙", 身份证号=id_number(date(1985, 6, 13), 3), **{"乡镇（街道）": "塘头镇"}),
    ]
    office.commit(office.upload_candidates(twins))
    without = candidate_row(1, 姓名="张乙", 身份证号="", 籍贯="贵州思南")
    batch = office.upload_candidates([without])
    assert office.errors(batch) == []
    office.commit(batch)
    found = {(p.division_id, p.native_place) for p in office.session.exec(select(Person))}
    assert found == {(office.places.guihua.id, "贵州思南"), (office.places.other_guihua.id, None)}
    third = office.upload_candidates([without | {"村（社区）": "垌心村"}])
    assert office.errors(third) == [("U2", "AMBIGUOUS_PERSON")]


ELSEWHERE = {"乡镇（街道）": "塘头镇", "村（社区）": "青杠坝村"}


@pytest.mark.parametrize("number", [None, id_number(date(1985, 6, 12), 3)])
@pytest.mark.parametrize("stored", [None, id_number(date(1985, 6, 12), 5)])
def test_a_namesake_in_another_village_is_not_taken_for_the_person_of_the_row(
    office: ImportOffice, stored: str | None, number: str | None
) -> None:
    office.commit(office.upload_candidates([candidate_row(1, 姓名="张伟", 身份证号=stored)]))
    batch = office.upload_candidates([candidate_row(2, 姓名="张伟", 身份证号=number, **ELSEWHERE)])
    if stored is not None and number is not None:
        assert (office.errors(batch), batch.counts["new"]) == ([], 1)
    else:
        assert office.errors(batch) == [("U2", "NAMESAKE_ELSEWHERE")]
        assert (batch.state, batch.counts["rejected"]) == (ImportState.HAS_ERRORS, 1)
    (person,) = office.all(Person)
    assert isinstance(person, Person)
    assert person.division_id == office.places.guihua.id


def test_a_namesake_of_the_same_township_but_another_village_is_not_taken_either(office: ImportOffice) -> None:
    office.commit(office.upload_candidates([candidate_row(1, 姓名="张伟", 身份证号=None)]))
    batch = office.upload_candidates([candidate_row(1, 姓名="张伟", 身份证号=None, **{"村（社区）": "垌心村"})])
    assert office.errors(batch) == [("U2", "NAMESAKE_ELSEWHERE")]


def test_two_namesakes_of_one_file_in_two_villages_are_told_apart_by_their_id_numbers(office: ImportOffice) -> None:
    rows = [candidate_row(1, 姓名="张伟"), candidate_row(2, 姓名="张伟", **ELSEWHERE)]
    blank = [row | {"身份证号": None} for row in rows]
    assert office.errors(office.upload_candidates(blank)) == [("U3", "NAMESAKE_ELSEWHERE")]
    batch = office.upload_candidates(rows)
    assert (office.errors(batch), batch.counts["new"]) == ([], 2)


@pytest.mark.parametrize(("township", "errors"), [("板桥镇", []), ("塘头镇", [("V3", "NAMESAKE_ELSEWHERE")])])
def test_a_mentor_without_id_number_is_the_candidate_of_a_village_of_that_township_only(
    office: ImportOffice, township: str, errors: list[tuple[str, str]]
) -> None:
    office.commit(office.upload_candidates([candidate_row(1, 身份证号=None)]))
    row = mentor_row(1, 身份证号=None, 姓名="张乙", 性别="男", 出生年月="1985.06", **{"乡镇（街道）": township})
    batch = office.upload_mentors([row])
    assert office.errors(batch) == errors
    if not errors:
        office.commit(batch)
        assert len(office.all(Person)) == 1


def test_a_mentor_of_another_township_is_found_again_without_id_number(office: ImportOffice) -> None:
    number = id_number(date(1985, 6, 12), 1)
    same = {"姓名": "张乙", "性别": "男", "出生年月": "1985.06", "乡镇（街道）": "塘头镇"}
    office.commit(office.upload_candidates([candidate_row(1)]))
    office.commit(office.upload_mentors([mentor_row(1, 身份证号=number, **same)]))
    again = office.upload_mentors([mentor_row(1, 身份证号=None, **same)])
    assert (office.errors(again), again.counts["unchanged"]) == ([], 1)


def test_a_candidate_row_finds_the_mentor_on_file_in_its_township(office: ImportOffice) -> None:
    same = {"姓名": "张乙", "性别": "男", "出生年月": "1985.06", "身份证号": None}
    office.commit(office.upload_mentors([mentor_row(1, **same)]))
    batch = office.upload_candidates([candidate_row(1, **same)])
    assert office.errors(batch) == []
    office.commit(batch)
    assert len(office.all(Person)) == 1


@pytest.mark.parametrize(
    "tried",
    [
        [{}, {"姓名": "张丁"}],
        [{"身份证号": None}, {"身份证号": None, "性别": "女"}, {"身份证号": None, "出生年月": "1985.06.25"}],
    ],
)
def test_a_township_learns_neither_name_nor_sex_nor_day_of_birth_of_somebody_elsewhere(
    office: ImportOffice, tried: list[dict[str, object]]
) -> None:
    office.commit(office.upload_candidates([candidate_row(1, 出生年月="1985.06.12")]))
    township = replace(
        office, viewer=office.places.officer(office.session, Role.TOWNSHIP_OFFICER, of=office.places.tangtou)
    )
    code = "NAMESAKE_ELSEWHERE" if "身份证号" in tried[0] else "PERSON_OUTSIDE_TERRITORY"
    for changes in tried:
        ((_, told),) = office.errors(township.upload_candidates([candidate_row(1, **ELSEWHERE, **changes)]))
        assert told == code
        # In a village of the others nobody is looked up at all, and the file says nothing but that.
        there = township.upload_candidates([candidate_row(1, **changes)])
        assert office.errors(there) == [("B2", "OUTSIDE_TERRITORY")]


def test_a_township_does_not_fetch_a_mentee_of_another_township_by_the_person_of_its_own(office: ImportOffice) -> None:
    """Somebody whose file lies here and who is a candidate there: the posting there is not this township's to move."""
    office.commit(office.upload_candidates([candidate_row(1)]))
    (mentee,) = office.all(Mentee)
    assert isinstance(mentee, Mentee)
    mentee.village_id = office.places.qinggang.id
    office.session.flush()
    viewer = office.places.officer(office.session, Role.TOWNSHIP_OFFICER, of=office.places.banqiao)
    batch = replace(office, viewer=viewer).upload_candidates([candidate_row(1)])
    assert office.errors(batch) == [("D2", "PERSON_OUTSIDE_TERRITORY")]
    # The county moves whom it likes.
    assert office.commit(office.upload_candidates([candidate_row(1)])).counts["changed"] == 1
    office.session.refresh(mentee)
    assert mentee.village_id == office.places.guihua.id
