"""Several plans, comparisons and repairs through GraphQL: who sees what of whom, and what is refused."""

from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from app.models import MatchPlan, MatchRun, Mentor, PairingProgram, PlanAdjustment, PlanItem, PlanRepair
from app.models.vocabulary import (
    AdjustmentKind,
    MentorCategory,
    MentorState,
    PlanMethod,
    PlanState,
    Relation,
    RunMode,
    TravelSource,
)
from app.services.runs import run_here
from schema.ids import encode_id, key_of
from tests.factories_graph_people import BY, COUNTY
from tests.schema.door import Door
from tests.schema.test_mutations import done, known, place, refused
from tests.schema.test_programme_mutations import OTHER_TOWNSHIP, OTHER_VILLAGE, enter_mentor
from tests.schema.test_statements import statements

COMPARE = """query($ids: [ID!]!, $first: Int! = 50) { compareMatchPlans(ids: $ids) { sharesFacts sharesPolicy
  plans { label }
  figures { figure label english: label(language: EN) unit unitLabel(language: EN) better values }
  differingMentees(first: $first) { totalCount nodes { mentee { ... on ReserveCandidate { person { code } } }
    teams { plan { label } seats { slotCode mentor { person { name } } } } } } } }"""
CHANGES = """query($id: ID!) { matchPlan(id: $id) { method methodLabel changes { maxChanges publishedLinkCount
  keptLinkCount changedLinkCount moveCount affectedPersonCount offers { maxChanges furtherSeats }
  endedLinks { totalCount nodes { slotCode cause causeLabel english: causeLabel(language: EN)
    reasons { code label } mentee { ... on ReserveCandidate { person { code } } } mentor { person { name } }
    replacedBy { person { name } } } }
  addedLinks { totalCount nodes { slotCode mentor { person { name } } replaces { person { name } } } }
  mentees { totalCount nodes { fate fateLabel emptySeatCount kept { person { name } } ended { person { name } }
    added { person { name } } } }
  mentors { totalCount nodes { fate fateLabel(language: EN) freeCapacity mentor { person { name } }
    ended { ... on ReserveCandidate { person { code } } } } } } } }"""


def second_plan(door: Door) -> str:
    """Another plan of the run: candidate 0 has another second mentor, and somebody of the other county is seated."""
    world = door.world
    with door.database.write() as session:
        program = session.get_one(PairingProgram, world.ids["program"])
        program.division_id = world.divisions["520600000000"]
        first = session.get_one(MatchPlan, world.ids["plan"])
        first.metrics = {"n_filled": 10, "same_township_share": 0.5, "min_load": 0, "max_load": 2, "n_wishes_met": 1}
        first.levels = [{"name": "SCORE", "value": 800.5, "bound": 801.0, "gap": 0.001}]
        plan = MatchPlan(
            run_id=first.run_id,
            program_id=program.id,
            label="NEAR_FIRST",
            number=1,
            method=PlanMethod.PRESET,
            state=PlanState.PROPOSED,
            weights={"geography": 0.65, "experience": 0.25, "preference": 0.1},
            levels=[{"name": "SCORE", "value": 950.0, "bound": 950.0, "gap": 0.0}],
            levels_by_policy=[{"name": "SCORE", "value": 790.0, "bound": 801.0, "gap": 0.0139}],
            metrics={"n_filled": 11, "same_township_share": 0.75, "min_load": 1, "max_load": 1, "mean_minutes": 7.5},
            **BY,
        )
        session.add_all([program, first, plan])
        session.flush()
        items = session.exec(
            select(PlanItem).where(PlanItem.plan_id == first.id).order_by(col(PlanItem.mentee_id))
        ).all()
        seats = [(item.mentee_id, item.slot_code, item.mentor_id, item.county_id) for item in items]
        moved = [
            (mentee, slot, world.ids["mentor3"], county)
            if (mentee, slot) == (world.candidates[0], "VILLAGE_MENTOR")
            else (mentee, slot, mentor, county)
            for mentee, slot, mentor, county in seats
        ]
        other = (world.ids["other_candidate"], "TOWNSHIP_MENTOR", world.ids["mentor2"], world.divisions["520625000000"])
        for mentee, slot, mentor, county in (*moved, other):
            session.add(
                PlanItem(
                    plan_id=plan.id,
                    mentee_id=mentee,
                    mentor_id=mentor,
                    slot_code=slot,
                    county_id=county,
                    score=1.0,
                    relation=Relation.SAME_TOWNSHIP,
                    travel_source=TravelSource.TABLE,
                    **BY,
                )
            )
    return encode_id("MatchPlan", plan.id)


def compared(door: Door, *ids: str, by: str = "county", **options: Any) -> Any:
    return door.data(COMPARE, by=by, ids=list(ids), **options)["compareMatchPlans"]


def test_plans_stand_side_by_side_with_their_figures(door: Door) -> None:
    second = second_plan(door)
    found = compared(door, second, known(door, "MatchPlan", "plan"))
    assert ([plan["label"] for plan in found["plans"]], found["sharesFacts"], found["sharesPolicy"]) == (
        ["NEAR_FIRST", "BALANCED"],
        True,
        True,
    )
    rows = {row["figure"]: row for row in found["figures"]}
    assert len(rows) == len(found["figures"]) == 12
    assert rows["SEATS_FILLED"] == {
        "figure": "SEATS_FILLED",
        "label": "已配岗位",
        "english": "Filled seats",
        "unit": "SEATS",
        "unitLabel": "seats",
        "better": "HIGHER",
        "values": [11.0, 10.0],
    }
    values = {name: (row["better"], row["values"]) for name, row in rows.items()}
    assert values["SAME_TOWNSHIP_SHARE"] == ("HIGHER", [75.0, 50.0])
    assert values["MEAN_MINUTES"] == ("LOWER", [7.5, None])
    assert values["LOAD_SPREAD"] == ("LOWER", [0.0, 2.0])
    assert values["WISHES_MET"] == ("HIGHER", [None, 1.0])
    # Both scores are under the policy of the run, whatever weights a plan was solved under.
    assert values["SCORE"] == ("HIGHER", [790.0, 800.5])


@pytest.mark.parametrize(
    ("by", "codes"),
    [
        ("county", ["520624-00000"]),
        ("approver", ["520624-00000"]),
        ("other_county", ["520625-00000"]),
        ("prefecture", ["520624-00000", "520625-00000"]),
        ("system", ["520624-00000", "520625-00000"]),
    ],
)
def test_only_mentees_of_the_territory_are_compared(door: Door, by: str, codes: list[str]) -> None:
    second = second_plan(door)
    differing = compared(door, known(door, "MatchPlan", "plan"), second, by=by)["differingMentees"]
    assert differing["totalCount"] == len(codes)
    shown = [node["mentee"]["person"]["code"][:6] for node in differing["nodes"]]
    assert shown == [code[:6] for code in codes]
    if by == "county":
        (node,) = differing["nodes"]
        teams = [[(s["slotCode"], s["mentor"]["person"]["name"]) for s in team["seats"]] for team in node["teams"]]
        assert [team["plan"]["label"] for team in node["teams"]] == ["BALANCED", "NEAR_FIRST"]
        assert teams == [
            [("TOWNSHIP_MENTOR", "导师0"), ("VILLAGE_MENTOR", "导师1")],
            [("TOWNSHIP_MENTOR", "导师0"), ("VILLAGE_MENTOR", "导师3")],
        ]
    if by == "other_county":
        (node,) = differing["nodes"]
        # The mentor belongs to another county: the seat is told, the person is not.
        assert node["teams"][0]["seats"] == []
        assert node["teams"][1]["seats"] == [{"slotCode": "TOWNSHIP_MENTOR", "mentor": None}]


def test_a_long_list_of_differing_mentees_is_cut_but_counted(lite: Door) -> None:
    second = second_plan(lite)
    found = compared(lite, known(lite, "MatchPlan", "plan"), second, by="system", first=1)["differingMentees"]
    assert (found["totalCount"], len(found["nodes"])) == (2, 1)
    body = lite.ask(COMPARE, by="system", ids=[known(lite, "MatchPlan", "plan"), second], first=201)
    assert body["errors"][0]["extensions"]["code"] == "INVALID_INPUT"


def test_more_people_cost_no_more_statements(door: Door) -> None:
    second, plan = second_plan(door), repair_of(door)
    counts = []
    for first in (1, 2):
        with statements(door.database) as seen:
            compared(door, known(door, "MatchPlan", "plan"), second, by="system", first=first)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 9
    for by in ("county", "prefecture"):
        with statements(door.database) as seen:
            door.data(CHANGES, by=by, id=plan)
        counts.append(len(seen))
    assert counts[2] == counts[3] <= 13


def test_comparisons_need_two_to_six_different_plans_of_one_programme_in_the_territory(lite: Door) -> None:
    first = known(lite, "MatchPlan", "plan")
    for ids in ([first], [first, first], [encode_id("MatchPlan", UUID(int=n)) for n in range(7)]):
        body = lite.ask(COMPARE, ids=ids)
        assert body["errors"][0]["extensions"]["code"] == "INVALID_INPUT"
    assert compared(lite, first, encode_id("MatchPlan", UUID(int=1))) is None
    with lite.database.write() as session:
        row = session.get_one(MatchPlan, lite.world.ids["plan"])
        other = MatchPlan(run_id=row.run_id, program_id=row.program_id, label="x", state=PlanState.PROPOSED, **BY)
        session.add(other)
    assert compared(lite, first, encode_id("MatchPlan", other.id))["differingMentees"]["totalCount"] == 5
    assert compared(lite, first, encode_id("MatchPlan", other.id), by="other_county") is None
    for by in ("reader", "township", "mentor", "mentee"):
        body = lite.ask(COMPARE, by=by, ids=[first, first])
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def repair_of(door: Door) -> str:
    """The plan as if it came from a repair that touches both counties."""
    world = door.world
    here, there = str(world.candidates[0]), str(world.ids["other_candidate"])
    mentors = [str(world.ids[f"mentor{n}"]) for n in range(3)]
    with door.database.write() as session:
        program = session.get_one(PairingProgram, world.ids["program"])
        program.division_id = world.divisions["520600000000"]
        plan = session.get_one(MatchPlan, world.ids["plan"])
        plan.method = PlanMethod.REPAIR
        for adjustment in session.exec(select(PlanAdjustment).where(PlanAdjustment.plan_id == plan.id)):
            session.delete(adjustment)
        ended = [
            {"cause": "RULE", "reasons": ["DISCIPLINE", "KINSHIP"], "replaced_by": mentors[2]},
            {"cause": "RULE", "reasons": ["TRAVEL_LIMIT"], "replaced_by": None},
        ]
        session.add(
            PlanRepair(
                plan_id=plan.id,
                max_changes=0,
                n_published=10,
                n_kept=8,
                n_changed_links=3,
                n_moves=0,
                n_people_affected=5,
                ended=[
                    {"mentee_id": mentee, "slot": "VILLAGE_MENTOR", "mentor_id": mentors[1], **link}
                    for mentee, link in zip((here, there), ended, strict=True)
                ],
                added=[{"mentee_id": here, "slot": "VILLAGE_MENTOR", "mentor_id": mentors[2], "replaces": mentors[1]}],
                mentees=[
                    {
                        "mentee_id": here,
                        "fate": "REPLACED",
                        "kept": mentors[:1],
                        "ended": mentors[1:2],
                        "added": mentors[2:],
                        "n_empty": 0,
                    },
                    {
                        "mentee_id": there,
                        "fate": "REDUCED",
                        "kept": [],
                        "ended": mentors[1:2],
                        "added": [],
                        "n_empty": 1,
                    },
                ],
                mentors=[
                    {
                        "mentor_id": mentors[1],
                        "fate": "LEFT",
                        "kept": [],
                        "ended": [here, there],
                        "added": [],
                        "free_capacity": 0,
                    }
                ],
                offers=[[2, 1]],
            )
        )
        session.add_all([program, plan])
    return encode_id("MatchPlan", plan.id)


def test_what_a_repair_changes_is_not_told_once_its_plan_is_adjusted(lite: Door) -> None:
    plan = repair_of(lite)
    assert lite.data(CHANGES, id=plan)["matchPlan"]["changes"] is not None
    with lite.database.write() as session:
        session.add(
            PlanAdjustment(
                plan_id=lite.world.ids["plan"],
                number=2,
                kind=AdjustmentKind.FORBID,
                mentee_id=lite.world.candidates[0],
                mentor_id=lite.world.ids["mentor1"],
                county_id=lite.world.divisions[COUNTY],
                reason_encrypted="x",
                created_by="x",
                updated_by="x",
            )
        )
    assert lite.data(CHANGES, id=plan)["matchPlan"]["changes"] is None


def test_a_repair_says_what_changes_and_class_a_reads_as_avoidance(door: Door) -> None:
    plan = repair_of(door)
    found = door.data(CHANGES, id=plan)["matchPlan"]
    changes = found["changes"]
    assert (found["method"], found["methodLabel"]) == ("REPAIR", "补配调整")
    counts = ("publishedLinkCount", "keptLinkCount", "changedLinkCount", "moveCount", "affectedPersonCount")
    assert [changes[name] for name in counts] == [10, 8, 3, 0, 5]
    assert (changes["maxChanges"], changes["offers"]) == (0, [{"maxChanges": 2, "furtherSeats": 1}])
    (ended,) = changes["endedLinks"]["nodes"]
    assert (ended["cause"], ended["causeLabel"], ended["english"]) == (
        "RULE",
        "回避/组织原因",
        "Avoidance or organisational reasons",
    )
    assert ended["reasons"] == [{"code": "AVOIDANCE", "label": "回避/组织原因"}]
    assert (ended["mentor"], ended["replacedBy"]) == ({"person": {"name": "导师1"}}, {"person": {"name": "导师2"}})
    assert changes["addedLinks"]["nodes"][0]["replaces"] == {"person": {"name": "导师1"}}
    (mentee,) = changes["mentees"]["nodes"]
    assert (mentee["fate"], mentee["fateLabel"], mentee["kept"]) == (
        "REPLACED",
        "更换导师",
        [{"person": {"name": "导师0"}}],
    )
    (mentor,) = changes["mentors"]["nodes"]
    assert (mentor["fate"], mentor["fateLabel"], len(mentor["ended"])) == ("LEFT", "Serves no more", 1)
    assert "DISCIPLINE" not in str(found)
    assert "KINSHIP" not in str(found)


@pytest.mark.parametrize(
    ("by", "ended", "added", "mentees", "mentors"),
    [("county", 1, 1, 1, 1), ("other_county", 1, 0, 1, 0), ("prefecture", 2, 1, 2, 1), ("system", 2, 1, 2, 1)],
)
def test_changes_are_told_of_the_territory_alone(
    door: Door, by: str, ended: int, added: int, mentees: int, mentors: int
) -> None:
    plan = repair_of(door)
    changes = door.data(CHANGES, by=by, id=plan)["matchPlan"]["changes"]
    lists = ("endedLinks", "addedLinks", "mentees", "mentors")
    assert [changes[name]["totalCount"] for name in lists] == [ended, added, mentees, mentors]
    assert [len(changes[name]["nodes"]) for name in lists] == [ended, added, mentees, mentors]
    if by == "other_county":
        (link,) = changes["endedLinks"]["nodes"]
        assert (link["causeLabel"], link["mentor"]) == ("不再符合规则", None)
        assert link["reasons"] == [{"code": "TRAVEL_LIMIT", "label": "路程超过上限"}]


def test_plans_of_other_runs_have_no_changes(lite: Door) -> None:
    found = lite.data(CHANGES, id=known(lite, "MatchPlan", "plan"))["matchPlan"]
    assert (found["method"], found["changes"]) == ("POLICY", None)


RUN = """matchRun{id state mode presets curvePoints maxChanges plans{id label number method methodLabel
  solverStatus weights{geography} curve{geography experience gap epsilon weights{geography}} sameAs{label number}
  levels{name gap} levelsByPolicy{name value bound} items{nodes{isChangedFromPublished mentor{id}}}
  changes{keptLinkCount changedLinkCount endedLinks{nodes{cause mentor{id}}}}}}"""


def test_further_plans_and_a_repair_go_from_the_mutation_to_the_plans(door: Door) -> None:
    enter_mentor(door, "镇长乙", OTHER_TOWNSHIP, "Township", "TOWNSHIP_LEADER", "TOWNSHIP_LEADER")
    enter_mentor(door, "书记乙", OTHER_VILLAGE, "Village", "VILLAGE_SECRETARY", "VILLAGE_SECRETARY")
    enter_mentor(door, "书记丙", OTHER_VILLAGE, "Village", "VILLAGE_SECRETARY", "VILLAGE_SECRETARY")
    by = "other_county"
    program = done(
        door,
        "createPairingProgram",
        "pairingProgram{id}",
        by=by,
        divisionId=place(door, "520625000000", "County"),
        kind="TWO_PLUS_ONE",
        menteeKind="RESERVE_CANDIDATE",
        name="乙县结对",
        year=2026,
        startDate="2026-03-01",
        preset="TONGREN_2_PLUS_1",
    )["id"]
    early = refused(door, "startRepairRun", RUN, by=by, programId=program)
    assert early == ("INVALID_STATE", [])
    assert refused(door, "startRepairRun", RUN, by="reader", programId=program)[0] == "FORBIDDEN"
    assert refused(door, "startRepairRun", RUN, by="county", programId=program)[0] == "NOT_FOUND"
    wrong = {"programId": program, "mode": "REPAIR"}
    assert refused(door, "startMatchRun", RUN, by=by, **wrong) == ("INVALID_INPUT", ["mode"])
    wrong = {"programId": program, "mode": "FINAL", "curvePoints": 1}
    assert refused(door, "startMatchRun", RUN, by=by, **wrong) == ("INVALID_INPUT", ["curvePoints"])

    asked = {"programId": program, "mode": "FINAL", "plans": ["NEAR_FIRST", "BALANCED"], "curvePoints": 2}
    run = done(door, "startMatchRun", RUN, by=by, idempotencyKey="k", **asked)
    assert (run["presets"], run["curvePoints"], run["maxChanges"]) == (["NEAR_FIRST", "BALANCED"], 2, None)
    run_here(door.database, key_of(run["id"], "MatchRun"))
    run = done(door, "startMatchRun", RUN, by=by, idempotencyKey="k", **asked)
    plans = run["plans"]
    assert [(plan["number"], plan["label"], plan["method"]) for plan in plans[:3]] == [
        (0, "BALANCED", "POLICY"),
        (1, "NEAR_FIRST", "PRESET"),
        (2, "BALANCED", "PRESET"),
    ]
    assert [plan["label"] for plan in plans[3:]] == [f"CURVE_{n}" for n in range(1, len(plans) - 2)]
    assert plans[1]["weights"] == {"geography": 0.65}
    assert (plans[0]["weights"], plans[0]["curve"], plans[0]["sameAs"]) == (None, None, None)
    assert plans[2]["sameAs"] == {"label": "BALANCED", "number": 0}
    assert plans[3]["curve"]["gap"] == 0
    assert plans[0]["solverStatus"] == "OPTIMAL"

    first = plans[0]["id"]
    done(door, "submitMatchPlan", "matchPlan{id}", by=by, id=first)
    done(door, "approveMatchPlan", "matchPlan{id}", by="prefecture", id=first, approverName="部长")
    done(door, "publishMatchPlan", "roster{id}", by="prefecture", id=first)
    with door.database.write() as session:
        county = door.world.divisions["520625000000"]
        seated = [key_of(item["mentor"]["id"], "Mentor") for item in plans[0]["items"]["nodes"]]
        gone = session.exec(
            select(Mentor).where(
                col(Mentor.id).in_(seated),
                Mentor.county_id == county,
                Mentor.category == MentorCategory.VILLAGE_SECRETARY,
            )
        ).one()
        gone.state = MentorState.SUSPENDED
        session.add(gone)
    repair = done(door, "startRepairRun", RUN, by=by, programId=program, idempotencyKey="r")
    assert (repair["mode"], repair["state"], repair["maxChanges"]) == ("REPAIR", "QUEUED", 0)
    run_here(door.database, key_of(repair["id"], "MatchRun"))
    repair = done(door, "startRepairRun", RUN, by=by, programId=program, idempotencyKey="r")
    (plan,) = repair["plans"]
    assert (repair["state"], plan["label"]) == ("SOLVED", "REPAIR")
    assert (plan["changes"]["keptLinkCount"], plan["changes"]["changedLinkCount"]) == (1, 2)
    (link,) = plan["changes"]["endedLinks"]["nodes"]
    assert (link["cause"], link["mentor"]["id"]) == ("RULE", encode_id("Mentor", gone.id))
    assert sorted(item["isChangedFromPublished"] for item in plan["items"]["nodes"]) == [False, True]
    done(door, "submitMatchPlan", "matchPlan{id}", by=by, id=plan["id"])
    with door.database.read() as session:
        assert session.get_one(MatchRun, key_of(repair["id"], "MatchRun")).mode is RunMode.REPAIR
    wide = done(door, "startRepairRun", "matchRun{maxChanges mode}", by=by, programId=program, maxChanges=None)
    assert wide == {"maxChanges": None, "mode": "REPAIR"}
