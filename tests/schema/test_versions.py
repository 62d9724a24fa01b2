"""Two clients that change the same record: a stale version writes nothing, and of two at once exactly one wins."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from app.access import SYSTEM_VIEWER
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import AppError, VersionConflictError
from app.models import MatchPlan, Mentor, Person, PlanAdjustment, PlanItem, ReserveCandidate, metadata
from app.models.vocabulary import TargetPost
from app.services import adjustments, people
from schema.ids import encode_id
from schema.root import make_schema
from tests.app.services.world import make_world, populate
from tests.schema.door import Door

STALE = 999
ERRORS = "userErrors { code message messageZh path }"
CASES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "updateCadre": lambda ids: {"id": ids("Cadre", "mentee_person"), "changes": {"name": "别名"}},
    "updateReserveCandidate": lambda ids: {"id": ids("ReserveCandidate", None), "changes": {"targetPost": "DIRECTOR"}},
    "updateMentor": lambda ids: {"id": ids("Mentor", "mentor0"), "changes": {"capacity": 1}},
    "removeReserveCandidate": lambda ids: {
        "id": ids("ReserveCandidate", None),
        "outcome": "WITHDRAWN",
        "reason": "本人申请",
    },
    "endPairing": lambda ids: {"id": ids("Pairing", "pairing"), "reason": "REQUESTED"},
    "submitMatchPlan": lambda ids: {"id": ids("MatchPlan", "plan")},
    "returnMatchPlan": lambda ids: {"id": ids("MatchPlan", "plan"), "reason": "重做"},
    "approveMatchPlan": lambda ids: {"id": ids("MatchPlan", "plan"), "approverName": "审批人"},
    "publishMatchPlan": lambda ids: {"id": ids("MatchPlan", "plan")},
    "withdrawPublication": lambda ids: {"programId": ids("PairingProgram", "program"), "reason": "有误"},
    "adjustMatchPlan": lambda ids: {
        "id": ids("MatchPlan", "plan"),
        "changes": [{"pin": {"menteeId": ids("ReserveCandidate", None), "mentorId": ids("Mentor", "mentor1")}}],
        "reason": "调整",
    },
    "undoPlanAdjustment": lambda ids: {"id": ids("PlanAdjustment", "adjustment")},
    "setFormText": lambda ids: {
        "divisionId": ids("County", "county"),
        "form": "CANDIDATE_LEDGER",
        "texts": [{"key": "annex", "text": "附件12"}],
    },
    "commitImport": lambda ids: {"id": ids("ImportBatch", "import_batch")},
    "updateUser": lambda ids: {"id": ids("User", "user"), "changes": {"name": "别名"}},
    "endOffice": lambda ids: {"officeId": ids("Office", "office")},
}
WITHOUT_VERSION = {
    "createCadre": "makes a row",
    "createReserveCandidate": "makes a row",
    "createAssignedCadre": "makes a row",
    "createMentor": "makes a row",
    "createPairingProgram": "makes a row",
    "createMatchPolicyVersion": "makes the next version, the former ones never change",
    "addPin": "makes a row",
    "addExclusion": "makes a row",
    "addPreference": "makes a row",
    "releaseRule": "makes a row",
    "exportRoster": "makes a row",
    "exportForm": "makes a row",
    "resetFormText": "takes back whatever is set, which comes once",
    "correctImport": "puts texts at places whatever stood there, and answers with all that count",
    "mapImportSheet": "says what a sheet is whatever was said before, and answers with all that counts",
    "readImport": "reads once more; what was said meanwhile is read as well",
    "discardImport": "ends what is open, which comes once",
    "undoImport": "names what the commit left, row by row, and refuses where that has changed",
    "changeImportMapping": "says what a header means from now on, whatever it meant",
    "forgetImportMapping": "a header is remembered or it is not",
    "applyRosterEdits": "names the checksum of the roster, which is its version",
    "startMatchRun": "makes a row; two calls with one key make one run",
    "startRepairRun": "makes a row; two calls with one key make one run",
    "retryMatchRun": "makes a row; two calls make one run",
    "createUser": "makes a row",
    "mergePersons": "one of the two records is gone afterwards, so it comes once",
    "giveOffice": "makes a row",
    "createApiToken": "makes a row",
    "revokeApiToken": "a token is never changed but for its end, which comes once",
    "endSessions": "ends what is there, and twice is once",
    "resetPassword": "puts a new password in the place of whatever there is",
    "changePassword": "names the present password, which is the version",
    "revealPersonalData": "changes nothing; each reveal is a record of its own",
    "cancelMatchRun": "asking twice is asking once, and workers write the run meanwhile",
    "removePin": "a pin never changes: it is there or it is gone",
    "removeExclusion": "an exclusion never changes: it is there or it is gone",
}
"""Mutations without `expectedVersion`, and why they need none."""


def with_version() -> set[str]:
    mutation = make_schema()._schema.mutation_type
    assert mutation is not None
    found = set()
    for name, field in mutation.fields.items():
        asked = get_named_type(field.args["input"].type)
        assert isinstance(asked, GraphQLInputObjectType)
        if "expectedVersion" in asked.fields:
            found.add(name)
            assert str(asked.fields["expectedVersion"].type) == "Int", name
    assert found | set(WITHOUT_VERSION) == set(mutation.fields)
    return found


def test_every_mutation_that_changes_a_record_takes_its_version() -> None:
    assert with_version() == set(CASES)
    assert with_version().isdisjoint(WITHOUT_VERSION)


def dump(database: Database) -> dict[str, list[Any]]:
    """Every row of every table."""
    with database.read() as session:
        return {
            name: sorted((tuple(row) for row in session.connection().execute(sql_select(table))), key=repr)
            for name, table in metadata.tables.items()
        }


@pytest.mark.parametrize("name", CASES)
def test_a_stale_version_writes_nothing_and_says_what_to_do(door: Door, name: str) -> None:
    def ids(type_name: str, key: str | None) -> str:
        return encode_id(type_name, door.world.candidates[0] if key is None else door.world.ids[key])

    before = dump(door.database)
    asked = CASES[name](ids) | {"expectedVersion": STALE}
    input_type = name[0].upper() + name[1:] + "Input"
    query = f"mutation($input: {input_type}!) {{ {name}(input: $input) {{ {ERRORS} }} }}"
    (error,) = door.data(query, by="system", input=asked)[name]["userErrors"]
    assert (error["code"], error["path"]) == ("VERSION_CONFLICT", ["expectedVersion"])
    assert f"is at version 1, the change was made for version {STALE}" in error["message"]
    assert "Read it again" in error["message"]
    assert "请重新读取" in error["messageZh"]
    item = error["message"].split()[1]
    without_code = {
        str(door.world.ids[key]) for key in ("pairing", "plan", "user", "office", "form_text", "import_batch")
    }
    assert item.startswith("520624-") or item in without_code
    assert dump(door.database) == before


def race(units: list[Callable[[], object]]) -> list[AppError | None]:
    """Run the units at one moment on threads of their own; what each was refused with."""
    barrier, refusals = Barrier(len(units)), [None] * len(units)
    faults: list[BaseException] = []

    def run(number: int) -> None:
        barrier.wait()
        try:
            units[number]()
        except AppError as error:
            refusals[number] = error  # type: ignore[call-overload]
        except BaseException as error:
            faults.append(error)
            raise

    threads = [Thread(target=run, args=(number,)) for number in range(len(units))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    return refusals


Change = Callable[[Session, PersonalDataCipher, Any, int], object]
RACES: list[tuple[type[Any], Change, Callable[[Any], object]]] = [
    (
        Mentor,
        lambda session, _, row, n: people.update_mentor(
            session, SYSTEM_VIEWER, row.id, people.MentorChanges(capacity=5 + n), expected_version=row.version
        ),
        lambda row: row.capacity - 5,
    ),
    (
        Person,
        lambda session, cipher, row, n: people.update_cadre(
            session,
            SYSTEM_VIEWER,
            cipher,
            row.id,
            people.PersonChanges(unit_and_post=f"单位{n}"),
            expected_version=row.version,
        ),
        lambda row: int(row.unit_and_post[-1]),
    ),
    (
        ReserveCandidate,
        lambda session, cipher, row, n: people.update_reserve_candidate(
            session,
            SYSTEM_VIEWER,
            cipher,
            row.id,
            people.ReserveCandidateChanges(target_post=(TargetPost.DIRECTOR, TargetPost.COMMITTEE_MEMBER)[n]),
            expected_version=row.version,
        ),
        lambda row: (TargetPost.DIRECTOR, TargetPost.COMMITTEE_MEMBER).index(row.target_post),
    ),
]


@pytest.mark.parametrize(("table", "change", "winner_of"), RACES, ids=lambda each: getattr(each, "__name__", ""))
def test_of_two_clients_at_once_exactly_one_changes_the_record(
    database: Database,
    cipher: PersonalDataCipher,
    table: type[Any],
    change: Change,
    winner_of: Callable[[Any], object],
) -> None:
    populate(make_world(database, cipher), n=2)
    with database.read() as session:
        row = session.exec(select(table).order_by(col(table.id))).first()

    def unit(number: int) -> Callable[[], object]:
        return lambda: run_in_transaction(database, lambda session: change(session, cipher, row, number))

    refusals = race([unit(0), unit(1)])
    (loser,) = [number for number, each in enumerate(refusals) if each is not None]
    assert isinstance(refusals[loser], VersionConflictError)
    with database.read() as session:
        after = session.get_one(table, row.id)
    assert (after.version, winner_of(after)) == (row.version + 1, 1 - loser)


def test_of_two_adjustments_at_once_exactly_one_is_made(database: Database, cipher: PersonalDataCipher) -> None:
    office = make_world(database, cipher)
    populate(office, n=3)
    run_id = office.run(office.program())
    with database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
        items = session.exec(select(PlanItem).where(PlanItem.plan_id == plan.id).order_by(col(PlanItem.id))).all()

    def unit(item: PlanItem) -> Callable[[], object]:
        pin = adjustments.PlanPinDraft(mentee_id=item.mentee_id, mentor_id=item.mentor_id, slot_code=item.slot_code)
        draft = adjustments.AdjustmentDraft(
            plan_id=plan.id, changes=(pin,), reason="会议", expected_version=plan.version
        )
        return lambda: adjustments.adjust_match_plan(database, SYSTEM_VIEWER, cipher, draft)

    refusals = race([unit(items[0]), unit(items[1])])
    (loser,) = [number for number, each in enumerate(refusals) if each is not None]
    assert isinstance(refusals[loser], VersionConflictError)
    with database.read() as session:
        made = session.exec(select(PlanAdjustment)).all()
        assert [row.mentee_id for row in made] == [items[1 - loser].mentee_id]
        assert session.get_one(MatchPlan, plan.id).version == plan.version + 1
