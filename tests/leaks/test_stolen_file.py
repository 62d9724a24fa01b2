"""A stolen database file without its keys: no number, no text of class A, and no number found out by trying."""

import re
import sqlite3
from contextlib import closing
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlmodel import select

from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.models import Exclusion, MatchPlan, Mentee, Mentor, PairingMember, Person, ReserveCandidate
from app.models.vocabulary import CandidateState, ExclusionReason, ImportState, MemberEndReason
from app.rosters.importer import upload_workbook
from app.services import people
from app.services.adjustments import AdjustmentDraft, ForbidDraft, adjust_match_plan
from app.services.constraints import ExclusionDraft, PreferenceDraft, add_exclusion, add_preference
from app.services.exits import CandidateExitDraft, remove_reserve_candidate
from app.services.pairings import EndPairingDraft, end_pairing
from app.services.people import PersonChanges
from app.services.people.identity import mask_id_number, mask_phone
from tests.app.services.world import make_world, populate
from tests.factories import id_number
from tests.workbooks import CANDIDATE_HEADERS, PREFERENCE_HEADERS, add_sheet, new_workbook, to_bytes

NUMBER, PHONE = id_number(date(1985, 5, 12), 41), "13900004321"
ROW_NUMBER, ROW_PHONE = id_number(date(1986, 7, 13), 43), "13900008765"
TEXTS = {
    "exclusion": "密件甲：群众来信反映有纠纷",
    "wish": "密件乙：两家曾有土地争议",
    "end": "密件丙：立案审查期间停止帮带",
    "exit": "密件丁：因健康原因退出",
    "adjustment": "密件戊：班子会上要求回避",
    "import": "密件己：本人书面不同意",
}


@pytest.fixture
def stolen(sqlite_database: Database, cipher: PersonalDataCipher) -> Path:
    """The file of a county in the middle of its work, everything of classes A and B on file."""
    world = make_world(sqlite_database, cipher)
    populate(world, n=3)
    program = world.program()
    run_id = world.run(program)
    database, officer = sqlite_database, world.officer
    with database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
        mentees = session.exec(select(Mentee)).all()
        mentors = session.exec(select(Mentor)).all()
    forbid = ForbidDraft(mentee_id=mentees[0].id, mentor_id=mentors[0].id)
    draft = AdjustmentDraft(plan_id=plan.id, changes=(forbid,), reason=TEXTS["adjustment"])
    adjust_match_plan(database, officer, cipher, draft)
    with database.read() as session:
        plan = session.get_one(MatchPlan, plan.id)
    world.publish(plan)
    with database.write() as session:
        pair = {"mentee_person_id": mentees[1].person_id, "mentor_person_id": mentors[1].person_id}
        excluded = ExclusionDraft(**pair, reason=ExclusionReason.COMPLAINT, source=TEXTS["exclusion"])
        add_exclusion(session, officer, cipher, excluded)
        wish = PreferenceDraft(
            from_person_id=mentees[2].person_id, to_person_id=mentors[1].person_id, rank=0, reason=TEXTS["wish"],
            approved_by="李批准",
        )  # fmt: skip
        add_preference(session, officer, cipher, wish)
        member = session.exec(select(PairingMember)).first()
        assert member is not None
        end = EndPairingDraft(
            pairing_id=member.pairing_id, member_id=member.id, reason=MemberEndReason.DISCIPLINE, note=TEXTS["end"]
        )
        end_pairing(session, officer, cipher, end)
        candidate = session.exec(select(ReserveCandidate)).first()
        assert candidate is not None
        leave = CandidateExitDraft(candidate_id=candidate.id, outcome=CandidateState.REMOVED, reason=TEXTS["exit"])
        remove_reserve_candidate(session, officer, cipher, leave)
        people.update_cadre(
            session, officer, cipher, mentees[1].person_id, PersonChanges(id_number=NUMBER, phone=PHONE)
        )
    book = new_workbook()
    row = {
        "乡镇（街道）": "板桥镇",
        "村（社区）": "桂花村",
        "姓名": "赵新来",
        "身份证号": ROW_NUMBER,
        "联系电话": ROW_PHONE,
    }
    add_sheet(book, "台账", CANDIDATE_HEADERS, [row | {"培养方向": "村党组织书记", "来源渠道": "摸排储备"}])
    with database.read() as session:
        names = {person.id: person.name for person in session.exec(select(Person))}
    pair_row = {
        "填报人/姓名": names[mentees[1].person_id], "意愿对象/姓名": names[mentors[2].person_id],
        "意愿顺序": "不同意", "理由": TEXTS["import"], "批准人": "李批准",
    }  # fmt: skip
    add_sheet(book, "意愿", PREFERENCE_HEADERS, [pair_row])
    batch = run_in_transaction(
        database,
        lambda s: upload_workbook(s, officer, cipher, county_code="520624", file_name="a.xlsx", data=to_bytes(book)),
    )
    assert batch.state is not ImportState.DISCARDED
    with database.engine.connect() as connection:
        connection.connection.dbapi_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    path = Path(database.engine.url.database or "")
    database.dispose()
    return path


def forms(text: str) -> list[bytes]:
    """How a file can hold a text: as it is, in other encodings, and with JSON's escapes."""
    escaped = "".join(f"\\u{ord(char):04x}" if ord(char) > 127 else char for char in text)
    return [text.encode(), text.encode("utf-16-le"), text.encode("gb18030"), escaped.encode()]


def test_neither_the_bytes_nor_any_table_hold_a_number_or_a_text_of_class_a(stolen: Path) -> None:
    raw = b"".join(path.read_bytes() for path in sorted(stolen.parent.glob("touyan.db*")))
    assert "桂花村".encode() in raw
    assert mask_id_number(NUMBER).encode() in raw
    for secret in (NUMBER, PHONE, ROW_NUMBER, ROW_PHONE, *TEXTS.values()):
        for form in forms(secret):
            assert form not in raw, "a clear value stands in the file"
    # Every 18-digit number that could be one, whoever it belongs to.
    assert re.findall(rb"(?<!\d)[1-9]\d{5}(?:19|20)\d{9}[\dX](?!\d)", raw) == []
    n_values = 0
    with closing(sqlite3.connect(stolen)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    n_values += 1
                    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    assert not any(secret in text for secret in (NUMBER, PHONE, ROW_NUMBER, ROW_PHONE)), table
                    assert "密件" not in text, table
                    assert "\\u5bc6\\u4ef6" not in text, table
    assert len(tables) > 50
    assert n_values > 1_500


def test_without_the_key_no_number_is_found_out_by_trying_and_with_it_the_right_one_is(
    stolen: Path, cipher: PersonalDataCipher
) -> None:
    with closing(sqlite3.connect(stolen)) as connection:
        hashes = {row[0] for row in connection.execute("SELECT phone_hash FROM person WHERE phone_hash IS NOT NULL")}
        masked, token = connection.execute(
            "SELECT phone_masked, phone_encrypted FROM person WHERE phone_masked = ?", (mask_phone(PHONE),)
        ).fetchone()
    # The masked form leaves 10,000 numbers, the true one among them.
    space = [masked.replace("****", f"{middle:04d}") for middle in range(10_000)]
    assert PHONE in space
    stranger = PersonalDataCipher([Fernet.generate_key().decode()])
    assert hashes.isdisjoint(stranger.keyed_hash("phone", each) for each in space)
    for spelled in ("{}", "phone:{}"):
        assert hashes.isdisjoint(sha256(spelled.format(each).encode()).hexdigest() for each in space)
    assert [each for each in space if cipher.keyed_hash("phone", each) in hashes] == [PHONE]
    assert cipher.decrypt(token) == PHONE


def test_the_same_value_looks_different_every_time_it_is_stored(
    sqlite_database: Database, cipher: PersonalDataCipher
) -> None:
    world = make_world(sqlite_database, cipher)
    populate(world, n=1)
    with sqlite_database.write() as session:
        rows = session.exec(select(Person)).all()
        for row in rows:
            people.update_cadre(session, world.officer, cipher, row.id, PersonChanges(phone=PHONE))
        tokens = {row.phone_encrypted for row in rows}
        exclusions = [
            Exclusion(source_encrypted=cipher.encrypt("IMPORT"), reason=ExclusionReason.OTHER) for _ in range(3)
        ]
    assert len(tokens) == 3
    assert len({row.source_encrypted for row in exclusions}) == 3
