"""Adjusting a plan of 1,216 candidates and 2,432 mentors by hand is answered within two seconds."""

import random
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest

from app.access import SYSTEM_VIEWER
from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import PinClashError
from app.models import (
    Division,
    MatchPlan,
    MatchPolicy,
    MatchRun,
    MatchSnapshot,
    Mentee,
    Mentor,
    MentorPool,
    PairingProgram,
    Person,
    PlanItem,
    Shortfall,
)
from app.models.vocabulary import (
    DivisionKind,
    DivisionLevel,
    MenteeKind,
    PlanState,
    ProgramKind,
    RunMode,
    RunState,
)
from app.services.adjustments import (
    Adjusted,
    AdjustmentDraft,
    ForbidDraft,
    PlanPinDraft,
    UndoDraft,
    adjust_match_plan,
    undo_plan_adjustment,
)
from app.services.runs.plan_rows import item_values, levels_json, metrics_json, shortfall_values
from matching import Facts, Policy, solve
from matching.adjust import Link, describe
from matching.build import build
from matching.files import facts_bytes, facts_hash
from matching.policy import TONGREN_2_PLUS_1
from matching.result import filled_seats
from matching.solution import Solution
from matching.solvers.teams import solve as teams
from tests.benchmarks.instances import tongren_size
from tests.matching.factories import links
from tests.servers import TEST_DATA_KEY as KEY

LIMIT_S = 2.0
"""An officer should not wait longer for an answer; printed beside what it took, because machines differ."""
BY = {"created_by": "bench", "updated_by": "bench"}
FIRST = "TOWNSHIP_MENTOR"


def key(text: str) -> str:
    return str(uuid5(NAMESPACE_OID, text))


def with_keys(world: Facts) -> Facts:
    """The facts with keys such as tables have."""
    return replace(
        world,
        mentees=tuple(replace(m, id=key(m.id), person_id=key(m.person_id)) for m in world.mentees),
        mentors=tuple(replace(m, id=key(m.id), person_id=key(m.person_id)) for m in world.mentors),
        kinships=tuple(replace(k, person_a=key(k.person_a), person_b=key(k.person_b)) for k in world.kinships),
        exclusions=tuple(
            replace(e, mentee_person=key(e.mentee_person), mentor_person=key(e.mentor_person)) for e in world.exclusions
        ),
        preferences=tuple(
            replace(p, from_person=key(p.from_person), to_person=key(p.to_person)) for p in world.preferences
        ),
        pins=(),
        published=(),
    )


def first_teams(world: Facts, rules: Policy) -> tuple[Link, ...]:
    """The first plan that the team solver comes to; how good it is does not matter here."""
    problem = build(world, rules)
    plans = tuple(
        teams.arcs_of(component, next(teams.stages(teams.room_of(component, problem), seed=0)).members)
        for component in problem.components
    )
    seats = filled_seats(problem, Solution(chosen=plans), rules, has_roster=False)
    return tuple((seat.mentee_id, seat.slot, seat.mentor_id) for seat in seats)


def store(database: Database, world: Facts, rules: Policy, plan_links: tuple[Link, ...]) -> UUID:
    """Write people, run and plan straight into the tables; the id of the plan."""
    plan = describe(world, rules, plan_links)
    with database.write() as session:
        counties: dict[str, UUID] = {}
        prefecture = Division(
            code="520600000000", name="市", level=DivisionLevel.PREFECTURE, kind=DivisionKind.PREFECTURE,
            local_label="市", display_order=0, valid_from=date(2023, 1, 1), **BY,
        )  # fmt: skip
        session.add(prefecture)
        session.flush()
        pools: dict[str, MentorPool] = {}
        for code in sorted({mentee.county for mentee in world.mentees} | {m.pool_county for m in world.mentors}):
            county = Division(
                code=code, name=code, level=DivisionLevel.COUNTY, kind=DivisionKind.COUNTY, local_label="县",
                parent_id=prefecture.id, display_order=0, valid_from=date(2023, 1, 1), **BY,
            )  # fmt: skip
            county.county_id = county.id
            session.add(county)
            session.flush()
            counties[code] = county.id
            pools[code] = MentorPool(county_id=county.id, division_id=county.id, name="库", **BY)
            session.add(pools[code])
        codes = {m.person_id: (m.code, m.county) for m in (*world.mentees, *world.mentors)}
        for person_id, (code, county_code) in codes.items():
            home = counties[county_code]
            session.add(Person(id=UUID(person_id), code=code, name="甲", county_id=home, division_id=home, **BY))
        session.flush()
        for mentee in world.mentees:
            home = counties[mentee.county]
            session.add(
                Mentee(id=UUID(mentee.id), person_id=UUID(mentee.person_id), county_id=home, kind=mentee.kind,
                       village_id=home, **BY)
            )  # fmt: skip
        for mentor in world.mentors:
            pool = pools[mentor.pool_county]
            session.add(
                Mentor(id=UUID(mentor.id), person_id=UUID(mentor.person_id), county_id=pool.county_id,
                       pool_id=pool.id, category=mentor.category, state=mentor.state, **BY)
            )  # fmt: skip
        session.flush()
        program = PairingProgram(
            division_id=prefecture.id, kind=ProgramKind.TWO_PLUS_ONE, mentee_kind=MenteeKind.RESERVE_CANDIDATE,
            name="结对", year=2026, start_date=date(2026, 3, 1), end_date=date(2027, 2, 28),
            reference_date=date(2026, 3, 1), **BY,
        )  # fmt: skip
        session.add(program)
        session.flush()
        policy = MatchPolicy(
            program_id=program.id, policy_version=1, content=rules.to_json(), fingerprint=rules.fingerprint(), **BY
        )
        digest = facts_hash(world)
        session.add_all([policy, MatchSnapshot(hash=digest, content=zlib.compress(facts_bytes(world), 6))])
        session.flush()
        run = MatchRun(
            program_id=program.id, policy_id=policy.id, mode=RunMode.FINAL, state=RunState.SOLVED,
            snapshot_hash=digest, **BY,
        )  # fmt: skip
        session.add(run)
        session.flush()
        row = MatchPlan(
            run_id=run.id, program_id=program.id, label="BENCH", state=PlanState.PROPOSED,
            levels=levels_json(plan.levels), metrics=metrics_json(plan.metrics, None), **BY,
        )  # fmt: skip
        session.add(row)
        session.flush()
        homes = {mentee.id: counties[mentee.county] for mentee in world.mentees}
        session.add_all(PlanItem(plan_id=row.id, **BY, **item_values(seat, homes)) for seat in plan.seats)
        session.add_all(Shortfall(plan_id=row.id, **BY, **shortfall_values(gap, homes)) for gap in plan.shortfalls)
        return row.id


def timed(label: str, call: Callable[[], Adjusted], spent: list[float]) -> Adjusted:
    started, worked = time.perf_counter(), time.process_time()
    done = call()
    seconds, work_s = time.perf_counter() - started, time.process_time() - worked
    spent.append(work_s)
    moved = len(done.effect.ended) + len(done.effect.added)
    print(f"  {label}: {seconds:.2f} s ({work_s:.2f} s of work), {moved} links, {done.effect.n_people} people")  # noqa: T201
    return done


def measure(database: Database, world: Facts, rules: Policy, plan_links: tuple[Link, ...], label: str) -> None:
    plan_id = store(database, world, rules, plan_links)
    print(f"\nadjustment, {label}: {len(world.mentees)} x {len(world.mentors)}, {len(plan_links)} links")  # noqa: T201
    spent: list[float] = []
    home = {mentee.id: mentee.county for mentee in world.mentees}
    firsts = [link for link in plan_links if link[1] == FIRST]
    draw = random.Random(3)

    def ask(change: PlanPinDraft | ForbidDraft, *, is_preview: bool = False) -> Callable[[], Adjusted]:
        draft = AdjustmentDraft(plan_id=plan_id, changes=(change,), reason="bench", is_preview=is_preview)
        return lambda: adjust_match_plan(database, SYSTEM_VIEWER, PersonalDataCipher([KEY]), draft)

    a = draw.choice(firsts)
    timed("forbid, preview", ask(ForbidDraft(mentee_id=UUID(a[0]), mentor_id=UUID(a[2])), is_preview=True), spent)
    made = timed("forbid", ask(ForbidDraft(mentee_id=UUID(a[0]), mentor_id=UUID(a[2]))), spent)
    assert not any(link.mentee_id == UUID(a[0]) and link.mentor_id == UUID(a[2]) for link in made.effect.added)
    kept = made.adjustment_ids[0]
    n_refused = 0
    for _ in range(40):
        x, y = draw.sample(firsts, 2)
        if home[x[0]] != home[y[0]] or a[0] in (x[0], y[0]):
            continue
        pin = PlanPinDraft(mentee_id=UUID(x[0]), mentor_id=UUID(y[2]))
        try:
            timed("pin", ask(pin), spent)
        except PinClashError:
            n_refused += 1
            continue
        break
    undone = timed("undo of the first", lambda: undo_plan_adjustment(
        database, SYSTEM_VIEWER, UndoDraft(adjustment_id=kept)), spent)  # fmt: skip
    assert any(link.mentee_id == UUID(a[0]) and link.mentor_id == UUID(a[2]) for link in undone.effect.added)
    assert len(spent) >= 4
    print(f"  slowest: {max(spent):.2f} s of work, {LIMIT_S:g} s wanted; {n_refused} pins refused")  # noqa: T201


@pytest.mark.bench
def test_a_plan_of_pair_criteria_is_adjusted_within_two_seconds(sqlite_database: Database) -> None:
    world = with_keys(tongren_size()[0])
    rules = Policy.from_json({**TONGREN_2_PLUS_1.to_json(), "menteeEligibility": {}})
    measure(sqlite_database, world, rules, tuple(links(solve(world, rules))), "pair criteria")


@pytest.mark.bench
def test_a_plan_of_teams_is_adjusted_within_two_seconds(sqlite_database: Database) -> None:
    world, rules = tongren_size()
    world = with_keys(world)
    measure(sqlite_database, world, rules, first_teams(world, rules), "teams")
