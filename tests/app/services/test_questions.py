"""Questions to a plan: the answers are the library's, in words without restricted facts, inside the territory."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from app.access import Viewer, viewer_for_division
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import ForbiddenError, InvalidInputError, InvalidStateError, NotFoundError
from app.models import MatchPlan, MatchRun, MatchSnapshot, Mentor, PlanItem
from app.models.vocabulary import MentorCategory, Role, RunMode
from app.services import questions
from app.services.constraints import PinDraft, add_pin
from app.services.plan_basis import plan_basis
from app.services.plans import submit_match_plan
from app.services.programs import create_match_policy_version
from app.services.questions import warm
from app.services.questions.words import alternative_words, mentor_words, seat_words, why_not_words
from app.services.runs import replay
from matching import Hindrance, MenteeExclusion, Pricing, diagnose, explainer_of_result
from matching.policy import TONGREN_TEAMS
from tests.app.services.asked import TOWNSHIP_SLOT, VILLAGE_SLOT, Asked, make_asked

RESTRICTED_WORDS = (
    "KINSHIP",
    "DISCIPLINE",
    "EXCLUDED",
    "kin",
    "discipline",
    "exclusion",
    "亲属",
    "处分",
    "禁止结对",
    "投诉",
)


@pytest.fixture
def asked(database: Database, cipher: PersonalDataCipher) -> Asked:
    return make_asked(database, cipher)


@pytest.fixture
def lite(sqlite_database: Database, cipher: PersonalDataCipher) -> Asked:
    return make_asked(sqlite_database, cipher)


def explain(asked: Asked, mentee: str, slot: str, viewer: Viewer | None = None, n: int = 5) -> questions.SeatAnswer:
    world = asked.world
    return questions.explain_pairing(
        world.database, viewer or world.officer, asked.plan_id, asked.ids[mentee], slot, n_alternatives=n
    )


def ask_why_not(asked: Asked, mentee: str, mentor: str, viewer: Viewer | None = None) -> questions.WhyNotAnswer:
    world = asked.world
    return questions.why_not(
        world.database, viewer or world.officer, asked.plan_id, asked.ids[mentee], asked.ids[mentor]
    )


def of_township(asked: Asked) -> Viewer:
    """An officer whose territory is 板桥镇 alone."""
    world = asked.world
    with world.database.read() as session:
        return viewer_for_division(session, subject="town", role=Role.COUNTY_ADMIN, division=world.places.banqiao)


def every_text(asked: Asked, viewer: Viewer) -> list[str]:
    """All sentences about all people of the territory, in both languages."""
    found = []
    mentees = [name for name in "abce" if viewer is asked.world.officer or name != "b"]
    mentors = ["ta", "tb", "d", "va", "vb", "k"] if viewer is asked.world.officer else ["ta", "d", "va", "k"]
    for mentee in mentees:
        for slot in (TOWNSHIP_SLOT, VILLAGE_SLOT):
            answer = explain(asked, mentee, slot, viewer)
            found.append(seat_words(answer))
            for each in answer.explanation.alternatives if answer.explanation else ():
                found.append(alternative_words(each, answer.pricing, answer.names, answer.slots))
        found += [why_not_words(ask_why_not(asked, mentee, mentor, viewer)) for mentor in mentors]
    database = asked.world.database
    for mentor in mentors:
        found.append(mentor_words(questions.explain_mentor(database, viewer, asked.plan_id, asked.ids[mentor])))
    diagnosis = questions.diagnose_plan(database, viewer, asked.plan_id)
    remedies = [r for c in diagnosis.certificates for r in c.remedies] + list(diagnosis.policy_remedies)
    found += [each.words for each in (*diagnosis.certificates, *remedies)]
    return [text for words in found for text in (words.chinese, words.english)]


def test_answers_equal_those_of_the_library_on_the_replayed_run(asked: Asked) -> None:
    database, officer = asked.world.database, asked.world.officer
    result = replay(database, officer, asked.run_id)
    with database.read() as session:
        basis = plan_basis(session, session.get_one(MatchPlan, asked.plan_id))
    assert {level.name: level.bound for level in result.levels} == dict(basis.bounds)
    library = explainer_of_result(basis.facts, basis.policy, result)
    for mentee in "abc":
        for slot in (TOWNSHIP_SLOT, VILLAGE_SLOT):
            answer = explain(asked, mentee, slot)
            assert answer.pricing is Pricing.FREE
            assert answer.explanation == library.explain_seat(str(asked.ids[mentee]), slot)
        for mentor in ("ta", "tb", "d", "va", "vb", "k"):
            ids = str(asked.ids[mentee]), str(asked.ids[mentor])
            assert ask_why_not(asked, mentee, mentor).why == library.why_not(*ids)
    for mentor in ("ta", "tb", "d", "va", "vb", "k"):
        told = questions.explain_mentor(database, officer, asked.plan_id, asked.ids[mentor])
        assert told.explanation == library.explain_mentor(str(asked.ids[mentor]))
    found, true = questions.diagnose_plan(database, officer, asked.plan_id), diagnose(basis.facts, basis.policy)
    assert tuple(each.certificate for each in found.certificates) == true.certificates
    assert tuple(each.remedy for each in found.policy_remedies) == true.policy_remedies
    assert (found.n_seats, found.n_empty, found.n_unavoidable, found.is_exact) == (6, 1, 1, True)
    assert found.townships == true.townships


def test_bounds_are_used_only_of_the_runs_own_plan(lite: Asked) -> None:
    with lite.world.database.read() as session:
        plan = session.get_one(MatchPlan, lite.plan_id)
        assert plan_basis(session, plan).bounds
        plan.levels = [{**level, "bound": level["value"]} for level in plan.levels[:-1]]
        assert plan_basis(session, plan).bounds == {}


def test_a_filled_seat_is_told_with_score_rank_and_leads(asked: Asked) -> None:
    answer = explain(asked, "c", VILLAGE_SLOT)
    c, va = asked.codes["c"], asked.codes["va"]
    assert seat_words(answer).chinese == (
        f"{c}的村级帮带干部由{va}担任，得35.78分，在4名合格导师中排第1位，"
        "较合格导师平均：地域高出7.31分、岗位类别高出2.5分、岗位经历高出1.76分。"
    )
    assert seat_words(answer).english == (
        f"{va} is VILLAGE_MENTOR of {c} with 35.78 points, rank 1 of 4 eligible; ahead of their mean in geography by "
        "7.31, category for the slot by 2.5, experience in the post by 1.76."
    )
    with asked.world.database.read() as session:
        item = session.exec(
            select(PlanItem).where(PlanItem.mentee_id == asked.ids["c"], PlanItem.slot_code == VILLAGE_SLOT)
        ).one()
    assert answer.explanation is not None
    assert answer.explanation.seat is not None
    assert answer.explanation.seat.score / 10_000 == item.score
    assert [(p.term.value, p.points / 10_000) for p in answer.explanation.seat.contributions] == [
        (part["term"], part["points"]) for part in item.contributions
    ]


def test_an_alternative_is_told_with_its_price_and_who_else_moves(asked: Asked) -> None:
    answer = explain(asked, "c", VILLAGE_SLOT)
    assert answer.explanation is not None
    codes = asked.codes
    first = answer.explanation.alternatives[0]
    assert first.seat.mentor_id == str(asked.ids["vb"])
    assert [(move.mentee_id, move.leaves, move.gets) for move in first.chain] == [
        tuple(str(asked.ids[name]) for name in ("a", "vb", "va"))
    ]
    assert alternative_words(first, answer.pricing, answer.names, answer.slots).chinese == (
        f"改由{codes['vb']}担任{codes['c']}的村级帮带干部：各项目标均无损失；{codes['va']}让出该席位；"
        f"另需调整：{codes['a']}的村级帮带干部由{codes['vb']}改为{codes['va']}。"
    )
    assert why_not_words(ask_why_not(asked, "b", "ta")).chinese == (
        f"改由{codes['ta']}担任{codes['b']}的村级帮带干部：“配备席位”损失1个席位；{codes['k']}让出该席位；"
        f"另需调整：{codes['c']}的乡镇帮带干部由{codes['ta']}改为空缺。"
    )


def test_an_empty_seat_and_a_mentee_outside_the_run_are_told_with_their_reasons(asked: Asked) -> None:
    empty = explain(asked, "a", TOWNSHIP_SLOT)
    assert empty.explanation is not None
    assert empty.explanation.seat is None
    assert seat_words(empty).chinese == (
        f"{asked.codes['a']}的乡镇帮带干部空缺：符合条件的导师名额已满2名、不符合乡镇范围要求2名、回避/组织原因。"
    )
    left_out = explain(asked, "e", TOWNSHIP_SLOT)
    assert (left_out.exclusion, left_out.explanation) == (MenteeExclusion.REVIEW_LEVEL, None)
    assert seat_words(left_out).chinese == f"{asked.codes['e']}未参加本次匹配：未通过规定的审核层级。"
    assert ask_why_not(asked, "e", "ta").why.exclusion is MenteeExclusion.REVIEW_LEVEL


def test_restricted_reasons_read_as_avoidance_and_stand_last(asked: Asked) -> None:
    kin, excluded, flagged = (ask_why_not(asked, *pair) for pair in (("c", "k"), ("a", "k"), ("b", "d")))
    for answer, who in ((kin, ("k", "c")), (excluded, ("k", "a"))):
        mentor, mentee = (asked.codes[name] for name in who)
        assert why_not_words(answer).chinese == (
            f"{mentor}不能帮带{mentee}（乡镇帮带干部：回避/组织原因；村级帮带干部：回避/组织原因）。"
        )
    assert "（乡镇帮带干部：不符合乡镇范围要求、回避/组织原因；" in why_not_words(flagged).chinese


def test_no_sentence_for_anybody_tells_of_kinship_discipline_or_exclusions(lite: Asked) -> None:
    for viewer in (lite.world.officer, of_township(lite)):
        texts = every_text(lite, viewer)
        assert len(texts) > 50
        assert any("回避/组织原因" in text for text in texts)
        assert [(word, text) for text in texts for word in RESTRICTED_WORDS if word in text] == []


def test_outside_the_territory_people_have_no_code_and_the_counts_stay(asked: Asked) -> None:
    viewer = of_township(asked)
    whole, part = (explain(asked, "c", VILLAGE_SLOT, each) for each in (asked.world.officer, viewer))
    assert part.explanation == whole.explanation
    outside = {asked.codes[name] for name in ("b", "tb", "vb")}
    texts = every_text(asked, viewer)
    assert [text for text in texts if any(code in text for code in outside)] == []
    assert any("辖区外人员" in text for text in texts)
    assert any("somebody outside the territory" in text for text in texts)
    found = questions.diagnose_plan(asked.world.database, viewer, asked.plan_id)
    assert (found.n_seats, found.n_empty, len(found.certificates)) == (6, 1, 1)
    assert found.certificates[0].words.chinese.startswith(
        f"3名帮带对象（{asked.codes['a']}、辖区外人员、{asked.codes['c']}）需要5个席位"
    )
    assert [row.township for row in found.townships] == ["520624101000"]


def test_people_and_plans_outside_the_territory_are_absent(asked: Asked) -> None:
    world, town = asked.world, of_township(asked)
    with world.database.read() as session:
        stranger = viewer_for_division(
            session, subject="x", role=Role.COUNTY_ADMIN, division=world.places.foreign_county
        )
    for call in (
        lambda: explain(asked, "b", VILLAGE_SLOT, town),
        lambda: ask_why_not(asked, "a", "vb", town),
        lambda: questions.explain_mentor(world.database, town, asked.plan_id, asked.ids["tb"]),
        lambda: explain(asked, "a", VILLAGE_SLOT, stranger),
        lambda: questions.diagnose_plan(world.database, stranger, asked.plan_id),
        lambda: questions.diagnose_plan(world.database, world.officer, uuid4()),
        lambda: questions.explain_pairing(world.database, world.officer, asked.plan_id, uuid4(), VILLAGE_SLOT),
    ):
        with pytest.raises(NotFoundError):
            call()


def test_a_county_of_a_prefecture_programme_hears_nothing_of_another_countys_certificate(lite: Asked) -> None:
    world = lite.world
    with world.database.read() as session:
        elsewhere = viewer_for_division(
            session, subject="x", role=Role.COUNTY_ADMIN, division=world.places.foreign_county
        )
    with world.database.write() as session:
        program = session.merge(lite.program)
        program.division_id = world.places.prefecture.id
    found = questions.diagnose_plan(world.database, elsewhere, lite.plan_id)
    assert (found.certificates, found.townships) == ((), ())
    assert (found.n_seats, found.n_empty) == (6, 1)
    with pytest.raises(NotFoundError):
        explain(lite, "a", VILLAGE_SLOT, elsewhere)


@pytest.mark.parametrize("role", [Role.READER, Role.TOWNSHIP_OFFICER, Role.AUDITOR, Role.MENTOR])
def test_roles_that_may_not_read_plans_are_refused(lite: Asked, role: Role) -> None:
    viewer = replace(lite.world.officer, role=role)
    with pytest.raises(ForbiddenError):
        explain(lite, "a", VILLAGE_SLOT, viewer)
    with pytest.raises(ForbiddenError):
        questions.diagnose_plan(lite.world.database, viewer, lite.plan_id)


def test_wrong_questions_are_refused_by_field(lite: Asked) -> None:
    for slot, n in (("MENTOR", 5), (VILLAGE_SLOT, -1), (VILLAGE_SLOT, 21)):
        with pytest.raises(InvalidInputError) as refusal:
            explain(lite, "a", slot, n=n)
        assert refusal.value.path == (("slotCode",) if slot == "MENTOR" else ("alternatives",))
    world = lite.world
    with pytest.raises(InvalidInputError):
        questions.alternatives(world.database, world.officer, lite.plan_id, lite.ids["a"], VILLAGE_SLOT, first=0)
    with world.database.write() as session:
        late = world.candidate(session, world.places.guihua.id)
    with pytest.raises(InvalidStateError, match="entered later"):
        questions.explain_pairing(world.database, world.officer, lite.plan_id, late.id, VILLAGE_SLOT)


def spoil(asked: Asked) -> None:
    """Put another mentor in a seat, as no run would have: the plan is no longer the best."""
    with asked.world.database.write() as session:
        items = session.exec(select(PlanItem).where(PlanItem.plan_id == asked.plan_id)).all()
        session.delete(next(item for item in items if item.mentee_id == asked.ids["b"]))
        plan = session.get_one(MatchPlan, asked.plan_id)
        plan.version += 1
        session.add(plan)


def test_a_plan_that_is_not_the_best_answers_without_prices(asked: Asked) -> None:
    spoil(asked)
    answer = explain(asked, "c", VILLAGE_SLOT)
    assert answer.pricing is Pricing.NONE
    assert answer.explanation is not None
    assert answer.explanation.seat is not None
    assert (answer.explanation.rank, answer.explanation.n_eligible, answer.explanation.alternatives) == (1, 4, ())
    assert seat_words(answer).chinese.endswith(
        "本方案不是其数据和政策下的最优方案（或其形态不支持计价），无法给出代价。"
    )
    why = ask_why_not(asked, "a", "tb")
    assert why_not_words(why).chinese.startswith(f"没有规则禁止{asked.codes['tb']}帮带{asked.codes['a']}。本方案")
    assert "回避/组织原因" in why_not_words(ask_why_not(asked, "c", "k")).chinese
    world = asked.world
    with pytest.raises(InvalidStateError, match="have no price"):
        questions.alternatives(world.database, world.officer, asked.plan_id, asked.ids["c"], VILLAGE_SLOT, first=3)
    found = questions.diagnose_plan(world.database, world.officer, asked.plan_id)
    assert (found.n_empty, found.n_unavoidable) == (2, 1)


def test_a_plan_whose_links_the_rules_forbid_is_refused_by_code_and_without_the_reason(lite: Asked) -> None:
    with lite.world.database.write() as session:
        item = session.exec(
            select(PlanItem).where(PlanItem.mentee_id == lite.ids["c"], PlanItem.slot_code == VILLAGE_SLOT)
        ).one()
        item.mentor_id = lite.ids["k"]
        plan = session.get_one(MatchPlan, lite.plan_id)
        plan.version += 1
        session.add_all([item, plan])
    with pytest.raises(InvalidStateError) as refusal:
        explain(lite, "a", VILLAGE_SLOT)
    assert f"{lite.codes['c']} with {lite.codes['k']} as {VILLAGE_SLOT}" in refusal.value.message
    assert [word for word in RESTRICTED_WORDS if word in refusal.value.message + refusal.value.message_zh] == []


def test_a_plan_whose_data_are_gone_is_refused(lite: Asked) -> None:
    with lite.world.database.write() as session:
        run = session.get_one(MatchRun, lite.run_id)
        run.snapshot_hash = None
        session.add(run)
        session.flush()
        session.delete(session.exec(select(MatchSnapshot)).one())
    with pytest.raises(InvalidStateError, match="no longer stored"):
        explain(lite, "a", VILLAGE_SLOT)


def test_pins_hinder_and_pinned_seats_say_so(lite: Asked) -> None:
    world = lite.world
    draft = PinDraft(
        program_id=lite.program.id,
        mentee_id=lite.ids["a"],
        mentor_id=lite.ids["va"],
        reason="组织决定",
        slot_code=VILLAGE_SLOT,
    )
    run_in_transaction(world.database, lambda session: add_pin(session, world.officer, draft))
    run_id = world.run(lite.program, mode=RunMode.DRY_RUN)
    with world.database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
    pinned = replace(lite, plan_id=plan.id)
    assert seat_words(explain(pinned, "a", VILLAGE_SLOT)).chinese.endswith("该结对由人工锁定。")
    why = ask_why_not(pinned, "c", "va")
    assert why.why.hindrance is Hindrance.PINS
    assert why_not_words(why).chinese == f"{lite.codes['va']}不能帮带{lite.codes['c']}：与锁定的结对冲突。"


def test_a_mentor_without_mentees_is_told_what_keeps_it_out_or_its_cheapest_pairing(lite: Asked) -> None:
    world = lite.world
    flagged = questions.explain_mentor(world.database, world.officer, lite.plan_id, lite.ids["d"])
    assert mentor_words(flagged).chinese == (
        f"{lite.codes['d']}在本方案中未带人：本县3名帮带对象中0名可由其帮带，其余受限于：回避/组织原因。"
    )
    with world.database.write() as session:
        for _ in range(2):
            world.mentor(session, world.places.tangtou.id, MentorCategory.TOWNSHIP_OFFICER)
    run_id = world.run(lite.program)
    with world.database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
        served = session.exec(select(PlanItem.mentor_id).where(PlanItem.plan_id == plan.id)).all()
        others = select(Mentor.id).where(col(Mentor.id).not_in([*served, lite.ids["d"]]))
        idle = session.exec(others).one()
    found = questions.explain_mentor(world.database, world.officer, plan.id, idle)
    assert found.explanation.best is not None
    assert "代价最小的结对——改由" in mentor_words(found).chinese


def test_the_costly_part_is_made_once_per_plan_and_version_and_holds_no_transaction(
    lite: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, made, checked_out = lite.world, list[UUID](), list[int]()
    original, build = warm.plan_basis, warm.explainer_of_links

    def counted(session, plan):  # type: ignore[no-untyped-def]
        made.append(plan.id)
        return original(session, plan)

    def watched(*arguments, **options):  # type: ignore[no-untyped-def]
        checked_out.append(world.database.engine.pool.checkedout())  # type: ignore[attr-defined]
        return build(*arguments, **options)

    monkeypatch.setattr(warm, "plan_basis", counted)
    monkeypatch.setattr(warm, "explainer_of_links", watched)
    for mentee in "abc":
        explain(lite, mentee, VILLAGE_SLOT)
    questions.diagnose_plan(world.database, world.officer, lite.plan_id)
    assert (made, checked_out) == ([lite.plan_id], [0])
    run_in_transaction(world.database, lambda session: submit_match_plan(session, world.officer, lite.plan_id))
    explain(lite, "a", VILLAGE_SLOT)
    assert made == [lite.plan_id] * 2


def test_under_team_terms_answers_equal_the_librarys_and_tell_the_score_of_the_team(lite: Asked) -> None:
    world = lite.world
    with world.database.write() as session:
        create_match_policy_version(session, world.officer, lite.program.id, TONGREN_TEAMS.to_json())
    run_id = world.run(lite.program)
    with world.database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
        basis = plan_basis(session, plan)
    library = explainer_of_result(basis.facts, basis.policy, replay(world.database, world.officer, run_id))
    asked = replace(lite, plan_id=plan.id)
    texts = []
    for mentee in "abc":
        for slot in (TOWNSHIP_SLOT, VILLAGE_SLOT):
            answer = explain(asked, mentee, slot)
            assert answer.pricing is Pricing.FREE
            assert answer.explanation == library.explain_seat(str(lite.ids[mentee]), slot)
            texts.append(seat_words(answer).chinese)
        for mentor in ("ta", "tb", "d", "va", "vb", "k"):
            ids = str(lite.ids[mentee]), str(lite.ids[mentor])
            assert ask_why_not(asked, mentee, mentor).why == library.why_not(*ids)
    assert sum("整个帮带组合得" in text for text in texts) == 5


def test_many_who_ask_at_once_get_the_answers_of_one_who_asks_alone(lite: Asked) -> None:
    seats = [(mentee, slot) for mentee in "abc" for slot in (TOWNSHIP_SLOT, VILLAGE_SLOT)] * 3
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(lambda seat: explain(lite, *seat), seats))
    assert [each.explanation for each in together] == [explain(lite, *seat).explanation for seat in seats]
