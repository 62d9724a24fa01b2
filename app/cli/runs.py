"""``touyan match``, ``repair`` and ``compare``: runs from the command line, and their plans side by side."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session, col, select

from app.access import SYSTEM_VIEWER
from app.cli.tools import DatabaseOption, opened, progress_bar
from app.db import Database
from app.errors import InvalidStateError, NotFoundError
from app.jobs.client import JobClient
from app.jobs.worker import work_until
from app.labels import RESTRICTED_REASONS, Language, label, public_reason
from app.models import MatchPlan, MatchRun, Mentee, Mentor, Person, PlanRepair
from app.models.vocabulary import ReasonCode, RunMode, WeightPreset
from app.reads.comparison import compare_match_plans
from app.reads.progress import RunView
from app.services.runs import RepairDraft, RunDraft, start_match_run, start_repair_run
from app.services.runs.start import Enqueue
from matching import EndCause

SHOWN = 20
"""People and links that are listed; the count of all stands beside them."""

out = Console()


def match(
    program_id: Annotated[UUID, typer.Argument(help="Pairing programme")],
    final: Annotated[bool, typer.Option(help="A FINAL run, whose plan can be submitted.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same plan.")] = 0,
    plans: Annotated[
        str, typer.Option(help=f"Further plans under ready weights, joined by commas: {', '.join(WeightPreset)}")
    ] = "",
    curve: Annotated[int, typer.Option(help="Plans along the curve of closeness and experience, 2 to 9.")] = 0,
    database: DatabaseOption = None,
) -> None:
    """Run the optimizer and print the plan's figures."""
    mode = RunMode.FINAL if final else RunMode.DRY_RUN
    presets = _presets(plans)
    with opened(database) as (_, handle, _cipher):
        draft = RunDraft(program_id=program_id, mode=mode, seed=seed, plans=presets, curve_points=curve)
        run, made = _worked(handle, lambda enqueue: start_match_run(handle, SYSTEM_VIEWER, draft, enqueue=enqueue))
        out.print(_levels_table(run, made[0]))
        if len(made) > 1:
            out.print(_plans_table(made))
            for message in run.messages:
                if message["kind"] == "PLANS":
                    out.print(message["text"], markup=False)


def repair(
    program_id: Annotated[UUID, typer.Argument(help="Pairing programme with a roster in force")],
    max_changes: Annotated[int, typer.Option(min=0, help="Changed links beyond the forced ones.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same plan.")] = 0,
    database: DatabaseOption = None,
) -> None:
    """Repair the roster in force: whatever still holds stays. Prints what changes, and for whom."""
    with opened(database) as (_, handle, _cipher):
        draft = RepairDraft(program_id=program_id, max_changes=max_changes, seed=seed)
        run, (plan, *_) = _worked(
            handle, lambda enqueue: start_repair_run(handle, SYSTEM_VIEWER, draft, enqueue=enqueue)
        )
        with handle.read() as session:
            found = session.exec(select(PlanRepair).where(PlanRepair.plan_id == plan.id)).one()
            codes = _codes(session, Mentee, {link["mentee_id"] for link in (*found.ended, *found.added)})
            mentors = {link["mentor_id"] for link in (*found.ended, *found.added)}
            codes |= _codes(session, Mentor, mentors)
        out.print(_levels_table(run, plan))
        out.print(
            f"{found.n_kept} of {found.n_published} links stay; {found.n_changed_links} links change "
            f"({found.n_moves} of them not forced) for {found.n_people_affected} people."
        )
        out.print(_links_table(found, codes))
        for most, seats in found.offers or ():
            out.print(f"--max-changes {most} would fill {seats} further seat(s).")


def compare(
    plan_ids: Annotated[list[UUID], typer.Argument(help="Two to six plans of one programme")],
    database: DatabaseOption = None,
) -> None:
    """Print the figures of plans side by side, and whose mentors differ."""
    with opened(database) as (_, handle, _cipher), handle.read() as session:
        found = compare_match_plans(session, SYSTEM_VIEWER, plan_ids)
        if found is None:
            raise NotFoundError("One of these plans does not exist.", "所选方案中有不存在的方案。")
        heads = [f"{plan.label} {str(plan.id)[:8]}" for plan in found.plans]
        table = Table("figure", "unit", "better", *heads)
        for row in found.rows:
            table.add_row(
                f"{label(row.figure)} {label(row.figure, Language.EN)}",
                label(row.unit, Language.EN),
                row.better.lower(),
                *("-" if value is None else f"{value:.6g}" for value in row.values),
            )
        out.print(table)
        if not (found.shares_policy and found.shares_facts):
            out.print("The plans do not rest on the same facts and policy version. 各方案所依据的数据或政策版本不同。")
        out.print(f"{len(found.mentees)} mentees have other mentors. {len(found.mentees)}名对象的导师不同。")
        shown = found.mentees[:SHOWN]
        codes = _codes(session, Mentee, {str(mentee.mentee_id) for mentee in shown})
        codes |= _codes(session, Mentor, {str(m) for mentee in shown for team in mentee.seats for _, m in team})
        people = Table("mentee", *heads)
        for mentee in shown:
            teams = (", ".join(codes[str(mentor)] for _, mentor in team) or "-" for team in mentee.seats)
            people.add_row(codes[str(mentee.mentee_id)], *teams)
        if shown:
            out.print(people)


def _presets(names: str) -> tuple[WeightPreset, ...]:
    asked = [name.strip().upper() for name in names.split(",") if name.strip()]
    for name in asked:
        if name not in set(WeightPreset):
            raise typer.BadParameter(f"there is no preset {name!r}; choose from {', '.join(WeightPreset)}")
    return tuple(WeightPreset(name) for name in asked)


def _worked(handle: Database, start: Callable[[Enqueue], UUID]) -> tuple[MatchRun, Sequence[MatchPlan]]:
    """Start a run, wait for its end, and return it with its plans; refused when there is none."""
    with progress_bar("matching") as bar:

        def show(view: RunView) -> None:
            gaps = "".join(f", {level.name.lower()} within {level.gap:.2%}" for level in view.levels)
            bar.update(
                bar.task_ids[0],
                description=f"{view.state.value.lower()}{gaps}",
                completed=view.n_solved,
                total=view.n_shares,
            )

        with closing(JobClient(handle)) as jobs:
            run_id = start(jobs.enqueue_run)
        work_until(handle, run_id, slot=f"command line {os.getpid()}", on_look=show)
    with handle.read() as session:
        run = session.get_one(MatchRun, run_id)
        made = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id).order_by(col(MatchPlan.number))).all()
    if not made:
        raise InvalidStateError(
            f"Run {run_id} ended {run.state}: {run.messages[0]['text']}",
            f"匹配任务 {run_id} 已结束（{run.state}）：{run.messages[0]['text']}",
        )
    return run, made


def _levels_table(run: MatchRun, plan: MatchPlan) -> Table:
    table = Table("level", "value", "bound", "gap", title=f"run {run.id}, plan {plan.id}")
    for level in plan.levels:
        table.add_row(level["name"], f"{level['value']:g}", f"{level['bound']:g}", f"{level['gap']:g}")
    return table


def _plans_table(made: Sequence[MatchPlan]) -> Table:
    """All plans of a run, measured under its policy."""
    table = Table("plan", "label", "method", "score", "gap", "same township", "experience", "equals", title="plans")
    labels = {plan.id: plan.label for plan in made}
    for plan in made:
        levels = plan.levels if plan.levels_by_policy is None else plan.levels_by_policy
        score = next(level for level in levels if level["name"] == "SCORE")
        share, fit = plan.metrics["same_township_share"], plan.metrics["mean_experience_fit"]
        table.add_row(
            str(plan.id),
            plan.label,
            label(plan.method, Language.EN),
            f"{score['value']:g}",
            f"{score['gap']:.2%}",
            "-" if share is None else f"{share:.1%}",
            "-" if fit is None else f"{fit:.1f}",
            "" if plan.same_as_id is None else labels[plan.same_as_id],
        )
    return table


def _links_table(found: PlanRepair, codes: Mapping[str, str]) -> Table:
    title = f"changed links, {min(SHOWN, len(found.ended) + len(found.added))} of {len(found.ended) + len(found.added)}"
    table = Table("mentee", "slot", "ends", "begins", "why", title=title)
    for link in found.ended[:SHOWN]:
        table.add_row(codes[link["mentee_id"]], link["slot"], codes[link["mentor_id"]], "", _why(link))
    for link in found.added[: max(0, SHOWN - len(found.ended))]:
        table.add_row(codes[link["mentee_id"]], link["slot"], "", codes[link["mentor_id"]], "")
    return table


def _why(link: Mapping[str, Any]) -> str:
    """The rules that ended a link, or else its cause; restricted rules read as avoidance."""
    reasons = [ReasonCode(code) for code in link["reasons"]]
    if any(code in RESTRICTED_REASONS for code in reasons):
        return public_reason(ReasonCode.KINSHIP)
    return "、".join(label(code) for code in reasons) or label(EndCause(link["cause"]))


def _codes(session: Session, table: type[Mentee] | type[Mentor], ids: set[str]) -> dict[str, str]:
    """编号 by internal id."""
    people = select(table.id, Person.code).join(Person, col(Person.id) == col(table.person_id))
    rows = session.exec(people.where(col(table.id).in_([UUID(key) for key in ids])))
    return {str(key): code for key, code in rows}
