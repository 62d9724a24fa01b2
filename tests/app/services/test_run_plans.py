"""Several plans of one run: presets and points of the curve, what each is measured by, and what is left after a cut."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlmodel import col, select

from app.access import SYSTEM_VIEWER
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import InvalidInputError
from app.models import MatchPlan, MatchRun, MatchShare, PlanItem, ShareKind
from app.models.vocabulary import (
    MentorCategory,
    PlanMethod,
    RunMode,
    RunState,
    SolveStatus,
    WeightPreset,
)
from app.reads.progress import progress_by_run
from app.services.plan_basis import plan_basis
from app.services.programs import create_match_policy_version
from app.services.runs import RunDraft, control, replay, work
from app.services.runs.joining import links_of
from app.services.runs.plan_rows import levels_json
from app.services.runs.shares import keep_progress
from matching import PRESETS, InvalidPolicyError, Result
from matching.control import Control
from matching.policy import TONGREN_TEAMS
from tests.app.services.world import World, make_world

ALL = tuple(WeightPreset)


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


@pytest.fixture
def lone(sqlite_database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(sqlite_database, cipher)


def contested(world: World) -> None:
    """Two candidates; near novices against experienced mentors of another township and village."""
    places = world.places
    with world.database.write() as session:
        for _ in range(2):
            world.candidate(session, places.guihua.id)
        for years in (3, 5, 9, 20):
            world.mentor(session, places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER, years=years)
        for village, pool, years in (
            (places.guihua, places.banqiao, 3),
            (places.dongxin, places.banqiao, 4),
            (places.dongxin, places.banqiao, 6),
            (places.qinggang, places.tangtou, 12),
            (places.qinggang, places.tangtou, 25),
        ):
            world.mentor(session, village.id, MentorCategory.VILLAGE_SECRETARY, pool_id=pool.id, years=years)


def plans_of(world: World, run_id: UUID) -> tuple[MatchRun, Sequence[MatchPlan]]:
    with world.database.read() as session:
        plans = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id).order_by(col(MatchPlan.number))).all()
        return session.get_one(MatchRun, run_id), plans


def recorded(world: World, plan: MatchPlan) -> frozenset[tuple[str, str, str]]:
    with world.database.read() as session:
        items = session.exec(select(PlanItem).where(PlanItem.plan_id == plan.id))
        return frozenset((str(item.mentee_id), item.slot_code, str(item.mentor_id)) for item in items)


def levels(result: Result) -> list[dict[str, object]]:
    return levels_json(result.levels)


def level(stored: list[dict[str, float]], name: str) -> tuple[float, float, float]:
    found = next(each for each in stored if each["name"] == name)
    return found["value"], found["bound"], found["gap"]


def test_a_run_records_presets_and_curve_beside_the_policys_own_plan(world: World) -> None:
    contested(world)
    draft = RunDraft(program_id=world.program().id, mode=RunMode.FINAL, seed=5, plans=ALL, curve_points=4)
    run, plans = plans_of(world, world.work(draft))
    assert (run.state, run.presets, run.curve_points) == (RunState.SOLVED, list(ALL), 4)
    assert [(plan.number, plan.label, plan.method) for plan in plans[:4]] == [
        (0, "BALANCED", PlanMethod.POLICY),
        (1, "NEAR_FIRST", PlanMethod.PRESET),
        (2, "BALANCED", PlanMethod.PRESET),
        (3, "EXPERIENCE_FIRST", PlanMethod.PRESET),
    ]
    curve = plans[4:]
    assert [plan.label for plan in curve] == [f"CURVE_{number}" for number in range(1, len(curve) + 1)]
    assert [plan.number for plan in plans] == list(range(len(plans)))
    assert (curve[0].method, curve[-1].method) == (PlanMethod.NEAREST, PlanMethod.MOST_EXPERIENCED)
    assert len(curve) >= 3
    axes = [(plan.curve["geography"], plan.curve["experience"]) for plan in curve if plan.curve]
    assert axes == sorted(axes, reverse=True)
    assert [value for _, value in axes] == sorted({value for _, value in axes})
    assert {plan.solver_status for plan in plans[:4]} == {SolveStatus.OPTIMAL}
    # The preset BALANCED is the policy's own: it is not solved twice, and says whom it equals.
    assert plans[2].same_as_id == plans[0].id
    assert (plans[2].weights, plans[2].levels_by_policy) == (None, None)
    assert plans[1].weights == {"geography": 0.65, "experience": 0.25, "preference": 0.10}
    links = [recorded(world, plan) for plan in plans]
    first = {own: plans[links.index(own)].id for own in links}
    assert [plan.same_as_id for plan in plans] == [
        None if first[own] == plan.id else first[own] for plan, own in zip(plans, links, strict=True)
    ]
    assert len(set(links)) >= 3
    waiting = world.start(draft)
    with world.database.read() as session:
        shares = session.exec(select(MatchShare).where(MatchShare.run_id == waiting).order_by(col(MatchShare.number)))
        assert [(each.kind, each.variant, each.part, each.content is None) for each in shares] == [
            (ShareKind.SOLVE, 0, 0, False),
            (ShareKind.CURVE, 0, 0, True),
            (ShareKind.SOLVE, 1, 0, True),
            (ShareKind.SOLVE, 3, 0, True),
        ]


def test_gaps_say_what_a_plan_gives_up_under_the_policys_own_weights(world: World) -> None:
    contested(world)
    draft = RunDraft(program_id=world.program().id, mode=RunMode.DRY_RUN, plans=ALL, curve_points=3)
    _, plans = plans_of(world, world.work(draft))
    best = level(plans[0].levels, "SCORE")
    assert best[0] == best[1]
    for plan in plans[1:]:
        value, bound, gap = level(plan.levels_by_policy or plan.levels, "SCORE")
        assert value <= bound == best[1]
        assert gap == pytest.approx((bound - value) / max(abs(value), 1.0))
        assert (gap == 0) == (value == bound)
    assert level(plans[-1].levels, "SCORE")[2] > 0
    for plan in plans:
        assert level(plan.levels, "SEATS_FILLED") == (4.0, 4.0, 0.0)


@pytest.mark.parametrize("preset", ["pairs", "teams"])
def test_every_plan_of_a_run_can_be_replayed(world: World, preset: str) -> None:
    contested(world)
    program = world.program()
    if preset == "teams":
        content = {**TONGREN_TEAMS.to_json(), "fairness": {"mode": "WORST_TENTH", "weakTeams": "PENALISE"}}
        with world.database.write() as session:
            create_match_policy_version(session, world.officer, program.id, content)
    draft = RunDraft(program_id=program.id, mode=RunMode.FINAL, seed=2, plans=ALL[:1], curve_points=3)
    run_id = world.work(draft)
    _, plans = plans_of(world, run_id)
    assert len(plans) >= 4
    for plan in plans:
        again = replay(world.database, world.officer, run_id, number=plan.number)
        assert links_of(again) == recorded(world, plan)
        assert levels(again) == plan.levels


def test_what_a_plan_rests_on_has_its_own_weights(world: World) -> None:
    contested(world)
    draft = RunDraft(program_id=world.program().id, mode=RunMode.FINAL, plans=ALL, curve_points=2)
    _, plans = plans_of(world, world.work(draft))
    with world.database.read() as session:
        found = [plan_basis(session, session.get_one(MatchPlan, plan.id)).policy.weights.geography for plan in plans]
    assert found == [0.45, 0.65, 0.45, 0.25, 0.45, 0.45]


def test_a_plan_of_a_preset_can_be_published(world: World) -> None:
    contested(world)
    draft = RunDraft(program_id=world.program().id, mode=RunMode.FINAL, plans=ALL[:1], curve_points=2)
    _, plans = plans_of(world, world.work(draft))
    world.publish(plans[1])
    _, again = plans_of(world, world.work(draft))
    assert [plan.metrics["n_changed_links"] for plan in plans] == [None] * len(plans)
    published = recorded(world, plans[1])
    for plan in again:
        links = recorded(world, plan)
        assert plan.metrics["n_changed_links"] == len(links ^ published)
        with world.database.read() as session:
            items = session.exec(select(PlanItem).where(PlanItem.plan_id == plan.id)).all()
        for item in items:
            link = (str(item.mentee_id), item.slot_code, str(item.mentor_id))
            assert item.is_changed_from_published == (link not in published)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"curve_points": 1}, "curvePoints"),
        ({"curve_points": 10}, "curvePoints"),
        ({"curve_points": -2}, "curvePoints"),
        ({"plans": (WeightPreset.BALANCED, WeightPreset.BALANCED)}, "plans"),
        ({"mode": RunMode.REPAIR}, "mode"),
    ],
)
def test_impossible_wishes_are_refused_and_write_nothing(lone: World, changes: dict[str, object], path: str) -> None:
    contested(lone)
    values: dict[str, object] = {"program_id": lone.program().id, "mode": RunMode.DRY_RUN, **changes}
    with pytest.raises(InvalidInputError) as refused:
        lone.work(RunDraft(**values))  # type: ignore[arg-type]
    assert refused.value.path == (path,)
    with lone.database.read() as session:
        assert session.exec(select(MatchRun)).all() == []


def test_a_refused_curve_leaves_the_other_plans_and_says_why(lone: World, monkeypatch: pytest.MonkeyPatch) -> None:
    contested(lone)

    def refuse(*_: object, **__: object) -> None:
        raise InvalidPolicyError("slots.0.cap", "not with a curve")

    monkeypatch.setattr("app.services.runs.tasks.curve", refuse)
    draft = RunDraft(program_id=lone.program().id, mode=RunMode.DRY_RUN, plans=ALL[:1], curve_points=3)
    run, plans = plans_of(lone, lone.work(draft))
    assert (run.state, [plan.label for plan in plans]) == (RunState.SOLVED, ["BALANCED", "NEAR_FIRST"])
    (remark,) = [message["text"] for message in run.messages if message["kind"] == "PLANS"]
    assert remark.startswith("The curve was refused: slots.0.cap: not with a curve 无法生成权衡曲线")


def test_a_run_cancelled_after_its_own_plan_keeps_that_and_leaves_the_rest_out(world: World) -> None:
    contested(world)
    draft = RunDraft(program_id=world.program().id, mode=RunMode.FINAL, plans=ALL, curve_points=5)
    run_id = world.start(draft)
    database = world.database
    n_shares = run_in_transaction(database, lambda session: work.begin_run(session, run_id))
    for number in range(n_shares):
        task = work.take_share(database, run_id, number)
        assert task is not None
        is_cancelled = number > 0
        answer = work.solve_task(task, seed=0, control=Control(is_cancelled=lambda own=is_cancelled: own))
        with database.write() as session:
            work.keep_answer(session, run_id, number, answer)
        if number == 0:
            run_in_transaction(database, lambda session: control.cancel_match_run(session, world.officer, run_id))
    joined = work.join_run(database, run_id)
    run_in_transaction(database, lambda session: work.record_run(session, run_id, joined))
    run, plans = plans_of(world, run_id)
    assert (run.state, run.solver_status) == (RunState.CANCELLED, SolveStatus.OPTIMAL)
    # The preset BALANCED has the policy's own weights, and therefore a plan.
    assert [(plan.number, plan.label, plan.solver_status) for plan in plans] == [
        (0, "BALANCED", SolveStatus.OPTIMAL),
        (2, "BALANCED", SolveStatus.OPTIMAL),
    ]
    remarks = [message["text"] for message in run.messages if message["kind"] == "PLANS"]
    assert [remark.split(":")[0].split(".")[0] for remark in remarks] == [
        "NEAR_FIRST",
        "EXPERIENCE_FIRST",
        "The curve was ended with 0 of 5 points",
    ]


def test_a_retried_run_asks_for_the_same_plans(world: World) -> None:
    contested(world)
    draft = RunDraft(program_id=world.program().id, mode=RunMode.FINAL, seed=3, plans=ALL[1:], curve_points=3)
    first = world.work(draft)
    with world.database.write() as session:
        session.get_one(MatchRun, first).state = RunState.FAILED
    second = control.retry_match_run(world.database, world.officer, first, enqueue=lambda *_: None)
    run, _ = plans_of(world, second)
    assert second != first
    assert (run.seed, run.mode, run.presets, run.curve_points) == (3, RunMode.FINAL, list(ALL[1:]), 3)


def test_progress_adds_up_the_policys_own_shares_alone(lone: World) -> None:
    contested(lone)
    run_id = lone.start(RunDraft(program_id=lone.program().id, mode=RunMode.FINAL, plans=ALL, curve_points=2))
    with lone.database.write() as session:
        for number in range(4):
            is_curve = number == 1
            keep_progress(
                session,
                run_id,
                number,
                {"phase": "TRADE_OFF" if is_curve else "SCORE", "levels": {} if is_curve else {"SCORE": [700, 800]}},
            )
    with lone.database.read() as session:
        view = progress_by_run(session, SYSTEM_VIEWER, [run_id])[run_id]
    assert (view.n_shares, view.n_solved) == (4, 0)
    assert [(level.name, level.value, level.bound) for level in view.levels] == [("SCORE", 700, 800)]


def test_a_policy_of_custom_weights_is_named_so(lone: World) -> None:
    contested(lone)
    program = lone.program()
    content = {**PRESETS["TONGREN_2_PLUS_1"].to_json(), "weights": {"geography": 1, "experience": 1, "preference": 0}}
    with lone.database.write() as session:
        create_match_policy_version(session, lone.officer, program.id, content)
    _, plans = plans_of(lone, lone.work(RunDraft(program_id=program.id, mode=RunMode.DRY_RUN, plans=ALL[1:2])))
    assert [(plan.label, plan.method) for plan in plans] == [
        ("CUSTOM", PlanMethod.POLICY),
        ("BALANCED", PlanMethod.PRESET),
    ]
