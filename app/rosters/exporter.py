"""Handing out a roster as a file: whose rows, how masked, for what purpose, and the record of it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, covers_division, record, require_division, territory_clause
from app.db import utc_now
from app.errors import InvalidInputError, InvalidStateError, NotFoundError
from app.labels import Language, label
from app.models import Division, ExportJob, PairingProgram, Roster, RosterEntry
from app.models.vocabulary import AuditAction, DivisionLevel, ExportFormat, ExportState, MaskLevel, RosterState
from app.models.vocabulary import RosterLayout as RosterLayout
from app.rosters.csvform import write_csv
from app.rosters.forms import FormTemplate, default_template
from app.rosters.grid import build_grid
from app.rosters.guard import (
    count_personal_numbers,
    parts_of_archive,
    require_clean_grid,
    require_clean_texts,
    texts_of_parts,
)
from app.rosters.xlsxform import FormTexts, write_xlsx

CHINA_TIME = timezone(timedelta(hours=8))
"""One time zone in all of China, without summer time."""
_MAX_PURPOSE = 200
_MAX_TITLE_IN_FILE_NAME = 150
_NOT_IN_FILE_NAMES = re.compile(r'[\\/:*?"<>|“”‘’\s\x00-\x1f]')


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDraft:
    """What to hand out: a roster or one county's part of it, in which form, and for what purpose."""

    roster_id: UUID
    format: ExportFormat
    purpose: str
    layout: RosterLayout = RosterLayout.WIDE
    mask_level: MaskLevel = MaskLevel.STANDARD
    county_id: UUID | None = None


def export_roster(
    session: Session,
    viewer: Viewer,
    draft: ExportDraft,
    *,
    now: datetime | None = None,
    template: FormTemplate | None = None,
) -> ExportJob:
    """Render the viewer's part of a roster, store the file with its checksum, and record that it was handed out.

    Nothing is stored when the file would hold an unmasked ID or mobile number. ``template`` replaces the default form
    of the programme's kind.
    """
    require_form_classes(viewer)
    viewer.require(Permission.EXPORT)
    purpose = _checked_purpose(draft.purpose)
    roster, entries = _roster_with_entries(session, viewer, draft)
    program = session.get_one(PairingProgram, roster.program_id)
    part = _part(session, viewer, program, draft.county_id)
    instant = now or utc_now()
    title = roster.header["title"] + (f"（{part.name}）" if part else "")
    content = _render(roster, program, entries, viewer, draft, title, instant, template)
    checksum = sha256(content).hexdigest()
    job = ExportJob(
        roster_id=roster.id,
        county_id=part.id if part and part.level is DivisionLevel.COUNTY else draft.county_id,
        format=draft.format,
        mask_level=draft.mask_level,
        purpose=purpose,
        state=ExportState.DONE,
        file_name=file_name(title, roster.roster_version, draft.format),
        file_sha256=checksum,
        row_count=len(entries),
        content=content,
        created_at=instant,
        updated_at=instant,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(job)
    record(
        session,
        viewer,
        AuditAction.ROSTER_EXPORTED,
        f"Roster {roster.id}",
        county_id=job.county_id,
        export_id=str(job.id),
        format=draft.format.value,
        layout=draft.layout.value,
        mask_level=draft.mask_level.value,
        county=job.county_id,
        purpose=purpose,
        row_count=job.row_count,
        sha256=checksum,
    )
    session.flush()
    return job


def require_form_classes(viewer: Viewer) -> None:
    """Refuse whoever may not read what an internal form prints: cadre data, and phones in their masked form."""
    viewer.require(Permission.READ_CADRE_DATA)
    viewer.require(Permission.READ_MASKED_DATA)


def file_name(title: str, roster_version: int, file_format: ExportFormat) -> str:
    """``铜仁市2025年…花名册_v1.xlsx``: the title without what file systems refuse, and the version."""
    return f"{_NOT_IN_FILE_NAMES.sub('', title)[:_MAX_TITLE_IN_FILE_NAME]}_v{roster_version}.{file_format.lower()}"


def _checked_purpose(text: str) -> str:
    purpose = text.strip()
    if not purpose or len(purpose) > _MAX_PURPOSE:
        raise InvalidInputError(
            f"An export needs a purpose of 1 to {_MAX_PURPOSE} characters.",
            f"导出须填写用途（1至{_MAX_PURPOSE}字）。",
            path=("purpose",),
        )
    # The purpose goes into the audit trail, which holds no personal values.
    if count_personal_numbers(purpose):
        raise InvalidInputError(
            "The purpose holds an ID or mobile number; name the occasion, not the person.",
            "用途中含身份证号或手机号；请填写事由，不填写个人号码。",
            path=("purpose",),
        )
    return purpose


def _roster_with_entries(session: Session, viewer: Viewer, draft: ExportDraft) -> tuple[Roster, list[RosterEntry]]:
    """The roster and the entries in the viewer's territory, in printed order; without entries it is not found."""
    mine = select(RosterEntry).where(
        col(RosterEntry.roster_id) == draft.roster_id, territory_clause(viewer, RosterEntry.county_id)
    )
    if draft.county_id is not None:
        county = require_division(session, viewer, draft.county_id, path=("countyId",))
        if county.level is not DivisionLevel.COUNTY:
            raise InvalidInputError(
                f"Division {county.code} is no county; a roster is handed out whole or by county.",
                f"区划 {county.code} 不是县级；花名册只能整体导出或按县导出。",
                path=("countyId",),
            )
        mine = mine.where(col(RosterEntry.county_id) == draft.county_id)
    entries = list(session.exec(mine.order_by(col(RosterEntry.position))))
    if not entries:
        where, where_zh = ("that county", "该县") if draft.county_id else ("your territory", "辖区内")
        raise NotFoundError(
            f"No roster {draft.roster_id} with rows in {where}.",
            f"{where_zh}没有花名册 {draft.roster_id} 的记录。",
            path=("rosterId",),
        )
    roster = session.get_one(Roster, draft.roster_id)
    if roster.state is RosterState.DRAFT:
        raise InvalidStateError(
            f"Roster {roster.id} is a draft ({label(roster.state, Language.EN)}); publish it first.",
            f"花名册 {roster.id} 为{label(roster.state)}，请先发布。",
            path=("rosterId",),
        )
    return roster, entries


def _part(session: Session, viewer: Viewer, program: PairingProgram, county_id: UUID | None) -> Division | None:
    """The division whose rows are handed out when that is less than the whole roster; its name joins the title."""
    scope = session.get_one(Division, program.division_id)
    if county_id is not None:
        return None if county_id == scope.id else session.get_one(Division, county_id)
    if covers_division(viewer, scope.code):
        return None
    code = viewer.code_prefix.ljust(len(scope.code), "0")
    return session.exec(
        select(Division).where(col(Division.code) == code).order_by(col(Division.valid_from).desc())
    ).first()


def _render(
    roster: Roster,
    program: PairingProgram,
    entries: list[RosterEntry],
    viewer: Viewer,
    draft: ExportDraft,
    title: str,
    instant: datetime,
    template: FormTemplate | None,
) -> bytes:
    form = template or default_template(program.kind, program.mentee_kind)
    contents = [entry.content for entry in entries]
    grid = build_grid(form, roster.header, contents, layout=draft.layout, mask_level=draft.mask_level)
    require_clean_grid(grid)
    local = instant.astimezone(CHINA_TIME)
    mark = form.mark.format(who=viewer.subject, when=f"{local:%Y-%m-%d %H:%M:%S}", roster_version=roster.roster_version)
    if roster.state is not RosterState.PUBLISHED:
        # A reprint of an old version must not pass for the one in force.
        mark += f"（{label(roster.state)}，非现行版本）"
    if draft.format is ExportFormat.CSV:
        content = write_csv(grid, mark=mark)
        require_clean_texts([content.decode("utf-8")])
        return content
    texts = FormTexts(
        title=title,
        unit=roster.header["unit"],
        date=roster.header["date"],
        reference_date=roster.header["reference_date"],
        document_no=roster.header.get("document_no"),
        mark=mark,
        exported_by=viewer.subject,
        exported_at=local,
    )
    content = write_xlsx(form, grid, texts)
    require_clean_texts(texts_of_parts(parts_of_archive(content)))
    return content
