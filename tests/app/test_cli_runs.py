"""The commands of runs: several plans, their comparison, and a repair of what was published."""

import re
import uuid
from pathlib import Path

from sqlmodel import col, select

from app.db import Database
from app.models import MatchPlan, MatchRun, Mentor, Pairing, PairingMember, Person
from app.models.vocabulary import MentorState, RunMode
from tests.app.test_cli import UUID, Shell, fushan, shell

__all__ = ["fushan", "shell"]


def program_of(shell: Shell, workbook: Path) -> str:
    shell.run("import", str(workbook), "--county", "141027", "--commit")
    return shell.first_id(shell.run("program", "fushan"))


def plans_of(shell: Shell) -> list[MatchPlan]:
    database = Database(f"sqlite:///{shell.database}")
    with database.read() as session:
        found = list(session.exec(select(MatchPlan).order_by(col(MatchPlan.created_at), col(MatchPlan.number))))
    database.dispose()
    return found


def test_plans_are_made_compared_published_and_repaired(shell: Shell, fushan: Path) -> None:
    program_id = program_of(shell, fushan)
    text = shell.run("match", program_id, "--final", "--plans", "near_first,EXPERIENCE_FIRST", "--curve", "3")
    assert re.search(r"SEATS_FILLED\s*│\s*30\s*│\s*30", text)
    plans = plans_of(shell)
    assert [plan.label for plan in plans[:3]] == ["BALANCED", "NEAR_FIRST", "EXPERIENCE_FIRST"]
    assert {plan.label for plan in plans[3:]} <= {"CURVE_1", "CURVE_2", "CURVE_3"}
    assert len(plans) >= 5
    for plan in plans:
        assert re.search(rf"{plan.id}\s*│\s*{plan.label}", text)
    near, far = plans[1], plans[2]
    compared = shell.run("compare", str(near.id), str(far.id))
    share = [plan.metrics["same_township_share"] * 100 for plan in (near, far)]
    assert re.search(rf"本乡镇结对占比.*│\s*%\s*│\s*higher\s*│\s*{share[0]:.6g}\s*│\s*{share[1]:.6g}", compared)
    n_differ = re.search(r"(\d+) mentees have other mentors", compared)
    assert n_differ is not None
    assert 0 < int(n_differ[1]) <= 30

    shell.run("publish", str(near.id), "--approver", "李批准", "--approve-shortfalls")
    database = Database(f"sqlite:///{shell.database}")
    with database.write() as session:
        mentor_id = session.exec(select(PairingMember.mentor_id).join(Pairing)).first()
        mentor = session.get_one(Mentor, mentor_id)
        mentor.state = MentorState.SUSPENDED
        session.add(mentor)
        code = session.get_one(Person, mentor.person_id).code
    database.dispose()
    repaired = shell.run("repair", program_id)
    assert re.search(r"29 of 30 links stay; 2 links change \(0 of them not forced\) for 3 people", repaired)
    assert re.search(rf"{code}\s*│\s*│\s*导师不在库或不在帮带期", repaired)
    run_id, plan_id = (re.search(rf"{word} ({UUID})", repaired) for word in ("run", "plan"))
    assert run_id is not None
    assert plan_id is not None
    database = Database(f"sqlite:///{shell.database}")
    with database.read() as session:
        run = session.get_one(MatchRun, uuid.UUID(run_id[1]))
        assert (run.mode, run.max_changes) == (RunMode.REPAIR, 0)
    database.dispose()
    assert "version 2" in shell.run("publish", plan_id[1], "--approver", "李批准", "--approve-shortfalls")


def test_wrong_plans_curves_and_budgets_are_refused(shell: Shell, fushan: Path) -> None:
    program_id = program_of(shell, fushan)
    assert "no preset 'CHEAPEST'" in shell.run("match", program_id, "--plans", "cheapest", code=2)
    assert "INVALID_INPUT" in shell.run("match", program_id, "--curve", "12", code=1)
    assert "INVALID_STATE" in shell.run("repair", program_id, code=1)
    shell.run("repair", program_id, "--max-changes", "-1", code=2)
    unknown = "00000000-0000-4000-8000-00000000000"
    assert "INVALID_INPUT" in shell.run("compare", unknown + "0", code=1)
    assert "NOT_FOUND" in shell.run("compare", unknown + "0", unknown + "1", code=1)
    assert shell.count(MatchRun) == 0
