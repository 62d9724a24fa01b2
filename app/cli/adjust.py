"""``touyan adjust``: adjust a proposed plan by hand, see what that moves and costs, take an adjustment back."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlmodel import Session, col, select
from typer.core import TyperGroup

from app.access import SYSTEM_VIEWER
from app.cli.tools import DatabaseOption, opened
from app.db import Database
from app.errors import NotFoundError
from app.labels import label, public_reason
from app.models import Mentee, Mentor, Person, PlanAdjustment, PlanItem, Shortfall
from app.models.vocabulary import AdjustmentKind, ReasonCode
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


class _PlanFirst(TyperGroup):
    """A group whose first word may be a plan instead of a command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read ``adjust PLAN ...`` as ``adjust plan PLAN ...``."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["plan", *args]
        return super().parse_args(ctx, args)


adjust_cli = typer.Typer(
    cls=_PlanFirst,
    no_args_is_help=True,
    help="Adjust a proposed plan by hand (人工调整): touyan adjust PLAN --pin ..., touyan adjust undo PLAN NUMBER.",
)
out = Console()

PlanArgument = Annotated[UUID, typer.Argument(metavar="PLAN", help="Proposed plan")]
PreviewOption = Annotated[bool, typer.Option("--preview", help="Only show what would happen.")]


@adjust_cli.command("plan")
def adjust_plan(
    plan_id: PlanArgument,
    pins: Annotated[list[str] | None, typer.Option("--pin", help="MENTEE=MENTOR[:SLOT], by 编号")] = None,
    forbidden: Annotated[list[str] | None, typer.Option("--forbid", help="MENTEE=MENTOR, by 编号")] = None,
    swaps: Annotated[list[str] | None, typer.Option("--swap", help="MENTEE:SLOT=MENTEE:SLOT, by 编号")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; needed without --preview.")] = None,
    preview: PreviewOption = False,
    database: DatabaseOption = None,
) -> None:
    """Fix, forbid or swap mentors of a plan; all changes are made together, or none."""
    with opened(database) as (_, handle, cipher):
        with handle.read() as session:
            changes: tuple[SwapDraft | PlanPinDraft | ForbidDraft, ...] = (
                *(_pin(session, plan_id, text) for text in pins or ()),
                *(_forbid(session, plan_id, text) for text in forbidden or ()),
                *(_swap(session, plan_id, text) for text in swaps or ()),
            )
        draft = AdjustmentDraft(plan_id=plan_id, changes=changes, reason=reason, is_preview=preview)
        _show(handle, adjust_match_plan(handle, SYSTEM_VIEWER, cipher, draft))


@adjust_cli.command()
def undo(
    plan_id: PlanArgument,
    number: Annotated[int, typer.Argument(help="Number of the adjustment, as `touyan adjust list` shows it")],
    preview: PreviewOption = False,
    database: DatabaseOption = None,
) -> None:
    """Take one adjustment of a plan back, whatever came after it."""
    with opened(database) as (_, handle, _cipher):
        with handle.read() as session:
            of_plan = select(PlanAdjustment.id).where(
                PlanAdjustment.plan_id == plan_id, PlanAdjustment.number == number
            )
            adjustment_id = session.exec(of_plan).first()
        if adjustment_id is None:
            raise NotFoundError(f"Plan {plan_id} has no adjustment {number}.", f"方案 {plan_id} 没有第{number}号调整。")
        draft = UndoDraft(adjustment_id=adjustment_id, is_preview=preview)
        _show(handle, undo_plan_adjustment(handle, SYSTEM_VIEWER, draft))


@adjust_cli.command("list")
def list_adjustments(plan_id: PlanArgument, database: DatabaseOption = None) -> None:
    """Show the adjustments of a plan."""
    with opened(database) as (_, handle, _cipher), handle.read() as session:
        of_plan = select(PlanAdjustment).where(PlanAdjustment.plan_id == plan_id)
        rows = session.exec(of_plan.order_by(col(PlanAdjustment.number))).all()
        codes = _codes(session, [each for row in rows for each in _people(row)])
        table = Table("no.", "kind", "what", "by", "at", "state", title=f"adjustments of plan {plan_id}")
        for row in rows:
            state = "in force" if row.undone_at is None else f"undone by {row.undone_by}"
            at = f"{row.created_at:%Y-%m-%d %H:%M}"
            table.add_row(str(row.number), label(row.kind), _said(row, codes), escape(row.created_by), at, state)
        out.print(table)


def _pin(session: Session, plan_id: UUID, text: str) -> PlanPinDraft:
    mentee, mentor = _halves(text, "--pin", "MENTEE=MENTOR[:SLOT]")
    mentor, _, slot = mentor.partition(":")
    mentee_id = _mentee(session, plan_id, mentee)
    return PlanPinDraft(mentee_id=mentee_id, mentor_id=_mentor(session, mentor), slot_code=slot or None)


def _forbid(session: Session, plan_id: UUID, text: str) -> ForbidDraft:
    mentee, mentor = _halves(text, "--forbid", "MENTEE=MENTOR")
    return ForbidDraft(mentee_id=_mentee(session, plan_id, mentee), mentor_id=_mentor(session, mentor))


def _swap(session: Session, plan_id: UUID, text: str) -> SwapDraft:
    (mentee, _, slot), (other, _, other_slot) = (
        half.partition(":") for half in _halves(text, "--swap", "MENTEE:SLOT=MENTEE:SLOT")
    )
    if not slot or not other_slot:
        raise typer.BadParameter(f"{text!r} is not MENTEE:SLOT=MENTEE:SLOT", param_hint="--swap")
    return SwapDraft(
        mentee_id=_mentee(session, plan_id, mentee),
        slot_code=slot,
        other_mentee_id=_mentee(session, plan_id, other),
        other_slot_code=other_slot,
    )


def _halves(text: str, option: str, form: str) -> tuple[str, str]:
    left, sign, right = text.partition("=")
    if not (left and sign and right):
        raise typer.BadParameter(f"{text!r} is not {form}", param_hint=option)
    return left, right


def _mentee(session: Session, plan_id: UUID, code: str) -> UUID:
    """The mentee record of the plan behind a 编号."""
    records = select(Mentee.id).join(Person, col(Person.id) == col(Mentee.person_id)).where(Person.code == code)
    known = set(session.exec(records))
    filled = select(PlanItem.mentee_id).where(PlanItem.plan_id == plan_id, col(PlanItem.mentee_id).in_(known))
    empty = select(Shortfall.mentee_id).where(Shortfall.plan_id == plan_id, col(Shortfall.mentee_id).in_(known))
    found = session.exec(filled.limit(1)).first() or session.exec(empty.limit(1)).first()
    if found is not None:
        return found
    raise NotFoundError(f"Plan {plan_id} has no mentee {code}.", f"方案 {plan_id} 中没有帮带对象 {code}。")


def _mentor(session: Session, code: str) -> UUID:
    """The mentor record behind a 编号, or the one of an id where a person has several records."""
    try:
        return UUID(code)
    except ValueError:
        pass
    records = select(Mentor.id).join(Person, col(Person.id) == col(Mentor.person_id)).where(Person.code == code)
    found = session.exec(records.order_by(col(Mentor.id))).all()
    if not found:
        raise NotFoundError(f"There is no mentor {code}.", f"没有编号为 {code} 的导师。")
    if len(found) > 1:
        ids = ", ".join(map(str, found))
        raise NotFoundError(
            f"{code} stands in several mentor pools; name the record by its id: {ids}.",
            f"{code} 在多个导师库中，请用记录 id 指定：{ids}。",
        )
    return found[0]


def _show(handle: Database, done: Adjusted) -> None:
    """Print what changes: pairs, levels of the objective, seats without a mentor."""
    effect = done.effect
    with handle.read() as session:
        links = (*effect.ended, *effect.added)
        seats = (*effect.emptied, *effect.filled)
        people = [each for link in links for each in (link.mentee_id, link.mentor_id)]
        codes = _codes(session, [*people, *(seat.mentee_id for seat in seats)])
        query = select(PlanAdjustment).where(col(PlanAdjustment.id).in_(done.adjustment_ids))
        numbers = [str(row.number) for row in session.exec(query.order_by(col(PlanAdjustment.number)))]
    moves: dict[tuple[UUID, str], list[str]] = {}
    for link in effect.ended:
        moves[link.mentee_id, link.slot_code] = [codes[link.mentor_id], "-"]
    for link in effect.added:
        moves.setdefault((link.mentee_id, link.slot_code), ["-", "-"])[1] = codes[link.mentor_id]
    title = "preview, nothing is written 仅预览" if done.is_preview else f"adjustment {', '.join(numbers)}"
    table = Table("mentee", "slot", "before", "after", title=title)
    for (mentee_id, slot), (before, after) in sorted(moves.items(), key=lambda item: (codes[item[0][0]], item[0][1])):
        table.add_row(codes[mentee_id], slot, before, after)
    out.print(table)
    out.print(f"{effect.n_people} people have another partner 涉及{effect.n_people}人")
    costs = Table("level", "before", "after")
    for level in effect.levels:
        if level.before != level.after:
            costs.add_row(level.name, f"{level.before:g}", f"{level.after:g}")
    out.print(costs)
    for seat in effect.emptied:
        reasons = dict.fromkeys(public_reason(ReasonCode(reason["code"])) for reason in seat.reasons)
        out.print(f"[red]empty 空缺[/red] {codes[seat.mentee_id]} {seat.slot_code}: {'、'.join(reasons)}")
    for seat in effect.filled:
        out.print(f"[green]filled 已补[/green] {codes[seat.mentee_id]} {seat.slot_code}")


def _codes(session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
    codes: dict[UUID, str] = {}
    for table in (Mentee, Mentor):
        rows = select(table.id, Person.code).join(Person, col(Person.id) == col(table.person_id))
        codes.update(dict(session.exec(rows.where(col(table.id).in_(ids))).all()))
    return codes


def _people(row: PlanAdjustment) -> list[UUID]:
    ids = (row.mentee_id, row.mentor_id, row.other_mentee_id, row.other_mentor_id)
    return [each for each in ids if each is not None]


def _said(row: PlanAdjustment, codes: dict[UUID, str]) -> str:
    sign = "≠" if row.kind is AdjustmentKind.FORBID else "="
    slot = f":{row.slot_code}" if row.slot_code else ""
    text = f"{codes[row.mentee_id]}{slot} {sign} {codes[row.mentor_id]}"
    if row.other_mentee_id is not None and row.other_mentor_id is not None:
        text += f", {codes[row.other_mentee_id]}:{row.other_slot_code} = {codes[row.other_mentor_id]}"
    return text
