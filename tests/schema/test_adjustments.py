"""Plans adjusted by hand, pairings ended and candidates taken out, as clients ask for it."""

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import Session, select

from app.access import create_token
from app.config import Profile, Settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.main import create_app
from app.models import KinshipDeclaration, MatchPlan, Mentee, Mentor, Pairing, PairingMember, PlanItem
from app.models.vocabulary import KinshipRelation, MemberEndReason, MentorCategory, Role, RunMode
from app.services.runs import RunDraft
from schema.ids import encode_id, key_of
from tests.app.services.world import World as Office
from tests.app.services.world import make_world, populate
from tests.factories_graph import World as Tokens
from tests.schema.door import Door
from tests.schema.test_mutations import done, known, mutate

FIRST, SECOND = "TOWNSHIP_MENTOR", "VILLAGE_MENTOR"
EFFECT = """effect { ended { mentee { ... on ReserveCandidate { id } } slotCode mentor { id } otherMentor { id } }
  added { mentee { ... on ReserveCandidate { id } } slotCode mentor { id } otherMentor { id } }
  levels { name before after } emptiedSeats { slotCode reasons { code label } } filledSeats { slotCode }
  peopleCount }"""
ONES = """id number kind kindLabel reason isInForce createdBy undoneBy undoneAt slotCode
  mentee { ... on ReserveCandidate { id } } mentor { id } otherMentee { ... on ReserveCandidate { id } }"""
ADJUSTMENTS, MADE = f"adjustments {{ nodes {{ {ONES} }} }}", f"adjustments {{ {ONES} }}"


@dataclass(frozen=True, slots=True)
class Desk:
    """The application over a real plan of three pairings."""

    door: Door
    office: Office
    plan_id: str

    def seats(self) -> dict[tuple[str, str], str]:
        """Ids of mentee and mentor of every seat."""
        with self.door.database.read() as session:
            items = session.exec(select(PlanItem).where(PlanItem.plan_id == key_of(self.plan_id, "MatchPlan"))).all()
        return {
            (encode_id("ReserveCandidate", i.mentee_id), i.slot_code): encode_id("Mentor", i.mentor_id) for i in items
        }

    def plan(self, fields: str, by: str = "county") -> Any:
        query = f"query($id: ID!) {{ matchPlan(id: $id) {{ {fields} }} }}"
        return self.door.data(query, by=by, id=self.plan_id)["matchPlan"]

    def refused(self, name: str, fields: str, /, *, by: str = "county", **values: Any) -> dict[str, Any]:
        """The one user error of a mutation that left the plan as it was."""
        before = (self.seats(), self.plan("version"))
        payload = mutate(self.door, name, fields, by=by, **values)
        (error,) = payload.pop("userErrors")
        assert set(payload.values()) == {None}
        assert (self.seats(), self.plan("version")) == before
        return error  # type: ignore[no-any-return]


def open_desk(database: Database, cipher: PersonalDataCipher) -> Desk:
    office = make_world(database, cipher)
    populate(office, n=3)
    run_id = office.run(office.program())
    world = Tokens(cipher=cipher)
    with database.write() as session:
        _tokens(session, office, world)
        plan_id = session.exec(select(MatchPlan.id).where(MatchPlan.run_id == run_id)).one()
    settings = Settings(profile=Profile.DEVELOPMENT, data_keys=SecretStr("not used: the cipher is passed in"))
    door = Door(application=create_app(settings, database, cipher), world=world, database=database)
    return Desk(door=door, office=office, plan_id=encode_id("MatchPlan", plan_id))


def _tokens(session: Session, office: Office, world: Tokens) -> None:
    places = office.places
    for name, role, division in (
        ("county", Role.COUNTY_ADMIN, places.county),
        ("approver", Role.COUNTY_APPROVER, places.county),
        ("prefecture", Role.PREFECTURE_OFFICER, places.prefecture),
        ("township", Role.TOWNSHIP_OFFICER, places.banqiao),
        ("reader", Role.READER, places.county),
        ("other_county", Role.COUNTY_ADMIN, places.foreign_county),
    ):
        world.tokens[name] = create_token(session, role=role, label=name, division=division)


@pytest.fixture
def desk(database: Database, cipher: PersonalDataCipher) -> Desk:
    return open_desk(database, cipher)


@pytest.fixture
def lite_desk(sqlite_database: Database, cipher: PersonalDataCipher) -> Desk:
    return open_desk(sqlite_database, cipher)


def test_a_swap_is_previewed_made_shown_and_undone(desk: Desk) -> None:
    before = desk.seats()
    a, b, _ = sorted({mentee for mentee, _ in before})
    x, y = before[a, FIRST], before[b, FIRST]
    swap = {"swap": {"menteeId": a, "slotCode": FIRST, "otherMenteeId": b, "otherSlotCode": FIRST}}
    asked = {"id": desk.plan_id, "changes": [swap]}
    version = desk.plan("version")["version"]
    shown = mutate(desk.door, "adjustMatchPlan", f"matchPlan{{version}} {EFFECT} {MADE}", preview=True, **asked)
    assert (shown["userErrors"], shown["adjustments"], shown["matchPlan"]) == ([], [], {"version": version})
    assert desk.seats() == before
    assert desk.plan("isAdjusted adjustments{totalCount}") == {"isAdjusted": False, "adjustments": {"totalCount": 0}}
    made = mutate(
        desk.door, "adjustMatchPlan", f"matchPlan{{version isAdjusted}} {EFFECT} {MADE}", reason="会议", **asked
    )
    assert made["effect"] == shown["effect"]
    assert made["matchPlan"] == {"version": version + 1, "isAdjusted": True}
    moves = {
        (link["mentee"]["id"], link["mentor"]["id"], link["otherMentor"]["id"]) for link in made["effect"]["ended"]
    }
    assert moves == {(a, x, y), (b, y, x)}
    assert made["effect"]["peopleCount"] == 4
    levels = {level["name"]: (level["before"], level["after"]) for level in made["effect"]["levels"]}
    assert (levels["PINS"], levels["SEATS_FILLED"]) == ((0, 2), (6, 6))
    assert desk.seats() == {**before, (a, FIRST): y, (b, FIRST): x}
    (adjustment,) = made["adjustments"]
    assert {key: adjustment[key] for key in ("number", "kind", "kindLabel", "reason", "isInForce", "createdBy")} == {
        "number": 1,
        "kind": "SWAP",
        "kindLabel": "互换导师",
        "reason": "会议",
        "isInForce": True,
        "createdBy": "county",
    }
    people = (adjustment["mentee"], adjustment["mentor"], adjustment["otherMentee"])
    assert people == ({"id": a}, {"id": y}, {"id": b})
    assert desk.plan(ADJUSTMENTS)["adjustments"]["nodes"] == [adjustment]
    undone = mutate(desk.door, "undoPlanAdjustment", f"matchPlan{{isAdjusted}} {EFFECT}", id=adjustment["id"])
    assert (undone["userErrors"], undone["matchPlan"]) == ([], {"isAdjusted": False})
    assert desk.seats() == before
    (kept,) = desk.plan(ADJUSTMENTS)["adjustments"]["nodes"]
    assert (kept["isInForce"], kept["undoneBy"], bool(kept["undoneAt"])) == (False, "county", True)
    assert desk.refused("undoPlanAdjustment", "matchPlan{id}", id=adjustment["id"])["code"] == "INVALID_STATE"


def test_a_forbidden_pair_says_avoidance_and_never_why(desk: Desk) -> None:
    before = desk.seats()
    a, *_ = sorted({mentee for mentee, _ in before})
    changes = [{"forbid": {"menteeId": a, "mentorId": mentor}} for (_, slot), mentor in before.items() if slot == FIRST]
    made = mutate(desk.door, "adjustMatchPlan", f"{EFFECT} {MADE}", id=desk.plan_id, changes=changes, reason="夫妻关系")
    assert made["userErrors"] == []
    (seat,) = made["effect"]["emptiedSeats"]
    assert seat["slotCode"] == FIRST
    assert {"code": "AVOIDANCE", "label": "回避/组织原因"} in seat["reasons"]
    assert [each["reason"] for each in made["adjustments"]] == [None] * 3
    for by in ("county", "approver", "prefecture"):
        assert [each["reason"] for each in desk.plan(ADJUSTMENTS, by)["adjustments"]["nodes"]] == [None] * 3
    gaps = desk.plan("shortfalls{nodes{slotCode reasons{code}}}")["shortfalls"]["nodes"]
    assert [gap["slotCode"] for gap in gaps] == [FIRST]


def test_kinship_reads_avoidance_in_a_refusal(desk: Desk) -> None:
    with desk.door.database.write() as session:
        mentee = session.exec(select(Mentee)).all()[0]
        mentor = session.exec(select(Mentor).where(Mentor.category == MentorCategory.TOWNSHIP_OFFICER)).all()[0]
        one, two = sorted((mentee.person_id, mentor.person_id))
        session.add(
            KinshipDeclaration(
                person_a_id=one, person_b_id=two, relation=KinshipRelation.SPOUSE, source="t",
                county_id=mentee.county_id, created_by="t", updated_by="t",
            )
        )  # fmt: skip
        program = session.exec(select(MatchPlan.program_id)).one()
    run_id = desk.office.work(RunDraft(program_id=program, mode=RunMode.FINAL))
    with desk.door.database.read() as session:
        plan_id = session.exec(select(MatchPlan.id).where(MatchPlan.run_id == run_id)).one()
    pin = {"pin": {"menteeId": encode_id("ReserveCandidate", mentee.id), "mentorId": encode_id("Mentor", mentor.id)}}
    error = desk.refused(
        "adjustMatchPlan", "matchPlan{id}", id=encode_id("MatchPlan", plan_id), changes=[pin], reason="x"
    )
    assert (error["code"], error["path"]) == ("PIN_CLASH", ["changes"])
    assert "AVOIDANCE" in error["message"]
    assert "KINSHIP" not in error["message"]
    assert "亲属" not in error["messageZh"]


def test_refusals_name_the_field_and_the_version_guards(lite_desk: Desk) -> None:
    seats = lite_desk.seats()
    a, b, _ = sorted({mentee for mentee, _ in seats})
    y = seats[b, FIRST]
    pin = {"pin": {"menteeId": a, "mentorId": y, "slotCode": "NO_SLOT"}}
    fields, asked = "matchPlan{id}", {"id": lite_desk.plan_id, "reason": "x"}
    error = lite_desk.refused("adjustMatchPlan", fields, **asked, changes=[pin])
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["changes", "0", "pin", "slotCode"])
    error = lite_desk.refused("adjustMatchPlan", fields, **asked, changes=[])
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["changes"])
    pin = {"pin": {"menteeId": a, "mentorId": a}}
    error = lite_desk.refused("adjustMatchPlan", fields, **asked, changes=[pin])
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["changes", "0", "pin", "mentorId"])
    pin = {"pin": {"menteeId": a, "mentorId": y}}
    error = lite_desk.refused("adjustMatchPlan", fields, **asked, changes=[pin], expectedVersion=7)
    assert (error["code"], error["path"]) == ("VERSION_CONFLICT", ["expectedVersion"])
    error = lite_desk.refused("adjustMatchPlan", fields, id=lite_desk.plan_id, changes=[pin])
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["reason"])
    query = "mutation($input: AdjustMatchPlanInput!) { adjustMatchPlan(input: $input) { userErrors { code } } }"
    both = {**pin, "forbid": {"menteeId": a, "mentorId": y}}
    body = lite_desk.door.ask(query, input={**asked, "changes": [both]})
    assert body["errors"]
    assert lite_desk.seats() == seats


@pytest.mark.parametrize(
    ("by", "code"),
    [("approver", "FORBIDDEN"), ("reader", "FORBIDDEN"), ("township", "FORBIDDEN"), ("other_county", "NOT_FOUND")],
)
def test_roles_and_counties_without_the_right_adjust_nothing(lite_desk: Desk, by: str, code: str) -> None:
    seats = lite_desk.seats()
    a, b, _ = sorted({mentee for mentee, _ in seats})
    pin = {"pin": {"menteeId": a, "mentorId": seats[b, FIRST]}}
    for preview in (True, False):
        error = lite_desk.refused(
            "adjustMatchPlan", "matchPlan{id}", by=by, id=lite_desk.plan_id, changes=[pin], reason="x", preview=preview
        )
        assert error["code"] == code
    made = mutate(lite_desk.door, "adjustMatchPlan", MADE, id=lite_desk.plan_id, changes=[pin], reason="x")
    adjustment = made["adjustments"][0]["id"]
    assert lite_desk.refused("undoPlanAdjustment", "matchPlan{id}", by=by, id=adjustment)["code"] == code
    node = lite_desk.door.data("query($id: ID!) {node(id: $id) {id}}", by=by, id=adjustment)["node"]
    assert node == ({"id": adjustment} if by == "approver" else None)


def test_an_ended_pairing_never_tells_restricted_reasons(desk: Desk) -> None:
    with desk.door.database.read() as session:
        plan = session.get_one(MatchPlan, key_of(desk.plan_id, "MatchPlan"))
    desk.office.publish(plan)
    with desk.door.database.read() as session:
        pairings = session.exec(select(Pairing)).all()
        first, second, third = (encode_id("Pairing", pairing.id) for pairing in pairings)
        members = session.exec(select(PairingMember).where(PairingMember.pairing_id == pairings[0].id)).all()
    one, two = (encode_id("PairingMember", member.id) for member in members)
    fields = "pairing{state version members{state endReason endDate}}"
    ended = done(desk.door, "endPairing", fields, id=first, memberId=one, reason="DISCIPLINE", note="立案审查")
    assert ended["state"] == "ACTIVE"
    assert sorted((m["state"], m["endReason"] or "-") for m in ended["members"]) == [("ACTIVE", "-"), ("ENDED", "-")]
    with desk.door.database.read() as session:
        stored = session.get_one(PairingMember, members[0].id)
    assert (stored.end_reason, desk.office.cipher.decrypt(stored.note_encrypted or "")) == (
        MemberEndReason.DISCIPLINE,
        "立案审查",
    )
    last = done(
        desk.door, "endPairing", fields, id=first, memberId=two, reason="RETIRED", expectedVersion=ended["version"]
    )
    assert last["state"] == "CANCELLED"
    # Were a retirement told, what is empty beside it would tell of the rest.
    assert [m["endReason"] for m in last["members"]] == [None, None]
    refusal = desk.refused("endPairing", fields, id=first, reason="ERROR")
    assert (refusal["code"], refusal["path"]) == ("INVALID_STATE", ["id"])
    refusal = desk.refused("endPairing", fields, id=second, outcome="ENDED_BY_EXIT")
    assert (refusal["code"], refusal["path"]) == ("INVALID_INPUT", ["outcome"])
    graduated = done(desk.door, "endPairing", fields, id=second, outcome="GRADUATED")
    assert {m["endReason"] for m in graduated["members"]} == {"COMPLETED"}
    gone = mutate(
        desk.door,
        "removeReserveCandidate",
        "reserveCandidate{state exitDate version} endedPairings{id state}",
        id=encode_id("ReserveCandidate", pairings[2].mentee_id),
        outcome="PROMOTED",
        reason="当选村党支部书记",
    )
    assert gone["userErrors"] == []
    assert gone["reserveCandidate"]["state"] == "PROMOTED"
    assert gone["endedPairings"] == [{"id": third, "state": "ENDED_BY_PROMOTION"}]
    rosters = desk.door.data("{rosters{nodes{rosterVersion entries{totalCount}}}}")["rosters"]["nodes"]
    assert rosters == [{"rosterVersion": 1, "entries": {"totalCount": 3}}]
    page = desk.door.request("POST", "/graphql", json={"query": "{pairings{nodes{members{endReason}}}}"})
    assert "DISCIPLINE" not in page.text


def test_adjustments_of_the_factory_world_can_be_read_by_officers_only(lite: Door) -> None:
    plan = known(lite, "MatchPlan", "plan")
    query = "query($id: ID!) {matchPlan(id: $id) {isAdjusted adjustments{nodes{reason kind}}}}"
    found = lite.data(query, id=plan)["matchPlan"]
    assert found == {"isAdjusted": True, "adjustments": {"nodes": [{"reason": None, "kind": "FORBID"}]}}
    assert lite.data(query, by="other_county", id=plan)["matchPlan"] is None
