"""What an export is made of, in the viewer's territory: a roster's rows, a plan, or a division."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, covers_division, require_division, territory_clause
from app.errors import InvalidInputError, InvalidStateError, NotFoundError
from app.labels import Language, label
from app.models import Division, MatchPlan, PairingProgram, Roster, RosterEntry
from app.models.vocabulary import DivisionLevel, ExportForm, ProgramKind, RosterState
from app.rosters.drafts import ROSTERS, ExportDraft
from app.rosters.forms.adjustments import Entry
from app.services.plans import require_plan
from app.services.programs import get_program

FORM_BY_KIND = {
    ProgramKind.TWO_PLUS_ONE: ExportForm.TWO_PLUS_ONE_ROSTER,
    ProgramKind.ONE_TO_ONE: ExportForm.ONE_TO_ONE_ROSTER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterPart:
    """The rows of a published roster that are handed out, in printed order; ``division`` is where they all lie."""

    roster: Roster
    program: PairingProgram
    division: Division
    is_whole: bool
    entries: tuple[Entry, ...]

    @property
    def contents(self) -> list[Mapping[str, Any]]:
        """What was printed of each."""
        return [entry.content for entry in self.entries]


def roster_part(session: Session, viewer: Viewer, draft: ExportDraft) -> RosterPart:
    """The roster of a draft with the entries in the viewer's territory; without entries it is not found."""
    roster_id = draft.roster_id or _roster_in_force(session, viewer, draft.program_id)
    entries = _entries(session, viewer, roster_id, draft.county_id)
    if not entries:
        where, where_zh = ("that county", "该县") if draft.county_id else ("your territory", "辖区内")
        raise NotFoundError(
            f"No roster {roster_id} with rows in {where}.",
            f"{where_zh}没有花名册 {roster_id} 的记录。",
            path=("rosterId",),
        )
    roster = session.get_one(Roster, roster_id)
    if roster.state is RosterState.DRAFT:
        raise InvalidStateError(
            f"Roster {roster.id} is a draft ({label(roster.state, Language.EN)}); publish it first.",
            f"花名册 {roster.id} 为{label(roster.state)}，请先发布。",
            path=("rosterId",),
        )
    program = session.get_one(PairingProgram, roster.program_id)
    scope = session.get_one(Division, program.division_id)
    division = _part(session, viewer, scope, draft.county_id)
    return RosterPart(
        roster=roster, program=program, division=division, is_whole=division.id == scope.id, entries=entries
    )


def form_of(draft: ExportDraft, roster: Roster) -> ExportForm:
    """The form asked for; a roster's own form must be that of its programme."""
    own = FORM_BY_KIND[roster.kind]
    if draft.form is None:
        return own
    if draft.form in ROSTERS and draft.form is not own:
        raise InvalidInputError(
            f"Roster {roster.id} belongs to a {roster.kind} programme; its form is {own}.",
            f"花名册 {roster.id} 属于{label(roster.kind)}项目，应选“{label(own)}”。",
            path=("form",),
        )
    return draft.form


def former_entries(
    session: Session, viewer: Viewer, part: RosterPart, county_id: UUID | None
) -> tuple[Roster, tuple[Entry, ...]]:
    """The version before this one with its entries in the same part."""
    if part.roster.supersedes_id is None:
        raise InvalidStateError(
            f"Roster {part.roster.id} is the first version of its programme; nothing was adjusted.",
            f"花名册 {part.roster.id} 为首版，没有调整。",
            path=("rosterId",),
        )
    former = session.get_one(Roster, part.roster.supersedes_id)
    return former, _entries(session, viewer, former.id, county_id)


def plan_of(session: Session, viewer: Viewer, plan_id: UUID) -> tuple[MatchPlan, PairingProgram, Division]:
    """A plan that the viewer answers for."""
    viewer.require(Permission.READ_PLANS)
    plan = require_plan(session, viewer, plan_id)
    program = session.get_one(PairingProgram, plan.program_id)
    return plan, program, session.get_one(Division, program.division_id)


def division_of(session: Session, viewer: Viewer, division_id: UUID) -> Division:
    """The division whose present data are shown: a prefecture or less."""
    division = require_division(session, viewer, division_id, path=("divisionId",))
    if division.level is DivisionLevel.PROVINCE:
        raise InvalidInputError(
            f"Division {division.code} is a province; take a prefecture or less.",
            f"区划 {division.code} 为省级，请选择市级及以下。",
            path=("divisionId",),
        )
    return division


def _roster_in_force(session: Session, viewer: Viewer, program_id: UUID | None) -> UUID:
    assert program_id is not None
    program = get_program(session, viewer, program_id)
    found = session.exec(
        select(Roster.id).where(Roster.program_id == program.id, Roster.state == RosterState.PUBLISHED)
    ).first()
    if found is None:
        raise InvalidStateError(
            f"Programme {program.id} has no published roster.",
            f"项目 {program.id} 没有已发布的花名册。",
            path=("programId",),
        )
    return found


def _entries(session: Session, viewer: Viewer, roster_id: UUID, county_id: UUID | None) -> tuple[Entry, ...]:
    mine = select(RosterEntry.mentee_id, RosterEntry.content).where(
        col(RosterEntry.roster_id) == roster_id, territory_clause(viewer, RosterEntry.county_id)
    )
    if county_id is not None:
        county = require_division(session, viewer, county_id, path=("countyId",))
        if county.level is not DivisionLevel.COUNTY:
            raise InvalidInputError(
                f"Division {county.code} is no county; a roster is handed out whole or by county.",
                f"区划 {county.code} 不是县级；花名册只能整体导出或按县导出。",
                path=("countyId",),
            )
        mine = mine.where(col(RosterEntry.county_id) == county_id)
    rows = session.exec(mine.order_by(col(RosterEntry.position)))
    return tuple(Entry(mentee_id=mentee_id, content=content) for mentee_id, content in rows)


def _part(session: Session, viewer: Viewer, scope: Division, county_id: UUID | None) -> Division:
    """Where the rows that are handed out lie: the programme's division, one county of it, or the viewer's territory."""
    if county_id is not None:
        return session.get_one(Division, county_id)
    if covers_division(viewer, scope.code):
        return scope
    code = viewer.code_prefix.ljust(len(scope.code), "0")
    newest = select(Division).where(col(Division.code) == code).order_by(col(Division.valid_from).desc())
    division = session.exec(newest).first()
    if division is None:
        raise NotFoundError(f"No division {code} of your territory.", f"没有辖区所属的区划 {code}。")
    return division
