"""Making one person of two records of the same person: everything of the one moves to the other, which is then deleted.

Published rosters, plans and pairings stay as they are: they name roles, and roles move with their keys.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.access import Permission, Viewer, get_in_county, record
from app.errors import DuplicateError, InvalidInputError
from app.models import (
    AnnualAppraisal,
    ApiToken,
    Appointment,
    DevelopmentNeed,
    Exclusion,
    KinshipDeclaration,
    Office,
    Person,
    PersonFlag,
    Preference,
    VillageLink,
)
from app.models.vocabulary import AuditAction, Sex
from app.services.people.merging_roles import RoleMerge, RowT
from app.services.people.records import appointment_key, lock_county, require_named, stamp
from app.services.privacy.numbers import has_personal_number
from app.services.texts import required_text

_TOGETHER: tuple[tuple[str, ...], ...] = (
    ("birth_date", "birth_precision"),
    ("party_join_date", "party_join_precision"),
    ("work_start_date", "work_start_precision"),
    ("education_code", "is_education_full_time"),
    ("id_number_encrypted", "id_number_hash", "id_number_masked"),
    ("phone_encrypted", "phone_hash", "phone_masked"),
    ("ethnicity_code",),
    ("native_place",),
    ("political_status_code",),
    ("degree_code",),
    ("school",),
    ("major",),
    ("unit_and_post",),
    ("residence_division_id",),
)
"""Columns of a person that are filled together, where the first of them is blank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePersonsDraft:
    """Which record stays, which goes, and how it is known that they are one person."""

    keep_id: UUID
    drop_id: UUID
    reason: str


def merge_persons(session: Session, viewer: Viewer, draft: MergePersonsDraft) -> Person:
    """Move roles, posts, facts and pairs from one record to the other, fill its blanks, and delete the emptied one.

    Where both say something, the record that stays is right. Needs ``RUN``: avoidance facts and pairings move as well.
    """
    viewer.require(Permission.RUN)
    reason = _checked_reason(draft.reason)
    keep = get_in_county(session, viewer, Person, draft.keep_id, path=("keep_id",))
    drop = get_in_county(session, viewer, Person, draft.drop_id, path=("drop_id",))
    if keep.id == drop.id:
        raise InvalidInputError(
            "Both are the same record; name the two records of the person.",
            "两个编号为同一条记录；请选择同一人的两条记录。",
            path=("drop_id",),
        )
    if keep.county_id != drop.county_id:
        raise InvalidInputError(
            f"Persons {keep.code} and {drop.code} are kept by two counties and cannot be merged here.",
            f"人员 {keep.code} 与 {drop.code} 的档案分属两个县，不能在此合并。",
            path=("drop_id",),
        )
    lock_county(session, keep.county_id)
    for person in sorted((keep, drop), key=lambda each: each.id):
        session.refresh(person, with_for_update=True)
    require_named(keep, ("keep_id",))
    require_named(drop, ("drop_id",))
    if keep.id_number_hash is not None and drop.id_number_hash not in (None, keep.id_number_hash):
        raise DuplicateError(
            f"Persons {keep.code} and {drop.code} have different ID numbers; correct the wrong one first.",
            f"人员 {keep.code} 与 {drop.code} 的身份证号不同；请先更正错误的一个。",
            path=("drop_id",),
        )
    merge = _Merge(session=session, viewer=viewer, keep=keep, drop=drop)
    merge.refuse_both_sides()
    merge.move_mentees()
    merge.move_mentors()
    merge.move_lists()
    merge.move_pairs()
    n_accounts = merge.move_accounts()
    n_filled = merge.fill_blanks()
    session.flush()
    session.delete(drop)
    stamp(keep, viewer)
    session.add(keep)
    record(
        session,
        viewer,
        AuditAction.PERSONS_MERGED,
        f"Person {keep.code}",
        county_id=keep.county_id,
        merged=drop.code,
        reason=reason,
        n_moved=merge.n_moved,
        n_accounts=n_accounts,
        n_filled=n_filled,
    )
    session.flush()
    return keep


def _checked_reason(text: str) -> str:
    """The reason, which goes into the audit trail and so must not name a number."""
    message = "Say how it is known that the two are one person.", "请填写认定为同一人的依据。"
    reason = required_text(text, 200, *message, path=("reason",))
    if has_personal_number(reason):
        raise InvalidInputError(
            "The reason holds an ID number or a phone; name the evidence, not the number.",
            "依据中含身份证号或电话号码；请填写事由，不填写号码。",
            path=("reason",),
        )
    return reason


@dataclass(slots=True, kw_only=True)
class _Merge(RoleMerge):
    """Two records on their way to one: the rest of what they hold."""

    def move_lists(self) -> None:
        """Move posts, appraisals, flags, links and needs that the other record does not have already."""
        self._join(Appointment, appointment_key)
        self._join(AnnualAppraisal, lambda row: row.year)
        self._join(PersonFlag, lambda row: (row.kind, row.start_date, row.end_date))
        self._join(VillageLink, lambda row: (row.village_id, row.role, row.start_date))
        self._join(DevelopmentNeed, lambda row: row.specialty)

    def _join(self, table: type[RowT], key: Any) -> None:
        known = {key(row) for row in self.rows_of(table, "person_id", self.keep)}
        for row in self.rows_of(table, "person_id", self.drop):
            if key(row) in known:
                self.session.delete(row)
            else:
                known.add(key(row))
                self.move(row, person_id=self.keep.id)
        self.session.flush()

    def move_pairs(self) -> None:
        """Move kinships, exclusions and wishes; what would join a person with itself goes."""
        self._join_pairs(KinshipDeclaration, ("person_a_id", "person_b_id"), is_symmetric=True)
        self._join_pairs(Exclusion, ("mentee_person_id", "mentor_person_id"), is_symmetric=False)
        self._join_pairs(Preference, ("from_person_id", "to_person_id"), is_symmetric=False)

    def _join_pairs(self, table: type[RowT], columns: tuple[str, str], *, is_symmetric: bool) -> None:
        def pair(row: RowT, *, moved: bool) -> Hashable:
            ids = [getattr(row, column) for column in columns]
            if moved:
                ids = [self.keep.id if each == self.drop.id else each for each in ids]
            return frozenset(ids) if is_symmetric else tuple(ids)

        known = {pair(row, moved=False) for column in columns for row in self.rows_of(table, column, self.keep)}
        rows = {row.id: row for column in columns for row in self.rows_of(table, column, self.drop)}
        for row in rows.values():
            joined = pair(row, moved=True)
            if joined in known or len(set(joined)) < 2:  # type: ignore[call-overload]
                self.session.delete(row)
                continue
            known.add(joined)
            changed = {column: self.keep.id for column in columns if getattr(row, column) == self.drop.id}
            self.move(row, **changed)
        self.session.flush()

    def move_accounts(self) -> int:
        """Offices and tokens of the person stand for the record that stays; how many they are."""
        moved = [row for table in (Office, ApiToken) for row in self.rows_of(table, "person_id", self.drop)]
        for row in moved:
            self.move(row, person_id=self.keep.id)
        self.session.flush()
        return len(moved)

    def fill_blanks(self) -> int:
        """Take over what only the other record says; how many facts."""
        taken: dict[str, Any] = {}
        n_filled = 0
        for names in _TOGETHER:
            if getattr(self.keep, names[0]) is None and getattr(self.drop, names[0]) is not None:
                taken |= {name: getattr(self.drop, name) for name in names}
                n_filled += 1
        if self.keep.sex not in (Sex.MALE, Sex.FEMALE) and self.drop.sex in (Sex.MALE, Sex.FEMALE):
            taken["sex"] = self.drop.sex
            n_filled += 1
        # The hash is unique: it leaves the one row before it enters the other.
        for name in ("id_number_encrypted", "id_number_hash", "id_number_masked"):
            setattr(self.drop, name, None)
        self.session.flush()
        for name, value in taken.items():
            setattr(self.keep, name, value)
        return n_filled
