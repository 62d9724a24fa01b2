"""No trace of a person who left: the whole database is looked through, with everything filled in beforehand."""

import json
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from app.access import SYSTEM_VIEWER, create_token, record
from app.access.offices import local_day, office_on
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction, utc_now
from app.errors import DuplicateError
from app.models import (
    AuditEvent,
    Division,
    Exclusion,
    ExportJob,
    FormText,
    ImportBatch,
    ImportIssue,
    ImportMapping,
    ImportRow,
    ImportSource,
    MatchPlan,
    MatchPolicy,
    Mentee,
    Mentor,
    Office,
    PairingMember,
    Person,
    Pin,
    PlanAdjustment,
    PlanRepair,
    Preference,
    ProgramSlot,
    Roster,
    RuleRelease,
    Shortfall,
    UserAccount,
    UserSession,
    metadata,
)
from app.models.vocabulary import (
    AuditAction,
    ExclusionReason,
    ExportForm,
    ExportFormat,
    ExportState,
    ImportState,
    MaskLevel,
    MemberEndReason,
    Role,
    RowChange,
    Severity,
    UserState,
)
from app.services import access
from app.services.privacy.accounts import login_columns
from app.services.privacy.pseudonyms import PSEUDONYM, pseudonymise_person
from tests.app.services.privacy.test_pseudonyms import BY, NAME, NUMBER, PHONE, published_and_left
from tests.app.services.world import World, make_world

LOGIN = "xiaocui"
RESTRICTED, OPEN = {"code": "EXCLUDED", "count": 1}, {"code": "OCCUPIED", "count": 2}


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


def everywhere(world: World) -> Person:
    """Somebody who left, and who is named in every text that others could write."""
    person = published_and_left(world)
    said = f"与{NAME}（{NAME}）协商"
    with world.database.write() as session:
        plan = session.exec(select(MatchPlan)).one()
        mentee = session.exec(select(Mentee).where(Mentee.person_id == person.id)).one()
        other = session.exec(select(Mentee).where(Mentee.person_id != person.id)).first()
        mentor = session.exec(select(Mentor)).first()
        assert other is not None
        assert mentor is not None
        county: dict[str, Any] = {"county_id": person.county_id, **BY}
        plan.return_reason = plan.withdraw_reason = said
        session.exec(select(MatchPolicy)).first().note = said  # type: ignore[union-attr]
        session.exec(select(ProgramSlot)).first().duties = said  # type: ignore[union-attr]
        batch = session.exec(select(ImportBatch)).one()
        batch.file_name = f"{NAME}.xlsx"
        roster = session.exec(select(Roster)).one()
        whole = world.places.foreign_county.id
        for county_id, purpose in ((None, said), (person.county_id, "x" * 198 + NAME[:2] + NAME), (whole, said)):
            session.add(
                ExportJob(
                    form=ExportForm.TWO_PLUS_ONE_ROSTER, division_id=county_id or person.county_id,
                    roster_id=roster.id, county_id=county_id, format=ExportFormat.CSV, mask_level=MaskLevel.STANDARD,
                    purpose=purpose[-200:], state=ExportState.DONE, file_name="f.csv", **BY,
                )
            )  # fmt: skip
        ids: dict[str, Any] = {"mentee_id": other.id, "mentor_id": mentor.id}
        secret = world.cipher.encrypt
        session.add_all(
            [
                Pin(program_id=plan.program_id, reason=said, **ids, **county),
                RuleRelease(program_id=plan.program_id, mentee_id=other.id, rule="R", reason=said, **county),
                Shortfall(
                    plan_id=plan.id, mentee_id=other.id, slot_code="s", note=said, reasons=[RESTRICTED, OPEN], **county
                ),
                Shortfall(plan_id=plan.id, mentee_id=mentee.id, slot_code="s", reasons=[RESTRICTED, OPEN], **county),
                Preference(
                    from_person_id=other.person_id, to_person_id=mentor.person_id, rank=0, approved_by=NAME,
                    reason_encrypted=secret(f"密：{said}"), **county,
                ),
                PlanAdjustment(
                    plan_id=plan.id, number=1, kind="FORBID", reason_encrypted=secret(f"密：{said}"), **ids, **county
                ),
                Exclusion(
                    mentee_person_id=other.person_id, mentor_person_id=mentor.person_id,
                    reason=ExclusionReason.COMPLAINT, source_encrypted=secret("别的来信"), **county,
                ),
                PlanRepair(
                    plan_id=plan.id, n_published=1, n_kept=0, n_changed_links=1, n_moves=0, n_people_affected=2,
                    ended=[_ended(mentee.id, mentor.id), _ended(other.id, mentor.id)],
                ),
            ]
        )  # fmt: skip
        for member in session.exec(select(PairingMember)):
            member.end_reason = MemberEndReason.HEALTH
        _as_the_account(session, person, plan)
    return person


def _ended(mentee_id: UUID, mentor_id: UUID) -> dict[str, Any]:
    link = {"mentee_id": str(mentee_id), "mentor_id": str(mentor_id), "slot": "s", "cause": "RULE"}
    return link | {"reasons": ["DISCIPLINE", "OCCUPIED"], "replaced_by": None}


def _as_the_account(session: Session, person: Person, plan: MatchPlan) -> None:
    """What the account has written, under its login, and tokens with names."""
    account = session.exec(select(UserAccount).where(UserAccount.login == LOGIN)).one()
    office = session.exec(select(Office).where(Office.user_id == account.id)).one()
    viewer = access.signing.Viewer(subject=LOGIN, role=Role.MENTEE)
    record(session, viewer, AuditAction.SIGNED_IN, f"UserAccount {account.id}")
    create_token(session, role=Role.MENTEE, label=f"{NAME}手机", division=None, person=person)
    row, _ = access.tokens.new_token(
        label=NAME, role=Role.MENTEE, division_id=None, person_id=person.id, office_id=office.id, scopes=None,
        expires_at=datetime(2099, 1, 1, tzinfo=UTC), author=LOGIN,
    )  # fmt: skip
    session.add(row)
    session.flush()
    row_ids: dict[str, Any] = {}
    for column in login_columns():
        key = next(iter(column.table.primary_key.columns))
        first = session.connection().execute(select(key).limit(1)).scalar_one_or_none()  # type: ignore[call-overload]
        if first is not None:
            change = column.table.update().where(key == first).values({column.name: LOGIN})
            session.connection().execute(change)
            row_ids[str(column)] = first
    assert {"pin.created_by", "match_plan.returned_by", "person.updated_by"} <= set(row_ids)
    assert plan.id is not None


def dump(database: Database, *, but: tuple[str, ...] = ()) -> str:
    """Every value of every table as text."""
    with database.engine.connect() as connection:
        rows = [
            [name, *map(str, row)]
            for name in metadata.tables
            if name not in but
            for row in connection.execute(text(f'SELECT * FROM "{name}"'))
        ]
    return json.dumps(rows, ensure_ascii=False)


def test_no_table_holds_the_name_the_login_or_a_number_of_somebody_who_left(world: World) -> None:
    person = everywhere(world)
    before = dump(world.database)
    assert before.count(NAME) > 15
    assert before.count(LOGIN) > 40
    assert NUMBER[:6] in before
    run_in_transaction(world.database, lambda s: pseudonymise_person(s, world.officer, world.cipher, person.id))
    after = dump(world.database)
    with world.database.read() as session:
        foreign = session.exec(
            select(ExportJob.purpose).where(ExportJob.county_id == world.places.foreign_county.id)
        ).one()
    # What another county wrote is about somebody else of that name.
    assert (foreign.count(NAME), after.count(NAME)) == (2, 2)
    for trace in (NUMBER, PHONE, PHONE[:3] + "****" + PHONE[-4:], NUMBER[:6] + "********" + NUMBER[-4:]):
        assert trace not in after
    # The trail cannot be changed, and says for years under which login something was done.
    assert LOGIN not in dump(world.database, but=("audit_event",))
    assert dump(world.database).count(f"'{LOGIN}'") + dump(world.database).count(f'"{LOGIN}"') == 1


def test_texts_about_others_keep_their_words_and_codes_of_class_a_about_the_person_go(world: World) -> None:
    person = everywhere(world)
    run_in_transaction(world.database, lambda s: pseudonymise_person(s, world.officer, world.cipher, person.id))
    said = f"与{PSEUDONYM}（{PSEUDONYM}）协商"
    with world.database.read() as session:
        plan = session.exec(select(MatchPlan)).one()
        texts = [plan.return_reason, plan.withdraw_reason, session.exec(select(MatchPolicy.note)).first()]
        texts += [session.exec(select(Pin.reason)).one(), session.exec(select(RuleRelease.reason)).one()]
        texts.append(world.cipher.decrypt(session.exec(select(PlanAdjustment.reason_encrypted)).one())[2:])
        wish = session.exec(select(Preference)).one()
        texts.append(world.cipher.decrypt(wish.reason_encrypted or "")[2:])
        assert texts == [said] * 7
        assert wish.approved_by == PSEUDONYM
        assert session.exec(select(ImportBatch.file_name)).one() == f"{PSEUDONYM}.xlsx"
        assert world.cipher.decrypt(session.exec(select(Exclusion.source_encrypted)).one()) == "别的来信"
        mentee = session.exec(select(Mentee).where(Mentee.person_id == person.id)).one()
        gaps = {gap.mentee_id == mentee.id: gap for gap in session.exec(select(Shortfall))}
        assert (gaps[True].reasons, gaps[False].reasons) == ([OPEN], [RESTRICTED, OPEN])
        assert gaps[False].note == said
        repair = session.exec(select(PlanRepair)).one()
        assert [link["reasons"] for link in repair.ended] == [["OCCUPIED"], ["DISCIPLINE", "OCCUPIED"]]
        ended = session.exec(select(PairingMember.end_reason, PairingMember.mentor_id)).all()
        assert [reason for reason, _ in ended].count(None) in range(1, len(ended))


def test_the_login_of_a_closed_account_is_nobody_elses_later(world: World) -> None:
    person = everywhere(world)
    run_in_transaction(world.database, lambda s: pseudonymise_person(s, world.officer, world.cipher, person.id))
    draft = access.UserDraft(login=LOGIN, name="别的人")
    first = access.first_password(draft)
    with pytest.raises(DuplicateError):
        run_in_transaction(world.database, lambda s: access.create_user(s, SYSTEM_VIEWER, draft, first))


def test_an_account_that_is_something_else_by_now_keeps_its_login_and_only_loses_the_office(world: World) -> None:
    person = everywhere(world)
    with world.database.write() as session:
        account = session.exec(select(UserAccount).where(UserAccount.login == LOGIN)).one()
        county = session.exec(select(Division).where(col(Division.id) == person.county_id)).one()
        session.add(
            Office(user_id=account.id, role=Role.READER, division_id=county.id, valid_from=date(2099, 1, 1), **BY)
        )
        own = session.exec(select(Office).where(Office.person_id == person.id)).one()
        own.valid_to = date(2090, 1, 1)
        session.add(own)
        later = {"valid_from": date(2095, 1, 1), "valid_to": date(2096, 1, 1)}
        session.add(Office(user_id=account.id, role=Role.MENTEE, person_id=person.id, **later, **BY))
    run_in_transaction(world.database, lambda s: pseudonymise_person(s, world.officer, world.cipher, person.id))
    today = local_day(utc_now())
    with world.database.read() as session:
        assert session.exec(select(UserAccount.login)).all() == [LOGIN]
        # Nothing lasts until midnight: neither the office, nor a session under it; what lay ahead is gone.
        offices = session.exec(select(Office).where(Office.user_id == account.id).order_by(col(Office.valid_from)))
        assert [(office.role, office.valid_to) for office in offices] == [
            (Role.MENTEE, today - timedelta(days=1)),
            (Role.READER, None),
        ]
        assert office_on(session, account.id, today) is None
        assert session.exec(select(UserSession)).one().ended_at is not None
        ended = session.exec(select(AuditEvent).where(AuditEvent.action == "OFFICE_ENDED")).all()
    assert sorted((event.detail["valid_to"] for event in ended), key=str) == [
        ["2090-01-01", (today - timedelta(days=1)).isoformat()],
        ["2096-01-01", None],
    ]
    assert {event.county_id for event in ended} == {person.county_id}


def test_an_office_of_this_very_day_ends_with_it(world: World) -> None:
    person, today = everywhere(world), local_day(utc_now())
    with world.database.write() as session:
        session.exec(select(Office).where(Office.person_id == person.id)).one().valid_from = today
    run_in_transaction(world.database, lambda s: pseudonymise_person(s, world.officer, world.cipher, person.id))
    with world.database.read() as session:
        office = session.exec(select(Office).where(Office.person_id == person.id)).one()
        assert (office.valid_from, office.valid_to) == (today, today)
        assert session.exec(select(UserAccount.state)).one() is UserState.DISABLED


def test_the_file_of_sqlite_holds_none_of_it_either(sqlite_database: Database, cipher: PersonalDataCipher) -> None:
    world = make_world(sqlite_database, cipher)
    person = everywhere(world)
    with sqlite_database.write() as session:
        for job in session.exec(select(ExportJob).where(ExportJob.county_id == world.places.foreign_county.id)):
            session.delete(job)
    folder = Path(sqlite_database.engine.url.database or "").parent

    def readable() -> list[str]:
        raw = b"".join(path.read_bytes() for path in folder.glob("touyan.db*"))
        return [trace for trace in (NAME, PHONE[:3] + "****" + PHONE[-4:]) if trace.encode() in raw]

    assert len(readable()) == 2
    run_in_transaction(sqlite_database, lambda s: pseudonymise_person(s, world.officer, world.cipher, person.id))
    assert sqlite_database.empty_log()
    assert readable() == []


def test_a_name_of_one_character_spoils_no_remark_of_others(world: World) -> None:
    person = published_and_left(world)
    with world.database.write() as session:
        session.get_one(Person, person.id).name = "人"
        plan = session.exec(select(MatchPlan)).one()
        plan.return_reason = "人选需调整，请本人确认"
        session.add(plan)
    run_in_transaction(
        world.database, lambda session: pseudonymise_person(session, world.officer, world.cipher, person.id)
    )
    with world.database.read() as session:
        assert session.exec(select(MatchPlan.return_reason)).one() == "人选需调整，请本人确认"
        assert session.get_one(Person, person.id).name == PSEUDONYM


def test_sheets_headers_and_forms_that_name_the_person_say_it_no_more(world: World) -> None:
    """A file with a sheet for each person, of rows that do not name them; and a form that names who signs it."""
    people = [published_and_left(world)]
    with world.database.write() as session:
        other = world.person(session, world.places.guihua.id)
        other.name = "别的人"
        session.add(other)
        people.append(other)
        county_id = people[0].county_id
        batch = ImportBatch(
            county_id=county_id, file_name="a", file_sha256="1" * 64, state=ImportState.READY,
            mappings={NAME: {"kind": None, "header_row": None, "columns": {}}},
            sheets_encrypted=world.cipher.encrypt(f'[{{"name": "{NAME}"}}, {{"name": "别的人"}}]'), **BY,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        session.add(ImportSource(batch_id=batch.id, content_encrypted=world.cipher.encrypt("文件")))
        for sheet in (NAME, "别的人"):
            session.add(
                ImportRow(batch_id=batch.id, sheet=sheet, row_number=3, kind="POOLS", change=RowChange.UNCHANGED)
            )
            session.add(
                ImportIssue(
                    batch_id=batch.id, sheet=sheet, cell="A1", code="UNRECOGNISED_SHEET", severity=Severity.WARNING,
                    message=f"See {sheet}!3.", message_zh=f"见{sheet}!3。",
                )
            )  # fmt: skip
        for header in (f"{NAME}的电话", "联系电话"):
            common = {"sender_code": "520624000000", "kind": "MENTORS", "column_key": "phone"}
            session.add(ImportMapping(county_id=county_id, header=header, **common, **BY))
        for division in (world.places.county, world.places.prefecture, world.places.foreign_county):
            texts = {"sign_off": f"审核人：{NAME}", "sheet_name": f"{'表' * 28}{NAME}"[:31]}
            session.add(FormText(division_id=division.id, form=ExportForm.MENTOR_POOL, texts=texts, **BY))
    for person in people:
        run_in_transaction(
            world.database, partial(pseudonymise_person, viewer=world.officer, cipher=world.cipher, person_id=person.id)
        )
    codes = sorted(person.code for person in people)
    with world.database.read() as session:
        kept = session.get_one(ImportBatch, batch.id)
        assert (kept.mappings, kept.sheets_encrypted) == ({}, None)
        assert session.exec(select(ImportSource.content_encrypted)).one() is None
        for table in (ImportRow, ImportIssue):
            assert sorted(session.exec(select(table.sheet).where(table.batch_id == batch.id))) == codes
        messages = session.exec(select(ImportIssue.message, ImportIssue.message_zh)).all()
        assert sorted(messages) == [(f"See {code}!3.", f"见{code}!3。") for code in codes]
        assert session.exec(select(ImportMapping.header)).all() == ["联系电话"]
        forms = {row.division_id: row.texts for row in session.exec(select(FormText))}
    foreign = forms.pop(world.places.foreign_county.id)
    assert foreign["sign_off"] == f"审核人：{NAME}"
    assert [texts["sign_off"] for texts in forms.values()] == [f"审核人：{PSEUDONYM}"] * 2
    assert all(len(texts["sheet_name"]) <= 31 and NAME not in texts["sheet_name"] for texts in forms.values())
