"""Adjusting a plan by hand: what moves, what is refused, and that every adjustment can be taken back."""

import random
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from app.access import Viewer
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import (
    DuplicateError,
    ForbiddenError,
    InvalidInputError,
    InvalidStateError,
    NotFoundError,
    PinClashError,
    VersionConflictError,
)
from app.models import (
    AuditEvent,
    KinshipDeclaration,
    MatchPlan,
    Mentee,
    Mentor,
    PairingProgram,
    Person,
    PlanAdjustment,
    PlanItem,
    PlanOrigin,
    Shortfall,
)
from app.models.vocabulary import AdjustmentKind, ExclusionReason, KinshipRelation, MentorCategory, PlanState, RunMode
from app.services import adjustments
from app.services.adjustments import (
    Adjusted,
    AdjustmentDraft,
    ForbidDraft,
    PlanPinDraft,
    SwapDraft,
    UndoDraft,
    adjust_match_plan,
    undo_plan_adjustment,
)
from app.services.constraints import ExclusionDraft, PinDraft, add_exclusion, add_pin
from app.services.plan_basis import plan_basis
from app.services.plans import submit_match_plan
from app.services.programs import create_match_policy_version
from matching import explainer, verify
from matching.adjust import adjust, solution_of
from matching.build import build
from matching.policy import TONGREN_2_PLUS_1, TONGREN_TEAMS
from tests.app.services.world import World, make_world, populate

FIRST, SECOND = "TOWNSHIP_MENTOR", "VILLAGE_MENTOR"


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


def new_plan(world: World, program: PairingProgram | None = None, mode: RunMode = RunMode.FINAL) -> MatchPlan:
    run_id = world.run(program or world.program(), mode=mode)
    with world.database.read() as session:
        return session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()


def seats(world: World, plan: MatchPlan) -> dict[tuple[UUID, str], UUID]:
    with world.database.read() as session:
        items = session.exec(select(PlanItem).where(PlanItem.plan_id == plan.id)).all()
    return {(item.mentee_id, item.slot_code): item.mentor_id for item in items}


def content(world: World, plan: MatchPlan) -> dict[str, Any]:
    """Everything that a plan says, without keys and tracking."""
    tracking = {"id", "created_at", "created_by", "updated_at", "updated_by", "version"}
    with world.database.read() as session:
        row = session.get_one(MatchPlan, plan.id)
        found: dict[str, Any] = {"levels": row.levels, "metrics": row.metrics}
        for table in (PlanItem, Shortfall):
            rows = session.exec(select(table).where(table.plan_id == plan.id)).all()
            plain = [{key: value for key, value in each.model_dump().items() if key not in tracking} for each in rows]
            found[table.__name__] = sorted(plain, key=lambda each: (each["mentee_id"], each["slot_code"]))
    return found


def people(world: World, plan: MatchPlan) -> tuple[list[UUID], list[UUID], list[UUID]]:
    """Mentees of the plan, and their mentors in the first and second slot, in the order of the mentees."""
    placed = seats(world, plan)
    mentees = sorted({mentee for mentee, _ in placed})
    return mentees, [placed[m, FIRST] for m in mentees], [placed[m, SECOND] for m in mentees]


def change(world: World, plan: MatchPlan, *changes: Any, viewer: Viewer | None = None, **options: Any) -> Adjusted:
    draft = AdjustmentDraft(plan_id=plan.id, changes=changes, reason="会议研究决定")
    return adjust_match_plan(world.database, viewer or world.officer, world.cipher, replace(draft, **options))


def undo(world: World, adjustment_id: UUID, **options: Any) -> Adjusted:
    return undo_plan_adjustment(world.database, world.officer, UndoDraft(adjustment_id=adjustment_id, **options))


def events(world: World, action: str) -> list[dict[str, Any]]:
    with world.database.read() as session:
        rows = session.exec(select(AuditEvent).where(AuditEvent.action == action)).all()
    return [row.detail for row in rows]


def test_a_swap_exchanges_the_mentors_of_two_seats_and_says_so(world: World) -> None:
    populate(world, n=3)
    plan = new_plan(world)
    before = content(world, plan)
    (a, b, c), (x, y, z), seconds = people(world, plan)
    found = change(world, plan, SwapDraft(mentee_id=a, slot_code=FIRST, other_mentee_id=b, other_slot_code=FIRST))
    assert seats(world, plan) == {
        (a, FIRST): y, (b, FIRST): x, (c, FIRST): z, (a, SECOND): seconds[0], (b, SECOND): seconds[1],
        (c, SECOND): seconds[2],
    }  # fmt: skip
    assert {(link.mentee_id, link.mentor_id, link.other_mentor_id) for link in found.effect.ended} == {
        (a, x, y), (b, y, x)
    }  # fmt: skip
    assert {(link.mentee_id, link.mentor_id, link.other_mentor_id) for link in found.effect.added} == {
        (a, y, x), (b, x, y)
    }  # fmt: skip
    assert (found.effect.n_people, found.effect.emptied, found.effect.filled) == (4, (), ())
    costs = {level.name: (level.before, level.after) for level in found.effect.levels}
    assert costs["SEATS_FILLED"] == (6, 6)
    assert costs["PINS"] == (0, 2)
    after = content(world, plan)
    assert [item["is_pinned"] for item in after["PlanItem"] if item["slot_code"] == FIRST] == [True, True, False]
    with world.database.read() as session:
        row = session.get_one(MatchPlan, plan.id)
        stored = session.exec(select(PlanAdjustment)).one()
        versions = {(i.mentee_id, i.slot_code): i.version for i in session.exec(select(PlanItem))}
    assert row.version == plan.version + 1
    assert (stored.number, stored.kind, world.cipher.decrypt(stored.reason_encrypted), stored.created_by) == (
        1,
        AdjustmentKind.SWAP,
        "会议研究决定",
        "officer",
    )
    assert versions == {place: 1 + (place in {(a, FIRST), (b, FIRST)}) for place in versions}
    told = {"program": str(plan.program_id), "numbers": [1], "ended": 2, "added": 2}
    assert events(world, "PLAN_ADJUSTED") == [told]
    back = undo(world, stored.id)
    assert content(world, plan) == before
    assert {(link.mentee_id, link.mentor_id) for link in back.effect.added} == {(a, x), (b, y)}
    assert events(world, "PLAN_ADJUSTMENT_UNDONE") == [told]


def test_a_preview_answers_the_same_and_writes_nothing(world: World) -> None:
    populate(world, n=2)
    plan = new_plan(world)
    before = content(world, plan)
    (a, _), (_, y), _ = people(world, plan)
    pin = PlanPinDraft(mentee_id=a, mentor_id=y)
    shown = change(world, plan, pin, is_preview=True, reason=None)
    assert content(world, plan) == before
    with world.database.read() as session:
        assert session.exec(select(PlanAdjustment)).all() == []
        assert session.exec(select(PlanOrigin)).all() == []
        assert session.get_one(MatchPlan, plan.id).version == plan.version
    assert events(world, "PLAN_ADJUSTED") == []
    made = change(world, plan, pin)
    assert made.effect == shown.effect
    (adjustment_id,) = made.adjustment_ids
    assert shown.adjustment_ids == ()
    adjusted = content(world, plan)
    assert undo(world, adjustment_id, is_preview=True).is_preview
    assert content(world, plan) == adjusted


def test_a_forbidden_pair_that_nobody_can_replace_leaves_a_shortfall_with_reasons_and_undo_fills_it(
    world: World,
) -> None:
    populate(world, n=1)
    plan = new_plan(world)
    before = content(world, plan)
    (a,), (x,), (s,) = people(world, plan)
    found = change(world, plan, ForbidDraft(mentee_id=a, mentor_id=x))
    assert seats(world, plan) == {(a, SECOND): s}
    assert [(seat.mentee_id, seat.slot_code) for seat in found.effect.emptied] == [(a, FIRST)]
    assert found.effect.emptied[0].reasons == tuple(content(world, plan)["Shortfall"][0]["reasons"])
    assert {"code": "EXCLUDED", "count": 1} in found.effect.emptied[0].reasons
    back = undo(world, found.adjustment_ids[0])
    assert [(seat.mentee_id, seat.slot_code) for seat in back.effect.filled] == [(a, FIRST)]
    assert content(world, plan) == before


def test_any_one_adjustment_can_be_taken_back_and_the_order_of_all_does_not_matter(world: World) -> None:
    """Seeded: the stored plan is always the pure function of the solved plan and the adjustments in force."""
    populate(world, n=5)
    plan = new_plan(world, seed_policy(world))
    original = content(world, plan)
    with world.database.read() as session:
        basis = plan_basis(session, session.get_one(MatchPlan, plan.id))
    draw = random.Random(11)
    in_force: list[UUID] = []
    for _ in range(14):
        mentees, firsts, seconds = people(world, plan) if len(seats(world, plan)) == 10 else all_people(original)
        if in_force and draw.random() < 0.35:
            undo(world, in_force.pop(draw.randrange(len(in_force))))
        else:
            mentee_id, mentor_id = draw.choice(mentees), draw.choice([*firsts, *seconds])
            wanted: Any = PlanPinDraft(mentee_id=mentee_id, mentor_id=mentor_id)
            if draw.random() < 0.4:
                wanted = ForbidDraft(mentee_id=mentee_id, mentor_id=mentor_id)
            try:
                in_force += change(world, plan, wanted).adjustment_ids
            except (PinClashError, DuplicateError):
                continue
        with world.database.read() as session:
            now = plan_basis(session, session.get_one(MatchPlan, plan.id))
        pins = now.facts.pins
        exclusions = now.facts.exclusions
        again = adjust(
            basis.facts, basis.policy, basis.links, pins=draw.sample(pins, len(pins)), exclusions=exclusions[::-1]
        )
        assert sorted(again.links) == sorted(now.links)
        assert verify(replace(now.facts, published=()), now.policy, now.links) == ()
    assert in_force
    draw.shuffle(in_force)
    for adjustment_id in in_force:
        undo(world, adjustment_id)
    assert content(world, plan) == original


def all_people(original: dict[str, Any]) -> tuple[list[UUID], list[UUID], list[UUID]]:
    placed = {(item["mentee_id"], item["slot_code"]): item["mentor_id"] for item in original["PlanItem"]}
    mentees = sorted({mentee for mentee, _ in placed})
    return mentees, [placed[m, FIRST] for m in mentees], [placed[m, SECOND] for m in mentees]


def seed_policy(world: World) -> PairingProgram:
    """A programme under the policy of whole teams."""
    program = world.program()
    policy = TONGREN_TEAMS.to_json()
    run_in_transaction(world.database, lambda s: create_match_policy_version(s, world.officer, program.id, policy))
    return program


def test_a_pin_against_kinship_reads_avoidance_and_writes_nothing(world: World) -> None:
    populate(world, n=2)
    with world.database.write() as session:
        mentee = session.exec(select(Mentee)).all()[0]
        mentor = session.exec(select(Mentor).where(Mentor.category == MentorCategory.TOWNSHIP_OFFICER)).all()[0]
        a, b = sorted((mentee.person_id, mentor.person_id))
        session.add(
            KinshipDeclaration(
                person_a_id=a, person_b_id=b, relation=KinshipRelation.SPOUSE, source="t", county_id=mentee.county_id,
                created_by="t", updated_by="t",
            )
        )  # fmt: skip
        codes = [session.get_one(Person, each.person_id).code for each in (mentee, mentor)]
    plan = new_plan(world)
    before = content(world, plan)
    with pytest.raises(PinClashError) as refusal:
        change(world, plan, PlanPinDraft(mentee_id=mentee.id, mentor_id=mentor.id))
    assert "AVOIDANCE" in refusal.value.message
    assert "回避/组织原因" in refusal.value.message_zh
    assert "KINSHIP" not in refusal.value.message
    assert all(code in refusal.value.message for code in codes)
    assert "adjustment 1" in refusal.value.message
    assert content(world, plan) == before
    assert events(world, "PLAN_ADJUSTED") == []


def test_pins_beyond_capacity_and_clashing_ones_are_refused_by_their_numbers(world: World) -> None:
    populate(world, n=3)
    plan = new_plan(world)
    (a, b, c), (_, y, z), _ = people(world, plan)
    change(world, plan, PlanPinDraft(mentee_id=a, mentor_id=y, slot_code=FIRST))
    before = content(world, plan)
    with pytest.raises(PinClashError, match=r"(?=.*adjustment 1 )(?=.*adjustment 2 ).*1 free place"):
        change(world, plan, PlanPinDraft(mentee_id=b, mentor_id=y))
    with pytest.raises(PinClashError, match=r"(?=.*adjustment 1 )(?=.*adjustment 2 ).*one mentor each"):
        change(world, plan, PlanPinDraft(mentee_id=a, mentor_id=z, slot_code=FIRST))
    with pytest.raises(PinClashError, match=r"Adjustment 1 pairs .*, which adjustment 2 forbids"):
        change(world, plan, ForbidDraft(mentee_id=a, mentor_id=y))
    with pytest.raises(DuplicateError, match="Adjustment 1 of the plan says the same"):
        change(world, plan, PlanPinDraft(mentee_id=a, mentor_id=y, slot_code=FIRST))
    both = (PlanPinDraft(mentee_id=c, mentor_id=z), PlanPinDraft(mentee_id=b, mentor_id=z))
    with pytest.raises(PinClashError, match=r"(?=.*adjustment 2 )(?=.*adjustment 3 )"):
        change(world, plan, *both)
    assert content(world, plan) == before


def test_a_pin_of_the_programme_cannot_be_overruled(world: World) -> None:
    populate(world, n=2)
    program = world.program()
    with world.database.write() as session:
        mentee = session.exec(select(Mentee)).all()[0]
        mentors = session.exec(select(Mentor).where(Mentor.category == MentorCategory.TOWNSHIP_OFFICER)).all()
        pin = PinDraft(
            program_id=program.id, mentee_id=mentee.id, mentor_id=mentors[0].id, slot_code=FIRST, reason="定"
        )
        add_pin(session, world.officer, pin)
    plan = new_plan(world, program)
    before = content(world, plan)
    with pytest.raises(PinClashError, match="of the programme"):
        change(world, plan, PlanPinDraft(mentee_id=mentee.id, mentor_id=mentors[1].id, slot_code=FIRST))
    with pytest.raises(PinClashError, match="AVOIDANCE"):
        change(world, plan, ForbidDraft(mentee_id=mentee.id, mentor_id=mentors[0].id))
    assert content(world, plan) == before


@pytest.mark.parametrize(
    ("wanted", "error", "path"),
    [
        ([], InvalidInputError, ("changes",)),
        ([("pin", "unknown", "y", None)], NotFoundError, ("changes", "0", "pin", "mentee_id")),
        ([("pin", "a", "unknown", None)], NotFoundError, ("changes", "0", "pin", "mentor_id")),
        ([("pin", "a", "y", "NO_SLOT")], InvalidInputError, ("changes", "0", "pin", "slot_code")),
        ([("forbid", "a", "unknown", None)], NotFoundError, ("changes", "0", "forbid", "mentor_id")),
        ([("swap", "a", FIRST, "a", FIRST)], InvalidInputError, ("changes", "0", "swap")),
        ([("swap", "unknown", FIRST, "a", FIRST)], NotFoundError, ("changes", "0", "swap", "mentee_id")),
        ([("swap", "a", FIRST, "b", "NO_SLOT")], InvalidInputError, ("changes", "0", "swap", "other_slot_code")),
    ],
)
def test_what_the_plan_does_not_know_is_refused_with_its_place(
    sqlite_database: Database, cipher: PersonalDataCipher, wanted: list[tuple[Any, ...]], error: type, path: tuple[str]
) -> None:
    world = make_world(sqlite_database, cipher)
    populate(world, n=2)
    plan = new_plan(world)
    (a, b), (x, y), _ = people(world, plan)
    names = {"a": a, "b": b, "x": x, "y": y, "unknown": UUID(int=7)}

    def draft(kind: str, *values: Any) -> Any:
        first, second, *rest = (names.get(value, value) for value in values)
        if kind == "swap":
            return SwapDraft(mentee_id=first, slot_code=second, other_mentee_id=rest[0], other_slot_code=rest[1])
        if kind == "pin":
            return PlanPinDraft(mentee_id=first, mentor_id=second, slot_code=rest[0])
        return ForbidDraft(mentee_id=first, mentor_id=second)

    with pytest.raises(error) as refusal:
        change(world, plan, *(draft(*each) for each in wanted))
    assert refusal.value.path == path


def test_an_empty_seat_cannot_be_swapped(world: World) -> None:
    with world.database.write() as session:
        world.candidate(session, world.places.guihua.id)
        world.candidate(session, world.places.guihua.id)
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
    plan = new_plan(world)
    ((served, slot),) = seats(world, plan)
    with world.database.read() as session:
        other = session.exec(select(Mentee.id).where(col(Mentee.id) != served)).one()
    with pytest.raises(InvalidInputError, match="is empty; pin a mentor"):
        change(world, plan, SwapDraft(mentee_id=served, slot_code=slot, other_mentee_id=other, other_slot_code=slot))


def test_only_a_proposed_plan_is_adjusted_and_only_by_those_who_run(world: World) -> None:
    populate(world, n=2)
    plan = new_plan(world)
    (a, _), (_, y), _ = people(world, plan)
    pin = PlanPinDraft(mentee_id=a, mentor_id=y)
    with pytest.raises(ForbiddenError):
        change(world, plan, pin, viewer=world.approver)
    elsewhere = replace(world.officer, code_prefix="520625", county_ids=frozenset())
    with pytest.raises(NotFoundError, match="No match plan"):
        change(world, plan, pin, viewer=elsewhere)
    with pytest.raises(InvalidInputError, match="reason"):
        change(world, plan, pin, reason=" ")
    made = change(world, plan, pin)
    with pytest.raises(NotFoundError, match="No adjustment"):
        undo_plan_adjustment(world.database, elsewhere, UndoDraft(adjustment_id=made.adjustment_ids[0]))
    run_in_transaction(world.database, lambda s: submit_match_plan(s, world.officer, plan.id))
    before = content(world, plan)
    with pytest.raises(InvalidStateError, match="SUBMITTED"):
        change(world, plan, ForbidDraft(mentee_id=a, mentor_id=y))
    with pytest.raises(InvalidStateError, match="SUBMITTED"):
        undo(world, made.adjustment_ids[0])
    assert content(world, plan) == before


def test_the_version_that_was_read_guards_against_another_editor(world: World) -> None:
    populate(world, n=2)
    plan = new_plan(world)
    (a, b), (x, y), _ = people(world, plan)
    change(world, plan, PlanPinDraft(mentee_id=a, mentor_id=y), expected_version=plan.version)
    after = content(world, plan)
    with pytest.raises(VersionConflictError, match="somebody else"):
        change(world, plan, PlanPinDraft(mentee_id=b, mentor_id=x), expected_version=plan.version)
    assert content(world, plan) == after


def test_of_two_editors_at_the_same_moment_the_slower_one_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second editor writes while the first one computes: after the read, before the lock."""
    populate(world, n=2)
    plan = new_plan(world)
    (a, b), (x, _), _ = people(world, plan)
    slow = adjustments.service.adjust

    def interrupted(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(adjustments.service, "adjust", slow)
        change(world, plan, ForbidDraft(mentee_id=a, mentor_id=x))
        return slow(*arguments, **options)

    monkeypatch.setattr(adjustments.service, "adjust", interrupted)
    with pytest.raises(VersionConflictError):
        change(world, plan, PlanPinDraft(mentee_id=b, mentor_id=x))
    with world.database.read() as session:
        stored = session.exec(select(PlanAdjustment)).all()
    assert [(each.number, each.kind) for each in stored] == [(1, AdjustmentKind.FORBID)]


def test_flags_are_measured_against_the_published_roster_and_publication_checks_the_present(world: World) -> None:
    populate(world, n=2)
    program = world.program()
    world.publish(new_plan(world, program))
    plan = new_plan(world, program)
    (a, b), (_, y), _ = people(world, plan)
    change(world, plan, SwapDraft(mentee_id=a, slot_code=FIRST, other_mentee_id=b, other_slot_code=FIRST))
    items = content(world, plan)["PlanItem"]
    assert [i["is_changed_from_published"] for i in items if i["slot_code"] == FIRST] == [True, True]
    assert [i["is_changed_from_published"] for i in items if i["slot_code"] == SECOND] == [False, False]
    levels = {level["name"]: level for level in content(world, plan)["levels"]}
    assert (levels["CHANGES"]["value"], levels["CHANGES"]["bound"]) == (4, 0)
    world.publish(plan)
    with world.database.read() as session:
        assert session.get_one(MatchPlan, plan.id).state is PlanState.PUBLISHED
    third = new_plan(world, program)
    assert seats(world, third) == seats(world, plan)
    change(world, third, PlanPinDraft(mentee_id=a, mentor_id=y))
    with world.database.write() as session:
        mentee, mentor = session.get_one(Mentee, a), session.get_one(Mentor, y)
        add_exclusion(
            session,
            world.officer,
            world.cipher,
            ExclusionDraft(
                mentee_person_id=mentee.person_id, mentor_person_id=mentor.person_id,
                reason=ExclusionReason.COMPLAINT, source="test",
            ),
        )  # fmt: skip
    with pytest.raises(InvalidStateError, match=r"no longer holds .*AVOIDANCE"):
        world.publish(third)


def test_an_adjustment_beyond_the_budget_of_changes_is_refused(world: World) -> None:
    """The pins of adjustments excuse no change: publication would refuse the plan for the same reason."""
    populate(world, n=3)
    program = world.program()
    world.publish(new_plan(world, program))
    content_of_policy = {**TONGREN_2_PLUS_1.to_json(), "stability": {"mode": "KEEP_UNLESS_INVALID", "maxChanges": 3}}
    run_in_transaction(
        world.database, lambda s: create_match_policy_version(s, world.officer, program.id, content_of_policy)
    )
    plan = new_plan(world, program)
    before = content(world, plan)
    (a, b, _), _, _ = people(world, plan)
    swap = SwapDraft(mentee_id=a, slot_code=FIRST, other_mentee_id=b, other_slot_code=FIRST)
    with pytest.raises(InvalidStateError, match=r"would not hold .*4 changes .* at most 3"):
        change(world, plan, swap)
    assert content(world, plan) == before


def test_an_adjusted_plan_is_explained_with_its_adjustments(world: World) -> None:
    populate(world, n=3)
    plan = new_plan(world)
    (a, _, c), (_, y, z), _ = people(world, plan)
    change(world, plan, PlanPinDraft(mentee_id=a, mentor_id=y, slot_code=FIRST))
    with world.database.read() as session:
        basis = plan_basis(session, session.get_one(MatchPlan, plan.id))
    problem = build(basis.facts, basis.policy)
    context = explainer(basis.facts, basis.policy, problem, solution_of(problem, basis.links))
    pinned = context.explain_seat(str(a), FIRST)
    assert pinned.seat is not None
    assert (pinned.seat.mentor_id, pinned.seat.is_pinned) == (str(y), True)
    free = context.explain_seat(str(c), FIRST)
    assert free.seat is not None
    assert free.seat.mentor_id == str(z)
