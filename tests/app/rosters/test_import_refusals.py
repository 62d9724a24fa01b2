"""Places, identities and states: what is refused, where it is said, and that nothing changes."""

from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import select

from app.errors import BatchHasErrorsError, ForbiddenError, InvalidStateError, NotFoundError
from app.models import (
    DivisionAlias,
    DivisionPredecessor,
    ImportIssue,
    ImportRow,
    KinshipDeclaration,
    Mentee,
    Mentor,
    Person,
    PersonFlag,
    ReserveCandidate,
    VillageLink,
)
from app.models.vocabulary import CandidateState, DivisionLevel, ImportState, Role
from app.services import people
from app.services.imports import discard_import
from tests.app.rosters.conftest import ImportOffice, candidate_row, mentor_row
from tests.factories import id_number, make_division
from tests.workbooks import CANDIDATE_HEADERS, KINSHIP_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook, to_bytes

TOWNSHIP, VILLAGE = "乡镇（街道）", "村（社区）"


def only_message(office: ImportOffice, code: str) -> str:
    return next(i.message_zh for i in office.session.exec(select(ImportIssue)).all() if i.code == code)


@pytest.mark.parametrize(
    "village", ["桂花", "桂花村委会", "板桥镇桂花村", "桂花社区", "520624101201", "思南县板桥镇桂花村", " 桂 花 村 "]
)
def test_a_village_is_found_in_its_township(office: ImportOffice, village: str) -> None:
    batch = office.upload_candidates([candidate_row(1, **{VILLAGE: village})])
    assert office.issues(batch) == []
    office.commit(batch)
    assert office.session.exec(select(Mentee)).one().village_id == office.places.guihua.id


def test_an_unknown_village_is_an_error_with_similar_names(office: ImportOffice) -> None:
    before = office.counts()
    batch = office.upload_candidates([candidate_row(1, **{VILLAGE: "桂林村"}), candidate_row(2, **{VILLAGE: "青杠坝"})])
    assert office.errors(batch) == [("C2", "UNKNOWN_PLACE"), ("C3", "UNKNOWN_PLACE")]
    texts = [i.message_zh for i in office.session.exec(select(ImportIssue)).all()]
    assert any("桂花村" in text for text in texts)
    assert any("塘头镇青杠坝村" in text for text in texts)
    with pytest.raises(BatchHasErrorsError):
        office.commit(batch)
    assert office.counts() == before
    assert batch.state is ImportState.HAS_ERRORS


def test_a_name_of_two_villages_must_be_chosen(office: ImportOffice) -> None:
    make_division(office.session, "520624101001", "桂花社区", DivisionLevel.VILLAGE, parent=office.places.banqiao)
    batch = office.upload_candidates([candidate_row(1, **{"村（社区）": "桂花"})])
    assert office.errors(batch) == [("C2", "AMBIGUOUS_PLACE")]
    message = only_message(office, "AMBIGUOUS_PLACE")
    assert "520624101201" in message
    assert "520624101001" in message


def test_a_full_name_is_that_village_whatever_else_is_called_alike(office: ImportOffice) -> None:
    make_division(office.session, "520624101001", "桂花社区", DivisionLevel.VILLAGE, parent=office.places.banqiao)
    assert office.errors(office.upload_candidates([candidate_row(1)])) == []


def test_aliases_and_predecessors_lead_to_the_present_village(office: ImportOffice) -> None:
    places = office.places
    office.session.add(DivisionAlias(division_id=places.dongxin.id, alias="田坝溪", normalized_alias="田坝溪"))
    old = make_division(
        office.session,
        "520624101250",
        "摆拉村",
        DivisionLevel.VILLAGE,
        parent=places.banqiao,
        valid_to=date(2022, 1, 1),
    )
    office.session.add(DivisionPredecessor(division_id=places.guihua.id, predecessor_id=old.id))
    office.session.flush()
    rows = [candidate_row(1, **{VILLAGE: "田坝溪"}), candidate_row(2, **{VILLAGE: "摆拉村委会"})]
    batch = office.upload_candidates(rows)
    assert office.issues(batch) == []
    office.commit(batch)
    villages = {mentee.village_id for mentee in office.session.exec(select(Mentee)).all()}
    assert villages == {places.dongxin.id, places.guihua.id}


def test_all_problems_of_a_file_are_reported_at_once(office: ImportOffice) -> None:
    number = id_number(date(1985, 6, 12), 1)
    rows = [
        candidate_row(1, 身份证号=int(number[:17] + "0"), 出生年月=1985.1),
        candidate_row(2, 联系电话="12345", 来源渠道="捡来的", 学历="大佬"),
        candidate_row(3, 姓名="", 培养方向=None),
        candidate_row(4, 身份证号=None, 出生年月=None),
        candidate_row(5),
    ]
    before = office.counts()
    batch = office.upload_candidates(rows)
    assert office.errors(batch) == [
        ("D4", "MISSING_VALUE"),
        ("G2", "AMBIGUOUS_MONTH"),
        ("I3", "UNKNOWN_WORD"),
        ("P3", "UNKNOWN_WORD"),
        ("Q4", "MISSING_VALUE"),
        ("U2", "NUMERIC_ID_NUMBER"),
        ("U5", "MISSING_IDENTITY"),
        ("V3", "INVALID_PHONE"),
    ]
    assert office.changes(batch) == [("台账", n, "REJECTED") for n in range(2, 6)] + [("台账", 6, "NEW")]
    assert batch.counts == {"new": 1, "changed": 0, "unchanged": 0, "recorded": 0, "rejected": 4, "skipped": 0}
    with pytest.raises(BatchHasErrorsError):
        office.commit(batch)
    assert office.counts() == before
    texts = " ".join(f"{i.message} {i.message_zh}" for i in office.session.exec(select(ImportIssue)).all())
    for personal in ("12345", "捡来的", "大佬", number[:17]):
        assert personal not in texts
    assert all(
        row.content_encrypted is None
        for row in office.session.exec(select(ImportRow)).all()
        if row.change == "REJECTED"
    )


def test_one_person_twice_in_a_sheet_is_an_error_at_the_second_cell(office: ImportOffice) -> None:
    batch = office.upload_candidates([candidate_row(1), candidate_row(2), candidate_row(1)])
    assert office.errors(batch) == [("U4", "DUPLICATE_PERSON")]
    assert "台账!2" in only_message(office, "DUPLICATE_PERSON")


def test_an_id_number_with_another_name_is_refused(office: ImportOffice) -> None:
    office.commit(office.upload_candidates([candidate_row(1)]))
    batch = office.upload_candidates([candidate_row(1, 姓名="欧阳修")])
    assert office.errors(batch) == [("D2", "NAME_DIFFERS")]


def test_candidate_and_mentor_in_one_file_are_one_person(office: ImportOffice) -> None:
    book = new_workbook()
    add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row(1, 现任职务="桂花村文书")])
    shared = {key: value for key, value in candidate_row(1).items() if key in MENTOR_HEADERS}
    as_mentor = mentor_row(1, **shared | {"单位及职务": "板桥镇干部", "学历": "大专"})
    add_sheet(book, "导师", MENTOR_HEADERS, [as_mentor])
    data = to_bytes(book)
    batch = office.upload(data)
    assert office.issues(batch) == [("I3", "CONFLICTING_VALUE")]
    office.commit(batch)
    person = office.session.exec(select(Person)).one()
    assert (person.unit_and_post, person.division_id) == ("桂花村文书", office.places.guihua.id)
    assert len(office.all(Mentor)) == len(office.all(ReserveCandidate)) == 1
    again = office.upload(data)
    assert (again.counts["unchanged"], again.counts["changed"]) == (2, 0)


def test_a_person_without_id_number_is_recognised_by_name_and_birth(office: ImportOffice) -> None:
    row = candidate_row(1, 身份证号=None)
    batch = office.upload_candidates([row])
    assert office.issues(batch) == [("U2", "MISSING_ID_NUMBER")]
    office.commit(batch)
    assert office.upload_candidates([row]).counts["unchanged"] == 1
    office.commit(office.upload_candidates([candidate_row(1)]))
    person = office.session.exec(select(Person)).one()
    assert person.id_number_masked is not None
    assert (person.version, person.sex) == (2, "MALE")


def test_a_person_of_another_county_is_refused(office: ImportOffice) -> None:
    prefecture = office.places.officer(office.session, Role.PREFECTURE_OFFICER, of=office.places.prefecture)
    draft = people.PersonDraft(
        name="张乙", division_id=office.places.foreign_village.id, id_number=str(candidate_row(1)["身份证号"])
    )
    people.create_cadre(office.session, prefecture, office.cipher, people.CadreDraft(person=draft))
    batch = office.upload_candidates([candidate_row(1)])
    assert office.errors(batch) == [("U2", "PERSON_IN_OTHER_COUNTY")]


def test_a_township_officer_imports_the_own_township_without_class_a(office: ImportOffice) -> None:
    viewer = office.places.officer(office.session, Role.TOWNSHIP_OFFICER, of=office.places.banqiao)
    township = replace(office, viewer=viewer)
    book = new_workbook()
    rows = [candidate_row(1), candidate_row(2, **{TOWNSHIP: "塘头镇", VILLAGE: "青杠坝"})]
    add_sheet(book, "台账", CANDIDATE_HEADERS, rows)
    add_sheet(book, "导师", MENTOR_HEADERS, [mentor_row(1, 处分影响期="是"), mentor_row(2)])
    pair = {"甲方/姓名": "张乙", "乙方/姓名": "李丙", "关系": "夫妻"}
    add_sheet(book, "回避", KINSHIP_HEADERS, [pair])
    before = office.counts()
    batch = township.upload(to_bytes(book))
    assert office.errors(batch) == [("A3", "FORBIDDEN_SHEET"), ("B3", "OUTSIDE_TERRITORY"), ("U3", "FORBIDDEN_COLUMN")]
    with pytest.raises(BatchHasErrorsError):
        township.commit(batch)
    assert office.counts() == before
    own = township.upload_candidates([candidate_row(1)])
    assert township.commit(own).state is ImportState.COMMITTED


@pytest.mark.parametrize("role", [Role.READER, Role.AUDITOR, Role.COUNTY_APPROVER, Role.MENTOR])
def test_roles_without_the_permission_cannot_import(office: ImportOffice, role: Role) -> None:
    batch = office.upload_candidates([candidate_row(1)])
    before = office.counts(with_imports=True)
    reader = replace(office, viewer=office.places.officer(office.session, role))
    with pytest.raises(ForbiddenError):
        reader.upload_candidates([candidate_row(1)])
    with pytest.raises(ForbiddenError):
        reader.commit(batch)
    with pytest.raises(ForbiddenError):
        discard_import(office.session, reader.viewer, batch.id)
    foreign = office.places.officer(office.session, of=office.places.foreign_county)
    with pytest.raises(NotFoundError):
        replace(office, viewer=foreign).commit(batch)
    with pytest.raises(NotFoundError):
        replace(office, viewer=foreign).upload_candidates([candidate_row(1)])
    assert office.counts(with_imports=True) == before


def test_a_batch_is_committed_or_discarded_once(office: ImportOffice) -> None:
    batch = office.upload_candidates([candidate_row(1)])
    office.commit(batch)
    other = office.upload_candidates([candidate_row(2)])
    discard_import(office.session, office.viewer, other.id)
    contents = [r.content_encrypted for r in office.session.exec(select(ImportRow)).all() if r.batch_id == other.id]
    assert contents == [None]
    before = office.counts(with_imports=True)
    for closed in (batch, other):
        with pytest.raises(InvalidStateError):
            office.commit(closed)
        with pytest.raises(InvalidStateError):
            discard_import(office.session, office.viewer, closed.id)
    assert office.counts(with_imports=True) == before
    actions = [event.action for event in office.recorded()]
    assert actions == ["IMPORT_UPLOADED", "IMPORT_COMMITTED", "IMPORT_UPLOADED", "IMPORT_DISCARDED"]


def test_a_commit_compares_with_the_present_database(office_on_both: ImportOffice) -> None:
    office = office_on_both
    first, second = office.upload_candidates([candidate_row(1)]), office.upload_candidates([candidate_row(1)])
    office.commit(first)
    assert second.counts["new"] == 1
    office.commit(second)
    assert (second.counts["new"], second.counts["unchanged"]) == (0, 1)
    third = office.upload_candidates([candidate_row(2), candidate_row(3)])
    draft = people.PersonDraft(
        name="换了", division_id=office.places.guihua.id, id_number=str(candidate_row(3)["身份证号"])
    )
    people.create_cadre(office.session, office.viewer, office.cipher, people.CadreDraft(person=draft))
    before = office.counts()
    with pytest.raises(BatchHasErrorsError) as refusal:
        office.commit(third)
    assert refusal.value.message_zh == (
        "上传后库中数据已变化，台账!3 出现新的问题（NAME_DIFFERS）；请重新读取该文件，按问题清单更正。"
    )
    assert office.counts() == before
    assert third.state is ImportState.READY


def test_a_candidate_who_left_is_not_brought_back(office: ImportOffice) -> None:
    office.commit(office.upload_candidates([candidate_row(1)]))
    candidate = office.session.exec(select(ReserveCandidate)).one()
    leave = people.ReserveCandidateChanges(
        state=CandidateState.REMOVED, exit_date=date(2025, 2, 1), exit_reason="不再符合"
    )
    people.update_reserve_candidate(office.session, office.viewer, office.cipher, candidate.id, leave)
    batch = office.upload_candidates([candidate_row(1)])
    assert office.issues(batch) == [("D2", "CANDIDATE_LEFT_POOL")]
    office.commit(batch)
    assert (batch.counts["unchanged"], candidate.state) == (1, CandidateState.REMOVED)


@pytest.mark.parametrize(
    ("level", "pool_date", "state"),
    [
        (None, None, CandidateState.SURVEYED),
        (None, "2024.03", CandidateState.NOMINATED),
        ("乡镇推选", None, CandidateState.TOWNSHIP_SELECTED),
        ("乡镇推选", "2024.03", CandidateState.IN_POOL),
        ("市级复审", "2024.03", CandidateState.IN_POOL),
    ],
)
def test_review_and_date_of_entry_tell_the_state(
    office: ImportOffice, level: str | None, pool_date: str | None, state: CandidateState
) -> None:
    office.commit(office.upload_candidates([candidate_row(1, 审查进度=level, 入库时间=pool_date)]))
    assert office.session.exec(select(ReserveCandidate)).one().state is state


def test_links_and_discipline_end_when_the_workbook_says_so(office: ImportOffice) -> None:
    office.commit(office.upload_mentors([mentor_row(1, 包联村="桂花村、垌心", 处分影响期="是")]))
    office.commit(office.upload_mentors([mentor_row(1)]))
    assert [link.end_date for link in office.session.exec(select(VillageLink)).all()] == [None, None]
    batch = office.upload_mentors([mentor_row(1, 包联村="垌心", 处分影响期="否")])
    office.commit(batch)
    assert batch.counts["changed"] == 1
    links = {link.village_id: link.end_date for link in office.session.exec(select(VillageLink)).all()}
    assert links == {office.places.guihua.id: date(2025, 3, 15), office.places.dongxin.id: None}
    assert office.session.exec(select(PersonFlag)).one().end_date == date(2025, 3, 15)


def test_pairs_need_two_known_people(office: ImportOffice) -> None:
    book = new_workbook()
    add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row(1), candidate_row(2), candidate_row(3, 联系电话="1")])
    names = [("张乙", "张丙"), ("张丙", "张乙"), ("张乙", "张乙"), ("张乙", "无此人"), ("张乙", "张丁")]
    pairs = [{"甲方/姓名": a, "乙方/姓名": b, "关系": "夫妻"} for a, b in names]
    add_sheet(book, "回避", KINSHIP_HEADERS, pairs)
    batch = office.upload(to_bytes(book))
    assert office.issues(batch) == [
        ("C4", "DUPLICATE_PAIR"),
        ("C5", "SAME_PERSON"),
        ("C6", "PERSON_NOT_FOUND"),
        ("C7", "DEPENDS_ON_REJECTED_ROW"),
        ("V4", "INVALID_PHONE"),
    ]
    assert office.all(KinshipDeclaration) == []
