"""Taking a committed import back: everything is as before, or nothing happens."""

from dataclasses import replace
from functools import partial

import pytest
from cryptography.fernet import Fernet
from sqlmodel import Session, col, select

from app.crypto import PersonalDataCipher
from app.db import utc_now
from app.errors import ForbiddenError, InvalidStateError, NotFoundError
from app.models import (
    AuditEvent,
    ImportBatch,
    ImportIssue,
    ImportRow,
    ImportUndo,
    Mentee,
    Mentor,
    Person,
    PersonCodeCounter,
    Preference,
)
from app.models.vocabulary import AuditAction, ImportState, Role
from app.reads.imports import batches_by_id, issues_by_id, rows_by_id
from app.services.imports import commit_import, undo_import
from app.services.privacy.keys import rotate_keys
from tests.app.imports.conftest import Desk, candidates, mentors
from tests.app.rosters.conftest import candidate_row, mentor_row
from tests.app.rosters.test_place_kinds import DIVISIONS, NEIGHBOURS, POOLS, TIMES, ZONES, sheet_of
from tests.conftest import TEST_DATA_KEY
from tests.workbooks import EXCLUSION_HEADERS, KINSHIP_HEADERS, add_sheet, new_workbook, to_bytes

CAREER = "2012.07-2016.03 板桥镇桂花村 村委会主任\n2016.03-至今 板桥镇桂花村 党支部书记"


def state_of(desk: Desk, batch: ImportBatch) -> ImportState:
    with desk.database.read() as session:
        return session.get_one(ImportBatch, batch.id).state


def test_new_people_with_all_that_belongs_to_them_are_gone_again(desk: Desk) -> None:
    before = desk.records()
    first = desk.commit(desk.upload(candidates([candidate_row(n, 任职经历=CAREER) for n in range(1, 4)])))
    second = desk.commit(desk.upload(mentors([mentor_row(n, 包联村="桂花村", 任职经历=CAREER) for n in range(1, 4)])))
    assert len(desk.records()["appointment"]) == 12
    assert desk.undo(second).state is ImportState.UNDONE
    assert desk.undo(first).state is ImportState.UNDONE
    assert desk.records() == before


def test_changed_records_and_replaced_lists_are_as_before(desk: Desk) -> None:
    desk.commit(desk.upload(mentors([mentor_row(1, 任职经历=CAREER), mentor_row(2)])))
    before = desk.records()
    other = CAREER.replace("2016.03-至今", "2017.01-至今")
    changed = [
        mentor_row(1, 任职经历=other, 类别="离退休干部", 可帮带人数=1, **{"专业特长/擅长": "产业发展"}),
        mentor_row(2, 学历="高中", 联系电话="13700000000", **{"近三年考核/2024年": "称职"}),
        mentor_row(3),
    ]
    batch = desk.commit(desk.upload(mentors(changed)))
    assert (batch.counts["new"], batch.counts["changed"]) == (1, 2)
    assert desk.records() != before
    desk.undo(batch)
    assert desk.records() == before


def test_the_same_file_can_be_imported_again_and_gives_new_numbers(desk: Desk) -> None:
    data = candidates([candidate_row(1)])
    desk.undo(desk.commit(desk.upload(data)))
    assert desk.commit(desk.upload(data)).counts["new"] == 1
    with desk.database.read() as session:
        (person,) = session.exec(select(Person))
        (counter,) = session.exec(select(PersonCodeCounter))
    assert (person.code, counter.next_number) == ("520624-00002", 3)


def test_what_others_refer_to_stays_whole(desk: Desk) -> None:
    batch = desk.commit(desk.upload(candidates([candidate_row(1)])))
    mentor = desk.commit(desk.upload(mentors([mentor_row(1)])))

    def wish(session: object) -> None:
        mentee_person = session.exec(select(Mentee.person_id)).one()  # type: ignore[attr-defined]
        mentor_person = session.exec(select(Mentor.person_id)).one()  # type: ignore[attr-defined]
        session.add(  # type: ignore[attr-defined]
            Preference(
                county_id=desk.places.county.id,
                from_person_id=mentee_person,
                to_person_id=mentor_person,
                rank=1,
                created_by="officer",
                updated_by="officer",
            )
        )

    desk.write(wish)
    before = desk.records()
    for each in (batch, mentor):
        with pytest.raises(InvalidStateError, match="refers to people"):
            desk.undo(each)
        assert state_of(desk, each) is ImportState.COMMITTED
    assert desk.records() == before


def test_what_was_changed_since_stays_whole(desk: Desk) -> None:
    batch = desk.commit(desk.upload(candidates([candidate_row(1), candidate_row(2)])))

    def move(session: object) -> None:
        person = session.exec(select(Person).order_by(col(Person.code))).first()  # type: ignore[attr-defined]
        person.native_place, person.version, person.updated_at = "贵州思南", person.version + 1, utc_now()

    desk.write(move)
    before = desk.records()
    with pytest.raises(InvalidStateError, match="changed or removed since"):
        desk.undo(batch)
    assert desk.records() == before


def test_a_later_import_of_the_same_people_is_taken_back_first(desk: Desk) -> None:
    before = desk.records()
    first = desk.commit(desk.upload(candidates([candidate_row(1)])))
    second = desk.commit(desk.upload(candidates([candidate_row(1, 学历="大学")])))
    with pytest.raises(InvalidStateError, match=f"later import {second.id}"):
        desk.undo(first)
    desk.undo(second)
    desk.undo(first)
    assert desk.records() == before


def test_people_whom_a_later_import_found_as_it_says_do_not_vanish(desk: Desk) -> None:
    first = desk.commit(desk.upload(candidates([candidate_row(1), candidate_row(2)])))
    other = desk.commit(desk.upload(candidates([candidate_row(3)])))
    second = desk.commit(desk.upload(candidates([candidate_row(2)])))
    assert second.counts["unchanged"] == 1
    before = desk.records()
    with pytest.raises(InvalidStateError, match=f"later import {second.id}"):
        desk.undo(first)
    assert desk.records() == before
    # Nobody of the one between stands in the last.
    desk.undo(other)
    desk.undo(second)
    desk.undo(first)
    assert desk.records()["person"] == []


@pytest.mark.parametrize(
    ("headers", "row", "other"),
    [
        (POOLS, [1, "板桥镇", "甲库"], [2, "板桥镇", "乙库"]),
        (ZONES, ["东片区", "战区", "板桥镇"], ["西片区", "战区", "板桥镇"]),
        (NEIGHBOURS, ["板桥镇", "塘头镇"], ["大坝场镇", "孙家坝镇"]),
        (TIMES, ["板桥镇", "塘头镇", 25], ["板桥镇", "大坝场镇", 30]),
        (DIVISIONS, ["520624101299", "新村"], ["520624101298", "老村"]),
    ],
)
def test_places_that_a_later_import_found_as_it_says_do_not_vanish(
    lite_desk: Desk, headers: tuple[str, ...], row: list[object], other: list[object]
) -> None:
    towns = sheet_of(DIVISIONS, [["520624103000", "大坝场镇"], ["520624104000", "孙家坝镇"]])
    lite_desk.commit(lite_desk.upload(towns))
    first, between, last = (lite_desk.commit(lite_desk.upload(sheet_of(headers, [each]))) for each in (row, other, row))
    before = lite_desk.records()
    with pytest.raises(InvalidStateError, match=f"later import {last.id}"):
        lite_desk.undo(first)
    assert lite_desk.records() == before
    for batch in (between, last, first):
        lite_desk.undo(batch)


def test_it_is_taken_back_once_and_recorded_without_values(desk: Desk) -> None:
    batch = desk.upload(candidates([candidate_row(1)]))
    with pytest.raises(InvalidStateError):
        desk.undo(batch)
    desk.undo(desk.commit(batch))
    with pytest.raises(InvalidStateError):
        desk.undo(batch)
    with desk.database.read() as session:
        (event,) = session.exec(select(AuditEvent).where(AuditEvent.action == AuditAction.IMPORT_UNDONE))
        (kept,) = session.exec(select(ImportUndo))
    assert (event.target, event.detail["n_changed_back"], kept.content_encrypted) == (
        f"ImportBatch {batch.id}",
        0,
        None,
    )
    assert event.detail["n_removed"] >= 3


def test_hundreds_of_divisions_are_taken_back_with_what_lies_in_them(lite_desk: Desk) -> None:
    before = lite_desk.records()
    book = new_workbook()
    rows: list[dict[str, object]] = []
    for town in range(6):
        code = f"520624{150 + town}000"
        rows.append({"区划代码": code, "名称": f"新设{'甲乙丙丁戊己'[town]}镇", "生效日期": "2025.01"})
        rows += [
            {"区划代码": f"{code[:9]}{200 + n}", "名称": f"新{chr(0x4E00 + n)}村", "生效日期": "2025.01"}
            for n in range(100)
        ]
    add_sheet(book, "区划", ("区划代码", "名称", "生效日期"), rows)
    batch = lite_desk.commit(lite_desk.upload(to_bytes(book)))
    assert batch.counts["new"] == 606
    lite_desk.undo(batch)
    assert lite_desk.records() == before


def test_a_township_does_not_take_back_what_the_county_committed(desk: Desk) -> None:
    with desk.database.read() as session:
        officer = desk.places.officer(session, Role.TOWNSHIP_OFFICER, of=desk.places.banqiao)
    township = replace(officer, subject="township")
    batch = desk.upload(candidates([candidate_row(1)]), by=township)
    desk.commit(batch)
    with pytest.raises(ForbiddenError):
        desk.write(lambda session: undo_import(session, township, desk.cipher, batch.id))
    assert state_of(desk, batch) is ImportState.COMMITTED
    own = desk.upload(candidates([candidate_row(2)]), by=township)
    desk.write(lambda session: commit_import(session, township, desk.cipher, own.id))
    desk.write(lambda session: undo_import(session, township, desk.cipher, own.id))
    assert state_of(desk, own) is ImportState.UNDONE


def test_values_under_a_key_that_has_left_since_are_not_brought_back(lite_desk: Desk) -> None:
    """A rotation brings what the import noted under the new key, but not the encrypted phone that stands in it."""
    desk = lite_desk
    desk.commit(desk.upload(candidates([candidate_row(1)])))
    batch = desk.commit(desk.upload(candidates([candidate_row(1, 联系电话="13700000000")])))
    new_key = Fernet.generate_key().decode()
    rotate_keys(desk.database, desk.viewer, PersonalDataCipher([new_key, TEST_DATA_KEY]))
    only_new = PersonalDataCipher([new_key])
    before = desk.records()
    with pytest.raises(InvalidStateError, match="cannot be decrypted with the present data keys"):
        desk.write(lambda session: undo_import(session, desk.viewer, only_new, batch.id))
    assert desk.records() == before
    with desk.database.read() as session:
        assert only_new.decrypt(session.exec(select(Person.phone_encrypted)).one() or "") == "13700000000"
    both = PersonalDataCipher([new_key, TEST_DATA_KEY])
    desk.write(lambda session: undo_import(session, desk.viewer, both, batch.id))
    with desk.database.read() as session:
        assert both.decrypt(session.exec(select(Person.phone_encrypted)).one() or "") == "13800000001"


def test_an_officer_who_has_moved_to_another_township_leaves_the_files_of_the_former_one_behind(desk: Desk) -> None:
    with desk.database.read() as session:
        here, there = (
            replace(desk.places.officer(session, Role.TOWNSHIP_OFFICER, of=each), subject="township")
            for each in (desk.places.banqiao, desk.places.tangtou)
        )
    done, still_open = (desk.upload(candidates([candidate_row(n)]), by=here) for n in (1, 2))
    desk.write(lambda session: commit_import(session, here, desk.cipher, done.id))
    before = desk.records()
    for step in (undo_import, commit_import):
        for batch in (done, still_open):
            with pytest.raises(NotFoundError, match=f"No ImportBatch {batch.id} in your territory"):
                desk.write(partial(step, viewer=there, cipher=desk.cipher, batch_id=batch.id))
    with desk.database.read() as session:
        assert batches_by_id(session, there, [done.id, still_open.id]) == {}
        assert batches_by_id(session, here, [done.id, still_open.id]).keys() == {done.id, still_open.id}
        issues = session.exec(select(ImportIssue.id)).all()
        rows = session.exec(select(ImportRow.id)).all()
        assert (issues_by_id(session, there, issues), rows_by_id(session, there, rows)) == ({}, {})
        assert len(rows_by_id(session, here, rows)) == 2
    assert desk.records() == before
    desk.write(lambda session: undo_import(session, here, desk.cipher, done.id))
    assert state_of(desk, done) is ImportState.UNDONE


@pytest.mark.parametrize(
    ("headers", "last", "word"), [(KINSHIP_HEADERS, "关系", "夫妻"), (EXCLUSION_HEADERS, "原因", "投诉")]
)
def test_what_holds_up_an_undo_does_not_tell_who_stands_in_a_list_of_pairs(
    lite_desk: Desk, headers: list[str], last: str, word: str
) -> None:
    desk = lite_desk
    people = {1: candidate_row(1), 2: candidate_row(2)}
    desk.commit(desk.upload(candidates(list(people.values()))))
    desk.commit(desk.upload(mentors([mentor_row(1), mentor_row(2)])))
    # Files that say nothing new are probes: who can take them back, and who cannot?
    probes = [desk.commit(desk.upload(candidates([row]))) for row in people.values()]
    first, second = [header.split("/")[0] for header in headers if header.endswith("/姓名")]

    def listed(mentee: int, mentor: int) -> ImportBatch:
        row: dict[str, object] = {last: word}
        for part, person in ((first, people[mentee]), (second, mentor_row(mentor))):
            row |= {f"{part}/{field}": person[field] for field in ("姓名", "身份证号")}
        return desk.commit(desk.upload(sheet_of(tuple(headers), [[row.get(header) for header in headers]])))

    own, other = listed(2, 2), listed(1, 1)
    with pytest.raises(InvalidStateError, match=f"later import {other.id}"):
        desk.undo(own)
    assert [desk.undo(probe).state for probe in probes] == [ImportState.UNDONE] * 2
    desk.undo(other)
    assert desk.undo(own).state is ImportState.UNDONE


@pytest.mark.parametrize("unknown", [(0,), (1,), (0, 1)])
def test_imports_of_a_release_that_did_not_note_whom_they_are_about_are_taken_back_last_first(
    lite_desk: Desk, unknown: tuple[int, ...]
) -> None:
    desk = lite_desk
    batches = [desk.commit(desk.upload(candidates([candidate_row(1)]))) for _ in range(2)]

    def forget(session: Session) -> None:
        for place in unknown:
            kept = session.exec(select(ImportUndo).where(ImportUndo.batch_id == batches[place].id)).one()
            kept.about = []
            session.add(kept)

    desk.write(forget)
    before = desk.records()
    with pytest.raises(InvalidStateError, match=f"later import {batches[1].id}"):
        desk.undo(batches[0])
    assert desk.records() == before
    desk.undo(batches[1])
    desk.undo(batches[0])
    assert desk.records()["person"] == []
