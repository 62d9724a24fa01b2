"""Questions to a plan through GraphQL: exact answers, objects of the territory only, and who is refused."""

from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import select

from app.access import create_token
from app.config import Profile, Settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.main import create_app
from app.models import MatchPlan, PlanItem
from app.models.vocabulary import Role
from schema.ids import encode_id
from tests.app.services.asked import TOWNSHIP_SLOT, VILLAGE_SLOT, Asked, make_asked
from tests.factories_graph import World
from tests.schema.door import Door
from tests.schema.test_statements import statements

WHO = "... on ReserveCandidate { person { code } }"
ALTERNATIVE = f"""pricing wasEmpty slotCode score mentor {{ person {{ code }} }} leaves {{ person {{ code }} }}
  contributions {{ term points }} team {{ score }} decisive {{ name low high isExact label(language: EN) }}
  prices {{ name low high }} change {{ name value }} text textEn: text(language: EN)
  chain {{ slotCode wasEmpty becomesEmpty mentee {{ {WHO} }} leaves {{ person {{ code }} }}
    gets {{ person {{ code }} }} }}"""
EXPLAIN = f"""query($plan: ID!, $mentee: ID!, $slot: String!, $n: Int) {{
  pairingExplanation(planId: $plan, menteeId: $mentee, slotCode: $slot, alternatives: $n) {{
    mentee {{ {WHO} }} mentor {{ person {{ code }} }} slotCode isFilled score rank
    eligibleCount exclusion exclusionLabel
    contributions {{ term points }} team {{ score }} reasons {{ term termLabel points lead }}
    emptyReasons {{ code mentorCount label }} pricing pricingLabel text textEn: text(language: EN)
    alternatives {{ {ALTERNATIVE} }} }} }}"""
ALTERNATIVES = f"""query($plan: ID!, $mentee: ID!, $slot: String!, $n: Int) {{
  alternatives(planId: $plan, menteeId: $mentee, slotCode: $slot, first: $n) {{ {ALTERNATIVE} }} }}"""
WHY_NOT = f"""query($plan: ID!, $mentee: ID!, $mentor: ID!, $slot: String) {{
  whyNot(planId: $plan, menteeId: $mentee, mentorId: $mentor, slotCode: $slot) {{
    mentee {{ {WHO} }} mentor {{ person {{ code }} }} exclusion exclusionLabel pairedSlotCode hindrance hindranceLabel
    teamRules pricing rules {{ slotCode reasons labels labelsEn: labels(language: EN) }} text textEn: text(language: EN)
    alternative {{ {ALTERNATIVE} }} }} }}"""
MENTOR = f"""query($plan: ID!, $mentor: ID!) {{ mentorExplanation(planId: $plan, mentorId: $mentor) {{
  mentor {{ person {{ code }} }} menteeCount admissibleCount blocked hindrance pricing text textEn: text(language: EN)
  served {{ slotCode score rank mentee {{ {WHO} }} reasons {{ term lead }} }} best {{ {ALTERNATIVE} }} }} }}"""
SHORTFALLS = f"""query($plan: ID!) {{ shortfalls(planId: $plan) {{
  seatCount emptyCount unavoidableCount isExact policyRemedies {{ kind gain text textEn: text(language: EN) }}
  townships {{ townshipCode menteeCount seatCount shortMenteeCount claimedSeatCount ownShortage }}
  certificates {{ countyCode townshipCodes demand supply shortage mentorCount scarceMentorCount blockedBySeveralCount
    blocked {{ code mentorCount }} cores {{ demand }} claims {{ slotCodes seatCount mentee {{ {WHO} }} }}
    text textEn: text(language: EN)
    remedies {{ kind gain mentor {{ person {{ code }} }} text textEn: text(language: EN) }} }} }} }}"""


class Asking:
    """The application over the county, asked by each kind of viewer."""

    def __init__(self, database: Database, cipher: PersonalDataCipher) -> None:
        self.asked = make_asked(database, cipher)
        places, world = self.asked.world.places, World(cipher=cipher)
        with database.write() as session:
            for name, role, division in (
                ("county", Role.COUNTY_ADMIN, places.county),
                ("town", Role.COUNTY_ADMIN, places.banqiao),
                ("other_county", Role.COUNTY_ADMIN, places.foreign_county),
                ("reader", Role.READER, places.county),
                ("township_officer", Role.TOWNSHIP_OFFICER, places.banqiao),
            ):
                world.tokens[name] = create_token(session, role=role, label=name, division=division)
        settings = Settings(profile=Profile.DEVELOPMENT, data_keys=SecretStr("not used: the cipher is passed in"))
        self.door = Door(application=create_app(settings, database, cipher), world=world, database=database)
        self.plan = encode_id("MatchPlan", self.asked.plan_id)

    def id(self, name: str) -> str:
        return encode_id("ReserveCandidate" if name in "abce" else "Mentor", self.asked.ids[name])

    def variables(self, **named: Any) -> dict[str, Any]:
        found = {key: self.id(value) if key in ("mentee", "mentor") else value for key, value in named.items()}
        return {"plan": self.plan, **found}

    def data(self, query: str, *, by: str = "county", **named: Any) -> Any:
        (answer,) = self.door.data(query, by=by, **self.variables(**named)).values()
        return answer

    def code(self, name: str) -> dict[str, Any]:
        return {"person": {"code": self.asked.codes[name]}}


@pytest.fixture
def asking(database: Database, cipher: PersonalDataCipher) -> Asking:
    return Asking(database, cipher)


@pytest.fixture
def lite(sqlite_database: Database, cipher: PersonalDataCipher) -> Asking:
    return Asking(sqlite_database, cipher)


def test_a_seat_is_explained_with_its_alternatives(asking: Asking) -> None:
    found = asking.data(EXPLAIN, mentee="c", slot=VILLAGE_SLOT, n=2)
    alternatives = found.pop("alternatives")
    contributions, reasons = found.pop("contributions"), found.pop("reasons")
    codes = asking.asked.codes
    assert found == {
        "mentee": asking.code("c"),
        "mentor": asking.code("va"),
        "slotCode": VILLAGE_SLOT,
        "isFilled": True,
        "score": 35.775,
        "rank": 1,
        "eligibleCount": 4,
        "exclusion": None,
        "exclusionLabel": None,
        "team": None,
        "emptyReasons": [],
        "pricing": "FREE",
        "pricingLabel": "相对最优方案计算",
        "text": f"{codes['c']}的村级帮带干部由{codes['va']}担任，得35.78分，在4名合格导师中排第1位，"
        "较合格导师平均：地域高出7.31分、岗位类别高出2.5分、岗位经历高出1.76分。",
        "textEn": f"{codes['va']} is VILLAGE_MENTOR of {codes['c']} with 35.78 points, rank 1 of 4 eligible; ahead of "
        "their mean in geography by 7.31, category for the slot by 2.5, experience in the post by 1.76.",
    }
    assert round(sum(part["points"] for part in contributions), 4) == 35.775
    assert [(each["term"], each["termLabel"], each["lead"]) for each in reasons] == [
        ("GEOGRAPHY", "地域", 7.3125),
        ("COMPOSITION", "岗位类别", 2.5),
        ("POST", "岗位经历", 1.755),
    ]
    first, second = alternatives
    assert first["mentor"] == asking.code("vb")
    assert first["leaves"] == asking.code("va")
    assert first["decisive"] is None
    assert {(price["low"], price["high"]) for price in first["prices"]} == {(0.0, 0.0)}
    assert first["chain"] == [
        {
            "slotCode": VILLAGE_SLOT,
            "wasEmpty": False,
            "becomesEmpty": False,
            "mentee": asking.code("a"),
            "leaves": asking.code("vb"),
            "gets": asking.code("va"),
        }
    ]
    assert second["mentor"] == asking.code("tb")
    assert second["decisive"] == {"name": "SCORE", "low": 10.0, "high": 10.0, "isExact": True, "label": "Score"}
    assert asking.data(ALTERNATIVES, mentee="c", slot=VILLAGE_SLOT, n=2) == alternatives
    assert len(asking.data(ALTERNATIVES, mentee="c", slot=VILLAGE_SLOT, n=1)) == 1
    assert asking.data(EXPLAIN, mentee="c", slot=VILLAGE_SLOT, n=0)["alternatives"] == []


def test_an_empty_seat_and_one_outside_the_run_are_explained(asking: Asking) -> None:
    found = asking.data(EXPLAIN, mentee="a", slot=TOWNSHIP_SLOT)
    assert (found["isFilled"], found["mentor"], found["score"], found["rank"]) == (False, None, None, None)
    assert [(each["code"], each["mentorCount"]) for each in found["emptyReasons"]] == [
        ("ALL_AT_CAPACITY", 2),
        ("TOWNSHIP_RULE", 2),
        ("AVOIDANCE", None),
    ]
    assert "回避/组织原因" in found["text"]
    left_out = asking.data(EXPLAIN, mentee="e", slot=TOWNSHIP_SLOT)
    assert (left_out["exclusion"], left_out["exclusionLabel"]) == ("REVIEW_LEVEL", "未通过规定的审核层级")
    assert (left_out["eligibleCount"], left_out["alternatives"], left_out["contributions"]) == (0, [], [])


def test_why_not_names_rules_pairs_and_prices(asking: Asking) -> None:
    flagged = asking.data(WHY_NOT, mentee="b", mentor="d")
    assert flagged["rules"] == [
        {
            "slotCode": TOWNSHIP_SLOT,
            "reasons": ["TOWNSHIP_RULE", "AVOIDANCE"],
            "labels": ["不符合乡镇范围要求", "回避/组织原因"],
            "labelsEn": ["Township rule not met", "Avoidance or organisational reasons"],
        },
        {
            "slotCode": VILLAGE_SLOT,
            "reasons": ["AVOIDANCE"],
            "labels": ["回避/组织原因"],
            "labelsEn": ["Avoidance or organisational reasons"],
        },
    ]
    assert (flagged["alternative"], flagged["hindrance"], flagged["pairedSlotCode"]) == (None, None, None)
    assert asking.data(WHY_NOT, mentee="c", mentor="va")["pairedSlotCode"] == VILLAGE_SLOT
    priced = asking.data(WHY_NOT, mentee="b", mentor="ta", slot=VILLAGE_SLOT)
    assert priced["alternative"]["decisive"] == {
        "name": "SEATS_FILLED",
        "low": 1.0,
        "high": 1.0,
        "isExact": True,
        "label": "Seats filled",
    }
    (move,) = priced["alternative"]["chain"]
    assert (move["mentee"], move["leaves"], move["gets"]) == (asking.code("c"), asking.code("ta"), None)
    assert (move["wasEmpty"], move["becomesEmpty"]) == (False, True)
    assert {"name": "SEATS_FILLED", "value": 1.0} in priced["alternative"]["change"]
    assert asking.data(WHY_NOT, mentee="e", mentor="ta")["exclusion"] == "REVIEW_LEVEL"


def test_a_mentor_is_explained_with_whom_it_serves_or_what_keeps_it_out(asking: Asking) -> None:
    serving = asking.data(MENTOR, mentor="k")
    assert [(each["mentee"], each["rank"], each["score"]) for each in serving["served"]] == [
        (asking.code("b"), 1, 21.15)
    ]
    idle = asking.data(MENTOR, mentor="d")
    assert (idle["menteeCount"], idle["admissibleCount"], idle["blocked"]) == (3, 0, ["AVOIDANCE"])
    assert (idle["served"], idle["best"], idle["hindrance"]) == ([], None, None)


def test_shortfalls_are_diagnosed_with_certificates_and_remedies(asking: Asking) -> None:
    found = asking.data(SHORTFALLS)
    assert (found["seatCount"], found["emptyCount"], found["unavoidableCount"], found["isExact"]) == (6, 1, 1, True)
    (certificate,) = found["certificates"]
    assert (certificate["demand"], certificate["supply"], certificate["shortage"]) == (5, 4, 1)
    assert (certificate["mentorCount"], certificate["scarceMentorCount"]) == (4, 4)
    assert certificate["blocked"] == [{"code": "AVOIDANCE", "mentorCount": None}]
    assert [claim["mentee"] for claim in certificate["claims"]] == [asking.code(name) for name in "abc"]
    assert [(each["kind"], each["gain"]) for each in certificate["remedies"]] == [
        *[("RAISE_CAPACITY", 1)] * 3,
        *[("ADD_MENTORS", 1)] * 2,
    ]
    assert certificate["remedies"][0]["mentor"] == asking.code("ta")
    assert certificate["remedies"][0]["text"] == f"导师{asking.asked.codes['ta']}的名额增加1个，可补1个席位"
    assert certificate["remedies"][3]["text"] == "在板桥镇增加1名乡镇领导类导师（年限不少于3年），可补1个席位"
    assert [(each["kind"], each["text"]) for each in found["policyRemedies"]] == [
        ("RELAX_NUMBER", "将政策项每名导师帮带人数上限改为2，可补1个席位")
    ]
    assert [(row["townshipCode"], row["claimedSeatCount"]) for row in found["townships"]] == [
        ("520624101000", 4),
        ("520624102000", 1),
    ]


def test_people_outside_the_territory_are_null_and_the_counts_stay(asking: Asking) -> None:
    whole, part = (asking.data(EXPLAIN, by=by, mentee="c", slot=VILLAGE_SLOT) for by in ("county", "town"))
    assert (part["mentee"], part["mentor"]) == (whole["mentee"], whole["mentor"])
    assert len(part["alternatives"]) == len(whole["alternatives"])
    first = part["alternatives"][0]
    assert (first["mentor"], first["contributions"], first["wasEmpty"]) == (None, None, False)
    assert first["prices"] == whole["alternatives"][0]["prices"]
    assert first["leaves"] == asking.code("va")
    (move,) = first["chain"]
    assert (move["mentee"], move["leaves"], move["gets"]) == (asking.code("a"), None, asking.code("va"))
    assert (move["wasEmpty"], move["becomesEmpty"]) == (False, False)
    served = asking.data(MENTOR, by="town", mentor="k")["served"]
    assert [(each["mentee"], each["reasons"], each["rank"]) for each in served] == [(None, [], 1)]
    found = asking.data(SHORTFALLS, by="town")
    assert [claim["mentee"] for claim in found["certificates"][0]["claims"]] == [
        asking.code("a"),
        None,
        asking.code("c"),
    ]
    assert [row["townshipCode"] for row in found["townships"]] == ["520624101000"]
    everything = str([part, served, found])
    assert [name for name in ("b", "tb", "vb") if asking.asked.codes[name] in everything] == []


def questions() -> list[tuple[str, dict[str, str]]]:
    return [
        (EXPLAIN, {"mentee": "a", "slot": VILLAGE_SLOT}),
        (ALTERNATIVES, {"mentee": "a", "slot": VILLAGE_SLOT}),
        (WHY_NOT, {"mentee": "a", "mentor": "va"}),
        (MENTOR, {"mentor": "va"}),
        (SHORTFALLS, {}),
    ]


def test_plans_and_people_out_of_sight_are_absent_and_roles_without_the_permission_refused(lite: Asking) -> None:
    for query, named in questions():
        assert lite.data(query, by="county", **named) is not None
        assert lite.data(query, by="other_county", **named) is None
        for by in ("reader", "township_officer"):
            body = lite.door.ask(query, by=by, **lite.variables(**named))
            assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"]
    assert lite.data(EXPLAIN, by="town", mentee="b", slot=VILLAGE_SLOT) is None
    assert lite.data(WHY_NOT, by="town", mentee="a", mentor="vb") is None
    assert lite.data(MENTOR, by="town", mentor="tb") is None


def test_wrong_questions_are_refused_by_argument(lite: Asking) -> None:
    for query, named, path in (
        (EXPLAIN, {"mentee": "a", "slot": "MENTOR"}, ["slotCode"]),
        (EXPLAIN, {"mentee": "a", "slot": VILLAGE_SLOT, "n": 21}, ["alternatives"]),
        (EXPLAIN, {"mentee": "ta", "slot": VILLAGE_SLOT}, ["menteeId"]),
        (WHY_NOT, {"mentee": "a", "mentor": "b"}, ["mentorId"]),
    ):
        body = lite.door.ask(query, **lite.variables(**named))
        (error,) = body["errors"]
        assert (error["extensions"]["code"], error["extensions"]["inputPath"]) == ("INVALID_INPUT", path)


def test_a_plan_that_is_not_the_best_is_explained_without_prices(lite: Asking) -> None:
    asked: Asked = lite.asked
    with lite.door.database.write() as session:
        items = session.exec(select(PlanItem).where(PlanItem.mentee_id == asked.ids["b"])).all()
        session.delete(items[0])
        plan = session.get_one(MatchPlan, asked.plan_id)
        plan.version += 1
        session.add(plan)
    found = lite.data(EXPLAIN, mentee="c", slot=VILLAGE_SLOT)
    assert (found["pricing"], found["rank"], found["score"], found["alternatives"]) == ("NONE", 1, 35.775, [])
    body = lite.door.ask(ALTERNATIVES, **lite.variables(mentee="c", slot=VILLAGE_SLOT))
    assert body["errors"][0]["extensions"]["code"] == "INVALID_STATE"
    assert body["data"] == {"alternatives": None}
    assert lite.data(WHY_NOT, mentee="a", mentor="tb")["pricing"] == "NONE"


def test_no_answer_tells_of_kinship_discipline_or_exclusions(lite: Asking) -> None:
    everything = ""
    for by in ("county", "town"):
        for mentee in "abce":
            for slot in (TOWNSHIP_SLOT, VILLAGE_SLOT):
                everything += str(lite.data(EXPLAIN, by=by, mentee=mentee, slot=slot))
            for mentor in ("ta", "tb", "d", "va", "vb", "k"):
                everything += str(lite.data(WHY_NOT, by=by, mentee=mentee, mentor=mentor))
        for mentor in ("ta", "tb", "d", "va", "vb", "k"):
            everything += str(lite.data(MENTOR, by=by, mentor=mentor))
        everything += str(lite.data(SHORTFALLS, by=by))
    assert "AVOIDANCE" in everything
    for word in ("inship", "isciplin", "xcluded", "亲属", "处分", "禁止结对", "DISCIPLINE", "EXCLUDED", "KINSHIP"):
        assert word not in everything


def test_an_answer_reads_all_people_of_its_chains_in_few_statements(lite: Asking) -> None:
    lite.data(EXPLAIN, mentee="c", slot=VILLAGE_SLOT)
    with statements(lite.door.database) as few:
        lite.data(EXPLAIN, mentee="c", slot=VILLAGE_SLOT, n=1)
    with statements(lite.door.database) as many:
        lite.data(EXPLAIN, mentee="c", slot=VILLAGE_SLOT, n=5)
    assert len(few) == len(many) <= 14
