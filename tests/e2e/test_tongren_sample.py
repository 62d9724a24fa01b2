"""The Tongren sample through the whole main job: workbooks, import, run, publication, exported roster."""

import io
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import openpyxl
import orjson
import pytest
from sqlmodel import col, select

from app.access import Viewer, viewer_for_division
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.demo import create_sample_program
from app.models import (
    Division,
    MatchPlan,
    MatchPolicy,
    MatchRun,
    MatchSnapshot,
    Mentee,
    Mentor,
    PairingProgram,
    Person,
    PlanItem,
    Roster,
    RosterEntry,
    Shortfall,
)
from app.models.vocabulary import ExportFormat, ImportState, MenteeKind, ReasonCode, Role, RunMode, RunState
from app.rosters.exporter import ExportDraft
from app.rosters.importer import upload_workbook
from app.sample.catalog import PROGRAMS, Sample
from app.sample.load import county_codes, load_places, write_workbooks
from app.services.imports import commit_import
from app.services.plans import approve_match_plan, submit_match_plan
from app.services.publication import publish_match_plan
from app.services.runs import RunDraft, replay, run_here, start_match_run
from matching import Facts, Policy, explainer_of_result
from matching.files import facts_from_json
from matching.verify import verify
from tests.exports import exported
from tests.matching.oracles import most_seats, reasons_by_hand
from tests.servers import opened

pytestmark = pytest.mark.slow


@dataclass(slots=True)
class Published:
    """The published programme of the sample."""

    database: Database
    cipher: PersonalDataCipher
    officer: Viewer
    workbooks: list[Path]
    program: PairingProgram
    run_id: UUID
    plan: MatchPlan
    facts: Facts
    policy: Policy
    roster_id: UUID

    def links(self) -> list[tuple[str, str, str]]:
        with self.database.read() as session:
            items = session.exec(select(PlanItem).where(PlanItem.plan_id == self.plan.id)).all()
        return [(str(item.mentee_id), item.slot_code, str(item.mentor_id)) for item in items]


@pytest.fixture(scope="module")
def published(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, cipher: PersonalDataCipher
) -> Iterator[Published]:
    folder = tmp_path_factory.mktemp("tongren")
    path = folder / "touyan.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = opened(f"sqlite:///{path}")
    sample = Sample("tongren")
    from app.access import SYSTEM_VIEWER

    run_in_transaction(database, lambda s: load_places(s, SYSTEM_VIEWER, sample))
    workbooks = write_workbooks(sample, folder)
    with database.read() as session:
        city = session.exec(select(Division).where(Division.code == "520600000000")).one()
        officer = viewer_for_division(session, subject="officer", role=Role.PREFECTURE_OFFICER, division=city)
        approver = viewer_for_division(session, subject="approver", role=Role.PREFECTURE_OFFICER, division=city)
    for county, workbook in zip(county_codes(sample), workbooks, strict=True):
        import_one(database, cipher, officer, county, workbook)
    program = run_in_transaction(database, lambda s: create_sample_program(s, officer, PROGRAMS["tongren"]))
    draft = RunDraft(program_id=program.id, mode=RunMode.FINAL, seed=1)
    run_id = start_match_run(database, officer, draft, enqueue=lambda _session, _run_id: None)
    run_here(database, run_id)
    with database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
        run = session.get_one(MatchRun, run_id)
        snapshot = session.get_one(MatchSnapshot, run.snapshot_hash)
        facts = facts_from_json(orjson.loads(zlib.decompress(snapshot.content)))
        policy = Policy.from_json(session.get_one(MatchPolicy, run.policy_id).content)
    run_in_transaction(database, lambda s: submit_match_plan(s, officer, plan.id))
    run_in_transaction(database, lambda s: approve_match_plan(s, approver, plan.id, "李批准", approve_shortfalls=True))
    roster = run_in_transaction(database, lambda s: publish_match_plan(s, approver, plan.id))
    yield Published(database, cipher, officer, workbooks, program, run_id, plan, facts, policy, roster.id)
    database.dispose()


def import_one(
    database: Database, cipher: PersonalDataCipher, viewer: Viewer, county: str, path: Path
) -> dict[str, int]:
    data = path.read_bytes()
    batch = run_in_transaction(
        database,
        lambda s: upload_workbook(s, viewer, cipher, county_code=county, file_name=path.name, data=data),
    )
    assert batch.state is ImportState.READY
    run_in_transaction(database, lambda s: commit_import(s, viewer, cipher, batch.id))
    return batch.counts


def test_the_workbooks_bring_1216_candidates_and_2432_mentors_of_10_counties(published: Published) -> None:
    with published.database.read() as session:
        mentees = session.exec(select(Mentee)).all()
        mentors = session.exec(select(Mentor)).all()
        codes = session.exec(select(Person.code)).all()
    assert (len(mentees), len(mentors)) == (1216, 2432)
    assert {mentee.kind for mentee in mentees} == {MenteeKind.RESERVE_CANDIDATE}
    assert len({mentee.county_id for mentee in mentees}) == 10
    assert len(set(codes)) == len(codes)


def test_the_filled_seats_are_a_maximum_flow_found_another_way(published: Published) -> None:
    taking_part = {link[0] for link in published.links()}
    with published.database.read() as session:
        gaps = session.exec(select(Shortfall).where(Shortfall.plan_id == published.plan.id)).all()
    taking_part |= {str(gap.mentee_id) for gap in gaps}
    total = 0
    for county in sorted({mentee.county for mentee in published.facts.mentees}):
        part = replace(
            published.facts,
            mentees=tuple(m for m in published.facts.mentees if m.county == county),
            mentors=tuple(m for m in published.facts.mentors if m.pool_county == county),
        )
        total += most_seats(part, published.policy, taking_part)
    assert len(published.links()) == total == published.plan.metrics["n_filled"]
    assert len(published.links()) + len(gaps) == 2 * len(taking_part)


def test_every_empty_seat_states_the_reasons_that_a_look_by_hand_finds(published: Published) -> None:
    links = published.links()
    with published.database.read() as session:
        gaps = session.exec(select(Shortfall).where(Shortfall.plan_id == published.plan.id)).all()
        assert session.get_one(MatchRun, published.run_id).state is RunState.SOLVED_WITH_SHORTFALL
    assert len(gaps) > 0
    for gap in gaps:
        truth = reasons_by_hand(published.facts, published.policy, links, str(gap.mentee_id), gap.slot_code)
        stated = [(reason["code"], reason["count"]) for reason in gap.reasons]
        if truth["would_open"]:
            assert stated.pop() == (ReasonCode.TOWNSHIP_RULE, truth["would_open"])
        if truth["is_scope_empty"]:
            assert stated == [(ReasonCode.NO_ELIGIBLE_MENTOR_IN_SCOPE, 0)]
        else:
            assert dict(stated) == truth["total"]
            assert stated[0][0] in truth["alone"] or not truth["alone"]


def test_the_plan_breaks_no_rule_and_its_replay_is_the_same_plan(published: Published) -> None:
    assert verify(published.facts, published.policy, published.links()) == ()
    again = replay(published.database, published.officer, published.run_id)
    assert sorted((seat.mentee_id, seat.slot, seat.mentor_id) for seat in again.seats) == sorted(published.links())


def test_the_same_files_imported_again_change_nothing(published: Published) -> None:
    sample = Sample("tongren")
    for county, workbook in list(zip(county_codes(sample), published.workbooks, strict=True))[:3]:
        counts = import_one(published.database, published.cipher, published.officer, county, workbook)
        assert (counts["new"], counts["changed"], counts["rejected"]) == (0, 0, 0)
        assert counts["unchanged"] > 100


def test_the_exported_roster_lists_every_mentee_once_in_official_order(published: Published) -> None:
    draft = ExportDraft(roster_id=published.roster_id, format=ExportFormat.XLSX, purpose="核对")
    job = exported(published.database, published.officer, draft)
    assert job.content is not None
    sheet = openpyxl.load_workbook(io.BytesIO(job.content)).active
    assert sheet is not None
    numbers = [row[0] for row in sheet.iter_rows(values_only=True) if isinstance(row[0], int)]
    with published.database.read() as session:
        entries = session.exec(
            select(RosterEntry).where(RosterEntry.roster_id == published.roster_id).order_by(col(RosterEntry.position))
        ).all()
        roster = session.get_one(Roster, published.roster_id)
    assert numbers == list(range(1, len(entries) + 1))
    assert job.row_count == len(entries)
    villages = [entry.content["village_code"] for entry in entries]
    assert all(a <= b for a, b in pairwise(villages))
    assert roster.title == "铜仁市2025年村级后备力量“2+1”结对帮带花名册"
    seats = Counter("shortfall" in seat for entry in entries for seat in entry.content["mentors"])
    assert seats[False] == len(published.links())


def test_the_parts_of_every_explanation_add_up_to_the_score_of_the_seat(published: Published) -> None:
    result = replay(published.database, published.officer, published.run_id)
    assert sorted((seat.mentee_id, seat.slot, seat.mentor_id) for seat in result.seats) == sorted(published.links())
    context = explainer_of_result(published.facts, published.policy, result)
    for seat in result.seats:
        said = context.explain_seat(seat.mentee_id, seat.slot, n_alternatives=0)
        assert said.seat == seat
        assert sum(part.points for part in said.seat.contributions) == seat.score
    assert len(result.seats) == 2372
