"""What can be asked of an export, and the checks that need no data."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.errors import InvalidInputError
from app.models.vocabulary import ExportForm, ExportFormat, MaskLevel, RosterLayout, RowOrder
from app.rosters.guard import count_personal_numbers

_MAX_PURPOSE = 200
ROSTERS = (ExportForm.TWO_PLUS_ONE_ROSTER, ExportForm.ONE_TO_ONE_ROSTER)
OF_ROSTER = (*ROSTERS, ExportForm.PUBLIC_NOTICE, ExportForm.ADJUSTMENT_TABLE, ExportForm.SHORTFALL_LIST)
"""Forms that are made of a published roster."""
OF_DIVISION = (ExportForm.MENTOR_POOL, ExportForm.CANDIDATE_LEDGER, ExportForm.STRUCTURE_TABLE)
"""Forms that show the present data of a division."""
_SUBJECTS = ("roster_id", "program_id", "plan_id", "division_id")
_PATHS = {"roster_id": "rosterId", "program_id": "programId", "plan_id": "planId", "division_id": "divisionId"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDraft:
    """What to hand out, in which form, and for what purpose.

    Forms of a roster take ``roster_id``, or ``program_id`` for the version in force, and may be narrowed to one county;
    the list of empty seats takes ``plan_id`` too. Forms of present data take ``division_id``, and may count up to
    ``reference_date`` instead of today. Without ``form`` it is the roster's own.
    """

    format: ExportFormat
    purpose: str
    form: ExportForm | None = None
    roster_id: UUID | None = None
    program_id: UUID | None = None
    plan_id: UUID | None = None
    division_id: UUID | None = None
    county_id: UUID | None = None
    layout: RosterLayout = RosterLayout.WIDE
    mask_level: MaskLevel = MaskLevel.STANDARD
    order: RowOrder = RowOrder.OFFICIAL
    reference_date: date | None = None


def checked_purpose(text: str) -> str:
    """The purpose as it is recorded and printed."""
    purpose = " ".join(text.split())
    if not purpose or len(purpose) > _MAX_PURPOSE or not purpose.isprintable():
        raise InvalidInputError(
            f"An export needs a purpose of 1 to {_MAX_PURPOSE} printable characters.",
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


def check_subject(draft: ExportDraft) -> None:
    """Refuse a draft that does not name exactly what its form is made of, or asks for what the form does not have."""
    given = [name for name in _SUBJECTS if getattr(draft, name) is not None]
    form = draft.form or ExportForm.TWO_PLUS_ONE_ROSTER
    if form in OF_DIVISION:
        wanted = ["division_id"]
    elif form is ExportForm.SHORTFALL_LIST:
        wanted = ["roster_id", "program_id", "plan_id"]
    else:
        wanted = ["roster_id", "program_id"]
    if len(given) != 1 or given[0] not in wanted:
        names, names_zh = " or ".join(_PATHS[name] for name in wanted), "或".join(_PATHS[name] for name in wanted)
        raise InvalidInputError(
            f"{form} is made of exactly one of: {names}.", f"该表须且只须指定：{names_zh}。", path=(_PATHS[wanted[0]],)
        )
    if draft.county_id is not None and (form in OF_DIVISION or draft.plan_id is not None):
        raise InvalidInputError(
            "Only a roster is narrowed to a county; name the county as the division.",
            "仅花名册可按县导出；请将该县填为区划。",
            path=("countyId",),
        )
    if draft.reference_date is not None and form not in OF_DIVISION:
        raise InvalidInputError(
            "A roster counts up to the date of its programme; leave the reference date out.",
            "花名册以项目基准日为准，不另设基准日。",
            path=("referenceDate",),
        )
    if form in OF_DIVISION and draft.layout is RosterLayout.STACKED:
        raise InvalidInputError(
            f"{form} has one row for each person and no stacked layout.",
            "该表一人一行，没有竖排版式。",
            path=("layout",),
        )
    if form is ExportForm.STRUCTURE_TABLE and draft.order is not RowOrder.OFFICIAL:
        raise InvalidInputError("A table of counts has no order of names.", "统计表没有姓名排序。", path=("order",))
