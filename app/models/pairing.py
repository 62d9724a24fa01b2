"""Tables of pairing: programmes, policies, what officers fix by hand, and the pairings themselves."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from app.models.columns import (
    CountyRow,
    Pii,
    Row,
    SearchedRow,
    TrackedRow,
    enum_field,
    json_field,
    personal_enum_field,
    personal_field,
)
from app.models.vocabulary import (
    MemberEndReason,
    MenteeKind,
    PairingMemberState,
    PairingState,
    ProgramKind,
)


class PairingProgram(SearchedRow, TrackedRow, table=True):
    """One programme of one county or prefecture in one year; ``division_id`` is its scope."""

    __tablename__ = "pairing_program"
    __table_args__ = (UniqueConstraint("division_id", "kind", "year", "name"),)

    division_id: UUID = Field(foreign_key="division.id", index=True)
    kind: ProgramKind = enum_field(ProgramKind)
    mentee_kind: MenteeKind = enum_field(MenteeKind)
    name: str = Field(max_length=120)
    year: int
    start_date: date
    end_date: date
    reference_date: date
    document_no: str | None = Field(default=None, max_length=80)


class ProgramSlot(Row, table=True):
    """One mentor slot (帮带岗位) of a programme, in order; the slots define k."""

    __tablename__ = "program_slot"
    __table_args__ = (UniqueConstraint("program_id", "position"), UniqueConstraint("program_id", "code"))

    program_id: UUID = Field(foreign_key="pairing_program.id", index=True)
    position: int
    code: str = Field(max_length=40)
    name: str = Field(max_length=80)
    duties: str | None = Field(default=None, max_length=400)


class MatchPolicy(TrackedRow, table=True):
    """One version of a programme's match policy; immutable. ``policy_version`` counts from 1 within the programme."""

    __tablename__ = "match_policy"
    __table_args__ = (UniqueConstraint("program_id", "policy_version"),)

    program_id: UUID = Field(foreign_key="pairing_program.id", index=True)
    policy_version: int
    content: dict[str, Any] = json_field()
    fingerprint: str = Field(max_length=64)
    note: str | None = Field(default=None, max_length=400)


class Pin(CountyRow, table=True):
    """A pairing that must be formed (锁定), in one slot or in any."""

    __tablename__ = "pin"
    __table_args__ = (UniqueConstraint("program_id", "mentee_id", "mentor_id"),)

    program_id: UUID = Field(foreign_key="pairing_program.id", index=True)
    mentee_id: UUID = Field(foreign_key="mentee.id", index=True)
    mentor_id: UUID = Field(foreign_key="mentor.id", index=True)
    slot_code: str | None = Field(default=None, max_length=40)
    reason: str = personal_field(Pii.CADRE, max_length=200)


class RuleRelease(CountyRow, table=True):
    """A hard rule that an officer released for one mentee of one programme, with a reason; a run never does so."""

    __tablename__ = "rule_release"
    __table_args__ = (UniqueConstraint("program_id", "mentee_id", "rule"),)

    program_id: UUID = Field(foreign_key="pairing_program.id", index=True)
    mentee_id: UUID = Field(foreign_key="mentee.id", index=True)
    rule: str = Field(max_length=40)
    reason: str = personal_field(Pii.CADRE, max_length=200)


class Pairing(CountyRow, table=True):
    """One mentee and its mentors in one programme. Written by publication; history is kept, never overwritten."""

    __tablename__ = "pairing"
    __table_args__ = (CheckConstraint("end_date >= start_date", name="period"),)

    program_id: UUID = Field(foreign_key="pairing_program.id", index=True)
    plan_id: UUID = Field(foreign_key="match_plan.id", index=True)
    mentee_id: UUID = Field(foreign_key="mentee.id", index=True)
    state: PairingState = personal_enum_field(Pii.DUTY, PairingState, index=True)
    start_date: date = personal_field(Pii.DUTY)
    end_date: date = personal_field(Pii.DUTY)
    agreement_no: str | None = Field(default=None, max_length=80)


class PairingMember(CountyRow, table=True):
    """One mentor in one slot of one pairing."""

    __tablename__ = "pairing_member"

    pairing_id: UUID = Field(foreign_key="pairing.id", index=True)
    mentor_id: UUID = Field(foreign_key="mentor.id", index=True)
    slot_code: str = Field(max_length=40)
    state: PairingMemberState = personal_enum_field(Pii.DUTY, PairingMemberState, index=True)
    start_date: date = personal_field(Pii.DUTY)
    end_date: date | None = personal_field(Pii.DUTY, default=None)
    end_reason: MemberEndReason | None = personal_enum_field(Pii.RESTRICTED, MemberEndReason, default=None)
    replaced_by_id: UUID | None = Field(default=None, foreign_key="pairing_member.id")
    note_encrypted: str | None = personal_field(Pii.RESTRICTED, default=None)
