"""Pairing programmes and their versioned match policies."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, code_prefix, covers_division, record, require_division
from app.errors import DuplicateError, ForbiddenError, InvalidInputError, NotFoundError, PolicyError
from app.models import Division, MatchPolicy, PairingProgram, ProgramSlot
from app.models.vocabulary import AuditAction, DivisionLevel, MenteeKind, ProgramKind
from app.services.texts import optional_text, required_text
from matching import PRESETS, InvalidPolicyError, Policy

FIRST_YEAR, LAST_YEAR = 1900, 2100
SEATS_BY_KIND = {ProgramKind.ONE_TO_ONE: 1, ProgramKind.TWO_PLUS_ONE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramDraft:
    """A programme to be created; slots and policy version 1 are taken from ``preset``.

    ``end_date`` ``None`` means the preset's period (12 months less a day); ``reference_date`` ``None`` means the first
    day of the starting month, because ages and tenures in print must not move.
    """

    division_id: UUID
    kind: ProgramKind
    mentee_kind: MenteeKind
    name: str
    year: int
    start_date: date
    preset: str
    end_date: date | None = None
    reference_date: date | None = None
    document_no: str | None = None


def get_program(session: Session, viewer: Viewer, program_id: UUID) -> PairingProgram:
    """The programme, if its division lies in the viewer's territory or contains it; else ``NotFoundError``."""
    program = session.get(PairingProgram, program_id)
    if program is not None and viewer.may(Permission.READ):
        division = session.get_one(Division, program.division_id)
        prefix = code_prefix(division)
        if covers_division(viewer, division.code) or (viewer.code_prefix and viewer.code_prefix.startswith(prefix)):
            return program
    raise NotFoundError(f"No pairing programme {program_id} in your territory.", f"辖区内没有结对项目 {program_id}。")


def require_program(session: Session, viewer: Viewer, program_id: UUID, *, lock: bool = False) -> PairingProgram:
    """The programme, if the viewer answers for the *whole* of it: to run, approve or publish it.

    ``lock`` holds the row until the transaction ends, so that two publications cannot overlap.
    """
    program = get_program(session, viewer, program_id)
    division = session.get_one(Division, program.division_id)
    if not covers_division(viewer, division.code):
        raise ForbiddenError(
            f"The programme covers division {division.code}, more than your territory; ask its own office.",
            f"该项目覆盖区划 {division.code}，超出本级辖区，请由项目主管单位办理。",
        )
    if lock:
        session.refresh(program, with_for_update=True)
    return program


def county_of_program(session: Session, program_id: UUID) -> UUID | None:
    """The county of a programme, for the audit trail; ``None`` for one of a whole prefecture."""
    division = session.get_one(Division, session.get_one(PairingProgram, program_id).division_id)
    return division.id if division.level is DivisionLevel.COUNTY else None


def create_pairing_program(session: Session, viewer: Viewer, draft: ProgramDraft) -> PairingProgram:
    """Create a programme with its slots and policy version 1; refuses duplicates, unknown presets and bad periods."""
    viewer.require(Permission.RUN)
    division = require_division(session, viewer, draft.division_id, path=["divisionId"])
    if division.level not in (DivisionLevel.PREFECTURE, DivisionLevel.COUNTY):
        raise InvalidInputError(
            f"A programme belongs to a county or a prefecture; {division.code} is a {division.level}.",
            f"结对项目须属于县级或市级区划；{division.code} 不是。",
            path=["divisionId"],
        )
    if division.valid_to is not None:
        raise InvalidInputError(
            f"Division {division.code} was revoked on {division.valid_to}; choose its successor.",
            f"区划 {division.code} 已于 {division.valid_to} 撤销，请选择现行区划。",
            path=["divisionId"],
        )
    policy = PRESETS.get(draft.preset)
    if policy is None:
        raise PolicyError(
            f"Unknown preset {draft.preset!r}; known presets: {', '.join(sorted(PRESETS))}.",
            f"没有名为 {draft.preset!r} 的预设；可用：{'、'.join(sorted(PRESETS))}。",
            path=["preset"],
        )
    if policy.n_seats != SEATS_BY_KIND[draft.kind]:
        raise PolicyError(
            f"Preset {draft.preset} has {policy.n_seats} slot(s), a {draft.kind} programme needs "
            f"{SEATS_BY_KIND[draft.kind]}.",
            f"预设 {draft.preset} 有 {policy.n_seats} 个帮带岗位，与项目类型不符。",
            path=["preset"],
        )
    if draft.mentee_kind not in policy.mentee_eligibility.kinds:
        raise PolicyError(
            f"Preset {draft.preset} does not admit mentees of kind {draft.mentee_kind}.",
            f"预设 {draft.preset} 不适用于此类帮带对象（{draft.mentee_kind}）。",
            path=["menteeKind"],
        )
    name = required_text(draft.name, 120, "The programme needs a name.", "请填写项目名称。", path=["name"])
    document_no = optional_text(draft.document_no, 80, path=["documentNo"])
    _require_plausible_time(draft)
    end_date = draft.end_date or _months_later(draft.start_date, policy.period_months) - timedelta(days=1)
    if end_date < draft.start_date:
        raise InvalidInputError(
            f"The end date {end_date} is before the start date {draft.start_date}.",
            f"结束日期 {end_date} 早于开始日期 {draft.start_date}。",
            path=["endDate"],
        )
    same = select(PairingProgram).where(
        PairingProgram.division_id == division.id,
        PairingProgram.kind == draft.kind,
        PairingProgram.year == draft.year,
        PairingProgram.name == name,
    )
    if session.exec(same).first() is not None:
        raise DuplicateError(
            f"Division {division.code} has a programme of this kind, year and name already.",
            f"区划 {division.code} 已有同类型、同年度、同名称的项目。",
            path=["name"],
        )
    program = PairingProgram(
        division_id=division.id,
        kind=draft.kind,
        mentee_kind=draft.mentee_kind,
        name=name,
        year=draft.year,
        start_date=draft.start_date,
        end_date=end_date,
        reference_date=draft.reference_date or draft.start_date.replace(day=1),
        document_no=document_no,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(program)
    session.flush()
    for position, slot in enumerate(policy.slots):
        session.add(ProgramSlot(program_id=program.id, position=position, code=slot.code, name=slot.name))
    row = _write_policy(session, viewer, program, policy, 1, draft.preset)
    record(
        session,
        viewer,
        AuditAction.PROGRAM_CREATED,
        f"PairingProgram {program.id}",
        county_id=county_of_program(session, program.id),
        division=division.code,
        kind=program.kind,
        year=program.year,
        preset=draft.preset,
        policy_fingerprint=row.fingerprint,
    )
    return program


def create_match_policy_version(
    session: Session, viewer: Viewer, program_id: UUID, content: dict[str, Any], *, note: str | None = None
) -> MatchPolicy:
    """Write the next version of a programme's policy.

    Raises ``PolicyError`` with the dotted path of the first faulty item: negative or all-zero weights, unknown
    options, slots that are not those of the programme.
    """
    viewer.require(Permission.RUN)
    program = require_program(session, viewer, program_id, lock=True)
    remark = optional_text(note, 400, path=["note"])
    try:
        policy = Policy.from_json(content)
    except InvalidPolicyError as error:
        raise PolicyError(str(error), f"匹配政策无效：{error}", path=["content", *error.path.split(".")]) from error
    codes = tuple(slot.code for slot in slots_of(session, program.id))
    if policy.slot_codes != codes:
        raise PolicyError(
            f"slots: the programme's slots are {', '.join(codes)}, the policy names {', '.join(policy.slot_codes)}; "
            "use the programme's codes in its order.",
            f"slots：项目的帮带岗位为 {'、'.join(codes)}，请按此顺序填写。",
            path=["content", "slots"],
        )
    newest = policy_for_run(session, program, None)
    row = _write_policy(session, viewer, program, policy, newest.policy_version + 1, remark)
    record(
        session,
        viewer,
        AuditAction.POLICY_CREATED,
        f"MatchPolicy {row.id}",
        county_id=county_of_program(session, program.id),
        program=program.id,
        policy_version=row.policy_version,
        before=newest.fingerprint,
        after=row.fingerprint,
    )
    return row


def slots_of(session: Session, program_id: UUID) -> list[ProgramSlot]:
    """The slots of a programme in order."""
    return list(
        session.exec(
            select(ProgramSlot).where(ProgramSlot.program_id == program_id).order_by(col(ProgramSlot.position))
        )
    )


def policy_for_run(session: Session, program: PairingProgram, policy_id: UUID | None) -> MatchPolicy:
    """The named version, or the newest; ``NotFoundError`` when the version is not the programme's."""
    query = select(MatchPolicy).where(MatchPolicy.program_id == program.id)
    if policy_id is not None:
        query = query.where(MatchPolicy.id == policy_id)
    row = session.exec(query.order_by(col(MatchPolicy.policy_version).desc())).first()
    if row is None:
        raise NotFoundError(
            f"Programme {program.id} has no policy version {policy_id}.",
            f"项目 {program.id} 没有政策版本 {policy_id}。",
            path=["policyId"],
        )
    return row


def _require_plausible_time(draft: ProgramDraft) -> None:
    """Refuse years and days that can only be slips; ages, tenures and the period are computed from them."""
    for field, year in (
        ("year", draft.year),
        ("startDate", draft.start_date.year),
        ("endDate", draft.end_date.year if draft.end_date else None),
        ("referenceDate", draft.reference_date.year if draft.reference_date else None),
    ):
        if year is not None and not FIRST_YEAR <= year <= LAST_YEAR:
            raise InvalidInputError(
                f"{field} lies outside {FIRST_YEAR}-{LAST_YEAR}.",
                f"{field} 超出{FIRST_YEAR}-{LAST_YEAR}年范围。",
                path=[field],
            )


def _write_policy(
    session: Session, viewer: Viewer, program: PairingProgram, policy: Policy, version: int, note: str | None
) -> MatchPolicy:
    row = MatchPolicy(
        program_id=program.id,
        policy_version=version,
        content=policy.to_json(),
        fingerprint=policy.fingerprint(),
        note=note,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(row)
    session.flush()
    return row


def _months_later(day: date, months: int) -> date:
    """The same day ``months`` later, or the last day of that month when it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    next_first = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), next_first - timedelta(days=1))
