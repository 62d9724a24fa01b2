"""From a draft to a form that is ready to be written: one read of the data, and no writing of files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from app.access import Viewer
from app.errors import InvalidStateError
from app.labels import label
from app.models import Division, Roster
from app.models.vocabulary import DivisionLevel, ExportForm, MaskLevel, RosterState, RowOrder
from app.rosters.drafts import OF_DIVISION, ExportDraft
from app.rosters.forms import adjustments, ledger, pool, roster, shortfalls, structure
from app.rosters.forms.adjustments import Entry
from app.rosters.forms.people import long_day
from app.rosters.forms.template import FormTemplate
from app.rosters.formtexts import template_for
from app.rosters.grid import CHINA_TIME, FormDocument, FormGrid, fill_document
from app.rosters.marks import OwnMark
from app.rosters.masters import Master, MasterKey, find_master, own_mark
from app.rosters.strokes import stroke_key
from app.rosters.subjects import RosterPart, division_of, form_of, former_entries, plan_of, roster_part


@dataclass(frozen=True, slots=True, kw_only=True)
class Printable:
    """What is to be handed out: the archived file, or the form that it is to be made of.

    ``version`` stands in the file's name and ``remark`` on every copy. ``key`` is set where the file is archived.
    """

    form: ExportForm
    mask_level: MaskLevel
    division: Division
    version: str
    remark: str
    year: int
    key: MasterKey | None = None
    archived: Master | None = None
    document: FormDocument | None = None
    own: OwnMark | None = None
    roster_id: UUID | None = None
    program_id: UUID | None = None
    plan_id: UUID | None = None


def see(session: Session, viewer: Viewer, draft: ExportDraft, instant: datetime, number: str) -> Printable:
    """Read what a draft asks for; ``number`` is that of a file which is not archived."""
    if draft.form in OF_DIVISION:
        return _of_division(session, viewer, draft, draft.form, instant, number)
    if draft.plan_id is not None:
        return _of_plan(session, viewer, draft, draft.plan_id, instant, number)
    return _of_roster(session, viewer, draft)


def _of_roster(session: Session, viewer: Viewer, draft: ExportDraft) -> Printable:
    part = roster_part(session, viewer, draft)
    form = form_of(draft, part.roster)
    # The public notice has nothing to mask: what would be masked is not in it.
    mask_level = MaskLevel.STRICT if form is ExportForm.PUBLIC_NOTICE else draft.mask_level
    key = MasterKey(
        roster_id=part.roster.id,
        division_id=part.division.id,
        form=form,
        format=draft.format,
        layout=draft.layout,
        mask_level=mask_level,
        row_order=draft.order,
    )
    remark = f"版本：第{part.roster.roster_version}版"
    if part.roster.state is not RosterState.PUBLISHED:
        # A reprint of an old version must not pass for the one in force.
        remark += f"（{label(part.roster.state)}，非现行版本）"
    archived = find_master(session, key)
    own = archived.own if archived is not None else own_mark(part.roster, key)
    return Printable(
        form=form,
        mask_level=mask_level,
        division=part.division,
        version=f"v{part.roster.roster_version}",
        remark=remark,
        year=part.roster.published_at.astimezone(CHINA_TIME).year,
        key=key,
        archived=archived,
        document=None if archived is not None else _roster_document(session, viewer, draft, part, key, own),
        own=own,
        roster_id=part.roster.id,
        program_id=part.program.id,
    )


def _roster_document(
    session: Session, viewer: Viewer, draft: ExportDraft, part: RosterPart, key: MasterKey, own: OwnMark
) -> FormDocument:
    header = part.roster.header
    template = template_for(session, key.form, part.division, part.program.mentee_kind)
    entries = _ordered(part.entries, key.row_order)
    contents = [entry.content for entry in entries]
    former: Roster | None = None
    if key.form is ExportForm.ADJUSTMENT_TABLE:
        former, before = former_entries(session, viewer, part, draft.county_id)
        changes = adjustments.changes_between(header, _ordered(before, key.row_order), entries)
        if not changes:
            raise InvalidStateError(
                f"Versions {former.roster_version} and {part.roster.roster_version} do not differ here.",
                f"第{former.roster_version}版与第{part.roster.roster_version}版在此范围内没有差异。",
                path=("rosterId",),
            )
        endings = adjustments.endings_of(session, part.roster, changes)
        published = part.roster.published_at.astimezone(CHINA_TIME).date()
        grid = adjustments.grid_of(template, changes, endings, published=published, layout=key.layout)
    elif key.form is ExportForm.SHORTFALL_LIST:
        grid = _shortfall_grid(template, shortfalls.of_roster(template, header, contents), draft)
    else:
        grid = roster.build_grid(template, header, contents, layout=key.layout, mask_level=key.mask_level)
    suffix = "" if part.is_whole else f"（{part.division.name}）"
    title = header["title"]
    document_no = header.get("document_no")
    return fill_document(
        template,
        grid,
        {
            "title": title + suffix,
            "subject": title.removesuffix("花名册") + suffix,
            "division": part.division.name,
            "year": str(part.program.year),
            "program": part.program.name,
            "unit": header["unit"],
            "date": header["date"],
            "reference_date": header["reference_date"],
            "order": label(key.row_order),
            "roster_version": str(part.roster.roster_version),
            "former_version": "" if former is None else str(former.roster_version),
        },
        own_mark=own.line,
        made_at=part.roster.published_at.astimezone(CHINA_TIME),
        more_notes=(f"文号：{document_no}。",) if document_no else (),
    )


def _ordered(entries: Sequence[Entry], order: RowOrder) -> list[Entry]:
    """Entries as published, in official order, or by the strokes of the mentee's name and 编号."""
    if order is RowOrder.OFFICIAL:
        return list(entries)
    return sorted(
        entries,
        key=lambda entry: (stroke_key(entry.content["mentee"]["name"]), entry.content["mentee"].get("code") or ""),
    )


def _shortfall_grid(template: FormTemplate, people: Sequence[shortfalls.Unmatched], draft: ExportDraft) -> FormGrid:
    if not people:
        raise InvalidStateError("No seat is empty here; there is nothing to list.", "此范围内没有未配岗位，无需出表。")
    return shortfalls.grid_of(template, people, layout=draft.layout)


def _of_plan(
    session: Session, viewer: Viewer, draft: ExportDraft, plan_id: UUID, instant: datetime, number: str
) -> Printable:
    plan, program, division = plan_of(session, viewer, plan_id)
    template = template_for(session, ExportForm.SHORTFALL_LIST, division)
    people = shortfalls.of_plan(session, viewer, template, plan, division, draft.order)
    own = _draft_mark(instant, number)
    grid = _shortfall_grid(template, people, draft)
    values = _values(session, division, instant, program.reference_date, draft.order) | {
        "subject": program.name,
        "title": program.name,
        "year": str(program.year),
        "program": program.name,
    }
    return Printable(
        form=ExportForm.SHORTFALL_LIST,
        mask_level=draft.mask_level,
        division=division,
        version=f"{instant.astimezone(CHINA_TIME):%Y%m%d}",
        remark=f"方案状态：{label(plan.state)}",
        year=program.year,
        document=_living_document(template, grid, values, own, instant, template.phrases["counted"]),
        own=own,
        program_id=program.id,
        plan_id=plan.id,
    )


def _of_division(
    session: Session, viewer: Viewer, draft: ExportDraft, form: ExportForm, instant: datetime, number: str
) -> Printable:
    assert draft.division_id is not None
    division = division_of(session, viewer, draft.division_id)
    template = template_for(session, form, division)
    today = instant.astimezone(CHINA_TIME).date()
    day = draft.reference_date or today
    mask_level, order = draft.mask_level, draft.order
    if form is ExportForm.MENTOR_POOL:
        grid = pool.pool_grid(session, viewer, template, division, day=day, mask_level=mask_level, order=order)
    elif form is ExportForm.CANDIDATE_LEDGER:
        grid = ledger.ledger_grid(session, viewer, template, division, mask_level=mask_level, order=order)
    else:
        grid = structure.structure_grid(session, viewer, template, division, day=day, mask_level=mask_level)
    if not grid.blocks or not _n_people(grid, form):
        raise InvalidStateError(
            f"Division {division.code} has nobody for this form.",
            f"区划 {division.code} 没有可列入该表的人员。",
            path=("divisionId",),
        )
    own = _draft_mark(instant, number)
    values = _values(session, division, instant, day, order)
    if form is ExportForm.MENTOR_POOL and order is RowOrder.OFFICIAL:
        values["order"] = template.phrases["by_code"]
    return Printable(
        form=form,
        mask_level=mask_level,
        division=division,
        version=f"{today:%Y%m%d}",
        remark=f"数据截至：{instant.astimezone(CHINA_TIME):%Y-%m-%d %H:%M}",
        year=today.year,
        document=_living_document(template, grid, values, own, instant),
        own=own,
    )


def _n_people(grid: FormGrid, form: ExportForm) -> int:
    if form is ExportForm.STRUCTURE_TABLE:
        return int(grid.blocks[0][0][2])
    return len(grid.blocks)


def _draft_mark(instant: datetime, number: str) -> OwnMark:
    made = instant.astimezone(CHINA_TIME)
    return OwnMark(line=f"底稿　生成时间：{made:%Y-%m-%d %H:%M:%S}　编号：{number}", short=f"底稿{number}")


def _living_document(
    template: FormTemplate, grid: FormGrid, values: dict[str, str], own: OwnMark, instant: datetime, *more_notes: str
) -> FormDocument:
    made_at = instant.astimezone(CHINA_TIME)
    return fill_document(template, grid, values, own_mark=own.line, made_at=made_at, more_notes=more_notes)


def _values(session: Session, division: Division, instant: datetime, day: date, order: RowOrder) -> dict[str, str]:
    return {
        "division": division.name,
        "year": str(instant.astimezone(CHINA_TIME).year),
        "unit": _unit_of(session, division),
        "date": long_day(instant.astimezone(CHINA_TIME).date()),
        "reference_date": long_day(day),
        "order": label(order),
        "title": division.name,
        "subject": division.name,
        "program": "",
        "roster_version": "",
        "former_version": "",
    }


def _unit_of(session: Session, division: Division) -> str:
    """The organisation department of the county or prefecture; below, the Party committee of the place itself."""
    if division.level in (DivisionLevel.COUNTY, DivisionLevel.PREFECTURE):
        return f"中共{division.name}委组织部"
    township = division
    if division.level is DivisionLevel.VILLAGE and division.parent_id is not None:
        township = session.get_one(Division, division.parent_id)
    return f"中共{township.name}委员会"
