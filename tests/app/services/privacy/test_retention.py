"""What is kept no longer is let go: each duty at its day, not before, in batches, once, and recorded."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, func, select
from typer.testing import CliRunner

from app.access import create_token
from app.cli import cli
from app.config import Settings, get_settings
from app.crypto import PersonalDataCipher, WrongDataKeyError
from app.db import Database
from app.errors import ConfigurationError
from app.jobs.care import FIRST_KEEPING_S, KEEPING_EVERY_S, Care
from app.models import (
    ApiToken,
    AuditEvent,
    ExportJob,
    ImportBatch,
    ImportRow,
    MatchPlan,
    MatchRun,
    MatchShare,
    MatchSnapshot,
    PairingMember,
    Person,
    PersonFlag,
    ReserveCandidate,
    UserAccount,
    UserSession,
)
from app.models.vocabulary import (
    CandidateState,
    ExportFormat,
    ImportState,
    MemberEndReason,
    PersonFlagKind,
    PersonStatus,
    Role,
    RowChange,
    RunMode,
)
from app.rosters.exporter import ExportDraft
from app.services.privacy import retention
from app.services.privacy.retention import DUTIES, RetentionFailedError, RetentionRules, apply_retention, count_due
from tests.app.services.world import World, make_world, populate
from tests.exports import exported

RULES = RetentionRules.of(Settings())
NOW = datetime(2028, 3, 15, 4, tzinfo=UTC)
BY: dict[str, Any] = {"created_by": "t", "updated_by": "t"}


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


@pytest.fixture
def lite(sqlite_database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(sqlite_database, cipher)


def apply(world: World, now: datetime = NOW, rules: RetentionRules = RULES) -> dict[str, int]:
    """Everything that is due; the counts that are not zero."""
    *_, counts = apply_retention(world.database, world.cipher, rules, now)
    return {name: count for name, count in counts.items() if count}


def due(world: World, now: datetime = NOW) -> dict[str, int]:
    return {name: count for name, count in count_due(world.database, RULES, now).items() if count}


def test_rows_of_uploaded_files_lose_their_content_after_90_days(world: World) -> None:
    with world.database.write() as session:
        for number, age in enumerate((91, 89)):
            batch = ImportBatch(
                file_name="a", file_sha256="0" * 64, state=ImportState.COMMITTED,
                created_at=NOW - timedelta(days=age), **BY,
            )  # fmt: skip
            session.add(batch)
            session.flush()
            session.add(
                ImportRow(
                    batch_id=batch.id, sheet="s", row_number=number, kind="MENTORS", change=RowChange.NEW,
                    content_encrypted=world.cipher.encrypt("0:{}"),
                )
            )  # fmt: skip
    assert due(world) == {"import_rows": 1}
    assert apply(world) == {"import_rows": 1}
    with world.database.read() as session:
        rows = session.exec(select(ImportRow).order_by(col(ImportRow.row_number))).all()
    assert [row.content_encrypted is None for row in rows] == [True, False]


def test_facts_of_class_a_go_a_year_after_their_effect_ends(world: World) -> None:
    populate(world, n=1)
    with world.database.write() as session:
        person = session.exec(select(Person)).first()
        assert person is not None
        for end in (date(2027, 3, 14), date(2027, 3, 15), None):
            session.add(
                PersonFlag(
                    person_id=person.id, county_id=person.county_id, kind=PersonFlagKind.DISCIPLINE_IN_FORCE,
                    start_date=date(2026, 1, 1), end_date=end, **BY,
                )
            )  # fmt: skip
    assert apply(world) == {"flags": 1}
    with world.database.read() as session:
        assert {row.end_date for row in session.exec(select(PersonFlag))} == {date(2027, 3, 15), None}


def left(world: World, day: date, state: CandidateState = CandidateState.REMOVED) -> ReserveCandidate:
    """A candidate who left the pool on a day."""
    with world.database.write() as session:
        candidate = world.candidate(session, world.places.guihua.id, tags=("返乡",))
        candidate.state, candidate.exit_date = state, day
        candidate.exit_reason_encrypted = world.cipher.encrypt("表现一般")
        session.add(candidate)
    return candidate


def test_a_candidate_becomes_a_pseudonym_two_years_after_leaving_for_good(world: World) -> None:
    early, late = left(world, date(2026, 3, 14)), left(world, date(2026, 3, 15))
    promoted = left(world, date(2026, 3, 14), CandidateState.PROMOTED)
    # The reasons go after a year, and so before the persons; tags of the promoted one go with the time in the pool.
    assert apply(world) == {"exit_reasons": 3, "persons": 1, "working_data": 1}
    with world.database.read() as session:
        status = {row.id: row.status for row in session.exec(select(Person))}
        tags = {row.id: row.tags for row in session.exec(select(ReserveCandidate))}
    assert status == {
        early.person_id: PersonStatus.PSEUDONYMISED,
        late.person_id: PersonStatus.ACTIVE,
        promoted.person_id: PersonStatus.ACTIVE,
    }
    assert tags == {early.id: [], late.id: ["返乡"], promoted.id: []}
    assert apply(world) == {}


def test_who_is_a_mentor_or_holds_a_post_by_now_keeps_the_file(world: World) -> None:
    populate(world, n=1)
    with world.database.write() as session:
        mentors = [person.id for person in session.exec(select(Person)) if person.code != "520624-00001"]
        for person_id in mentors:
            candidate = world.candidate(session, world.places.guihua.id, person_id=person_id)
            candidate.state, candidate.exit_date = CandidateState.REMOVED, date(2025, 6, 1)
    assert "persons" not in due(world)
    assert "persons" not in apply(world)
    with world.database.read() as session:
        assert {row.status for row in session.exec(select(Person))} == {PersonStatus.ACTIVE}


def test_restricted_ends_of_service_fade_after_a_year(world: World) -> None:
    populate(world, n=1)
    run_id = world.run(world.program())
    with world.database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
    world.publish(plan)
    with world.database.write() as session:
        first, second = session.exec(select(PairingMember)).all()
        for member, day, reason in (
            (first, date(2027, 3, 14), MemberEndReason.HEALTH),
            (second, date(2027, 3, 15), MemberEndReason.DISCIPLINE),
        ):
            member.end_date, member.end_reason = day, reason
            member.note_encrypted = world.cipher.encrypt("病休")
    assert apply(world)["ended_members"] == 1
    with world.database.read() as session:
        faded, kept = session.get_one(PairingMember, first.id), session.get_one(PairingMember, second.id)
    assert (faded.end_reason, faded.note_encrypted) == (None, None)
    assert kept.end_reason is MemberEndReason.DISCIPLINE
    assert kept.note_encrypted is not None


def test_facts_of_runs_go_unless_a_plan_went_the_way_to_publication(world: World) -> None:
    populate(world, n=1)
    program = world.program()
    published, dropped = world.run(program), world.run(program, mode=RunMode.DRY_RUN, seed=7)
    with world.database.write() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == published)).one()
        world.candidate(session, world.places.guihua.id)
    world.publish(plan)
    other = world.run(program, mode=RunMode.DRY_RUN)
    with world.database.read() as session:
        hashes = {run.id: run.snapshot_hash for run in session.exec(select(MatchRun))}
    assert hashes[published] == hashes[dropped] != hashes[other]
    assert apply(world, datetime.now(UTC) + timedelta(days=364)) == {}
    assert apply(world, datetime.now(UTC) + timedelta(days=366))["run_facts"] == 2
    with world.database.read() as session:
        after = {run.id: run.snapshot_hash for run in session.exec(select(MatchRun))}
        assert after == {published: hashes[published], dropped: None, other: None}
        assert session.exec(select(MatchSnapshot.hash)).all() == [hashes[published]]
        assert set(session.exec(select(MatchShare.run_id))) <= {published}
        assert session.exec(select(func.count()).select_from(MatchPlan)).one() == 3


def test_files_tokens_and_records_of_files_go_at_their_days(world: World) -> None:
    populate(world, n=1)
    run_id = world.run(world.program())
    with world.database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
    roster_id = world.publish(plan)
    for days in (31, 29, 3_700):
        draft = ExportDraft(roster_id=roster_id, format=ExportFormat.CSV, purpose="存档")
        exported(world.database, world.officer, draft, now=NOW - timedelta(days=days))
    with world.database.write() as session:
        for label, days in (("alt", 31), ("neu", 29)):
            create_token(
                session, role=Role.SYSTEM_ADMIN, label=label, division=None, valid_for=timedelta(days=1),
                now=NOW - timedelta(days=days + 1),
            )  # fmt: skip
        account = UserAccount(login="alt", name="某某", password_hash="none that opens", **BY)
        session.add(account)
        session.flush()
        for number, (expires, ended) in enumerate(((31, None), (-9, 31), (29, None), (-9, None))):
            row = UserSession(
                secret_hash=f"{number}" * 64, user_id=account.id, expires_at=NOW - timedelta(days=expires),
                ended_at=None if ended is None else NOW - timedelta(days=ended),
            )  # fmt: skip
            session.add(row)
    counts = apply(world)
    assert counts["sessions"] == 2
    assert (counts["export_files"], counts["export_records"], counts["tokens"]) == (2, 1, 1)
    with world.database.read() as session:
        jobs = session.exec(select(ExportJob).order_by(col(ExportJob.created_at))).all()
        assert [job.content is None for job in jobs] == [True, False]
        assert all(job.file_sha256 for job in jobs)
        assert session.exec(select(ApiToken.label)).all() == ["neu"]


def test_batches_are_small_a_broken_round_goes_on_and_the_dry_run_changes_nothing(
    lite: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    for _ in range(5):
        left(lite, date(2026, 1, 1))
    before = due(lite)
    assert before == {"exit_reasons": 5, "persons": 5, "working_data": 5}
    assert due(lite) == before
    rounds = apply_retention(lite.database, lite.cipher, RULES, NOW)
    while not next(rounds)["persons"]:
        pass
    rounds.close()
    assert due(lite) == {"persons": 4, "working_data": 4}
    assert apply(lite) == {"persons": 4}
    with lite.database.read() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "RETENTION_APPLIED")).all()
        n_pseudonyms = session.exec(select(func.count()).where(AuditEvent.action == "PERSON_PSEUDONYMISED")).one()
    details = sorted((event.detail["counts"] for event in events), key=str)
    # Each batch in its own transaction; persons one by one, however many rows others take.
    assert details == [{"exit_reasons": 1}, *[{"exit_reasons": 2}] * 2, *[{"persons": 1}] * 5]
    assert n_pseudonyms == 5


def test_a_process_that_is_killed_has_recorded_what_it_deleted(lite: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    for _ in range(3):
        left(lite, date(2026, 1, 1))
    rounds = apply_retention(lite.database, lite.cipher, RULES, NOW)
    while not next(rounds)["exit_reasons"]:
        pass
    # Nothing has ended the round yet, as nothing would after a kill.
    with lite.database.read() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "RETENTION_APPLIED")).all()
    assert [event.detail["counts"] for event in events] == [{"exit_reasons": 2}]
    rounds.close()


def test_a_duty_that_fails_does_not_keep_the_others_and_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    left(world, date(2026, 3, 14), CandidateState.PROMOTED)
    gone = left(world, date(2026, 3, 14))

    def broken(*_: object) -> None:
        raise WrongDataKeyError("no data key opens this value")

    duties = [replace(duty, let_go=broken) if duty.name == "persons" else duty for duty in DUTIES]
    monkeypatch.setattr(retention, "DUTIES", tuple(duties))
    rounds = apply_retention(world.database, world.cipher, RULES, NOW)
    counts: dict[str, int] = {}
    with pytest.raises(RetentionFailedError, match="failed, the others were done: persons"):
        for counts in rounds:  # noqa: B007 - the last ones are looked at
            pass
    assert {name: count for name, count in counts.items() if count} == {"exit_reasons": 2, "working_data": 2}
    assert "duty persons failed: WrongDataKeyError" in caplog.text
    with world.database.read() as session:
        assert session.get_one(Person, gone.person_id).status is PersonStatus.ACTIVE


def test_a_round_that_finds_nothing_records_nothing(lite: World) -> None:
    assert apply(lite) == {}
    with lite.database.read() as session:
        actions = set(session.exec(select(AuditEvent.action)))
    assert "RETENTION_APPLIED" not in actions
    assert set(count_due(lite.database, RULES, NOW)) == {duty.name for duty in DUTIES}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOUYAN_KEEP_EXPORT_RECORD_YEARS", "2"),
        ("TOUYAN_KEEP_CANDIDATES_YEARS", "0"),
        ("TOUYAN_KEEP_IMPORT_DAYS", "400"),
        ("TOUYAN_KEEP_RUN_DAYS", "1"),
    ],
)
def test_floors_are_enforced(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    with pytest.raises(ConfigurationError, match=name):
        get_settings()
    get_settings.cache_clear()


def test_a_worker_does_one_batch_a_beat_and_begins_again_the_next_day() -> None:
    begun: list[int] = []

    def keeping() -> Iterator[object]:
        begun.append(len(begun))
        yield from ("first batch", "second batch")

    care = Care(jobs=None, keeping=keeping)  # type: ignore[arg-type]
    care.let_go(FIRST_KEEPING_S - 1)
    assert begun == []
    for _ in range(4):
        care.let_go(1.0)
    assert (begun, care.keeping_round) == ([0], None)
    care.let_go(KEEPING_EVERY_S)
    assert begun == [0, 1]


def test_the_command_tells_what_is_due_and_lets_it_go(lite: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.conftest import TEST_DATA_KEY

    monkeypatch.setenv("TOUYAN_DATA_KEYS", TEST_DATA_KEY)
    monkeypatch.setenv("TOUYAN_DATABASE_URL", str(lite.database.engine.url))
    get_settings.cache_clear()
    gone = left(lite, date(2020, 1, 1))
    run = CliRunner()
    told = run.invoke(cli, ["retention", "apply", "--dry-run"])
    assert (told.exit_code, "persons: 1 due" in told.output) == (0, True)
    told = run.invoke(cli, ["retention", "apply"])
    assert (told.exit_code, "persons: 1\n" in told.output) == (0, True)
    with lite.database.read() as session:
        code, status = session.exec(select(Person.code, Person.status).where(Person.id == gone.person_id)).one()
    assert status is PersonStatus.PSEUDONYMISED
    with monkeypatch.context() as broken:
        broken.setattr(retention, "DUTIES", (replace(DUTIES[0], find=lambda _: select(Person.no_such)),))  # type: ignore[attr-defined]
        told = run.invoke(cli, ["retention", "apply"])
        assert (told.exit_code, "failed, the others were done: import_rows" in told.stderr) == (1, True)
    told = run.invoke(cli, ["retention", "pseudonymise", code])
    assert (told.exit_code, f"{code} is a pseudonym now" in told.output) == (0, True)
    assert run.invoke(cli, ["retention", "pseudonymise", "520624-99999"]).exit_code == 1
    get_settings.cache_clear()
