"""Two records of one person: which of their roles stay, and which move."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import Session, col, or_, select

from app.access import Viewer
from app.errors import InvalidStateError
from app.models import (
    AssignedCadre,
    MatchRun,
    Mentee,
    Mentor,
    MentorSpecialty,
    Pairing,
    PairingMember,
    Person,
    Pin,
    ReserveCandidate,
    metadata,
)
from app.models.columns import Row, TrackedRow
from app.models.vocabulary import OPEN_RUN_STATES, AssignmentState, MentorState, PairingMemberState
from app.services.people.candidates import CANDIDATE_EXITS
from app.services.people.records import stamp
from app.services.privacy.restricted import RESTRICTED_TABLES

RowT = TypeVar("RowT", bound=Row)
RoleT = TypeVar("RoleT", ReserveCandidate, AssignedCadre, Mentor)
_EXIT_COLUMNS = ("exit_date", "exit_reason_encrypted")
_PERIOD_COLUMNS = ("available_from", "available_to")


@dataclass(slots=True, kw_only=True)
class RoleMerge:
    """Two records on their way to one: their roles."""

    session: Session
    viewer: Viewer
    keep: Person
    drop: Person
    n_moved: int = 0

    def rows_of(self, table: type[RowT], column: str, person: Person) -> list[RowT]:
        """The rows of a table that name the person, locked."""
        query = select(table).where(col(getattr(table, column)) == person.id).order_by(col(table.id))
        return list(self.session.exec(query.with_for_update()).all())

    def move(self, row: Row, **values: Any) -> None:
        """Change a row that moves."""
        for name, value in values.items():
            setattr(row, name, value)
        if isinstance(row, TrackedRow):
            stamp(row, self.viewer)
        self.session.add(row)
        # Whoever sees all the other rows would know by the rest of the count whether there are any of class A.
        self.n_moved += not isinstance(row, RESTRICTED_TABLES)

    def refuse_both_sides(self) -> None:
        """Refuse what would make a person the own mentor, or one pairing's mentor twice."""
        both = {self.keep.id, self.drop.id}
        members = self.session.exec(
            select(Pairing.id, Mentee.person_id, Mentor.person_id)
            .join(PairingMember, col(PairingMember.pairing_id) == col(Pairing.id))
            .join(Mentee, col(Mentee.id) == col(Pairing.mentee_id))
            .join(Mentor, col(Mentor.id) == col(PairingMember.mentor_id))
            .where(
                col(PairingMember.state) == PairingMemberState.ACTIVE,
                or_(col(Mentee.person_id).in_(both), col(Mentor.person_id).in_(both)),
            )
        ).all()
        mentors: dict[UUID, set[UUID]] = {}
        is_own = False
        for pairing_id, mentee_person, mentor_person in members:
            is_own |= {mentee_person, mentor_person} == both
            mentors.setdefault(pairing_id, set()).add(mentor_person)
        pins = self.session.exec(
            select(Mentee.person_id, Mentor.person_id)
            .join(Pin, col(Pin.mentee_id) == col(Mentee.id))
            .join(Mentor, col(Mentor.id) == col(Pin.mentor_id))
            .where(col(Mentee.person_id).in_(both), col(Mentor.person_id).in_(both))
        ).all()
        is_own |= any({mentee, mentor} == both for mentee, mentor in pins)
        if is_own or any(both <= each for each in mentors.values()):
            raise InvalidStateError(
                f"Persons {self.keep.code} and {self.drop.code} are paired or pinned with each other, or mentor the "
                "same mentee; end that first.",
                f"人员 {self.keep.code} 与 {self.drop.code} 互相结对、被锁定，或共同帮带同一对象；请先解除。",
                path=("drop_id",),
            )

    def move_mentees(self) -> None:
        """Move candidates and postings; of two in one pool, or of one posting, the one that something rests on."""
        stored = {row.pool_id: row for row in self.rows_of(ReserveCandidate, "person_id", self.keep)}
        for row in self.rows_of(ReserveCandidate, "person_id", self.drop):
            twin = stored.get(row.pool_id)
            if twin is not None:
                kept, gone = self._choose(row, twin, "mentee")
                # When and why somebody left belongs to that exit: it is no blank of a role in the pool.
                is_same_exit = kept.state in CANDIDATE_EXITS and kept.state is gone.state
                self._fill(kept, gone, ("pool_date", *(_EXIT_COLUMNS if is_same_exit else ())))
                self._delete_mentee(gone)
                if kept is twin:
                    continue
            self._move_mentee(row)
        postings = {self._posting(row): row for row in self.rows_of(AssignedCadre, "person_id", self.keep)}
        for cadre in self.rows_of(AssignedCadre, "person_id", self.drop):
            same = postings.get(self._posting(cadre))
            if same is not None:
                kept_cadre, gone_cadre = self._choose(cadre, same, "mentee")
                if kept_cadre.state is gone_cadre.state:
                    self._fill(kept_cadre, gone_cadre, ("term_end",))
                self._delete_mentee(gone_cadre)
                if kept_cadre is same:
                    continue
            self._move_mentee(cadre)
        self.session.flush()

    def _posting(self, row: AssignedCadre) -> Hashable:
        return self.session.get_one(Mentee, row.id).village_id, row.assigned_from

    def _move_mentee(self, row: ReserveCandidate | AssignedCadre) -> None:
        self.move(self.session.get_one(Mentee, row.id), person_id=self.keep.id)
        self.move(row, person_id=self.keep.id)

    def _delete_mentee(self, row: ReserveCandidate | AssignedCadre) -> None:
        mentee = self.session.get_one(Mentee, row.id)
        self.session.delete(row)
        self.session.flush()
        self.session.delete(mentee)
        self.session.flush()

    def move_mentors(self) -> None:
        """Move mentors; of two in one pool the one that something rests on, with the specialties of both."""
        stored = {row.pool_id: row for row in self.rows_of(Mentor, "person_id", self.keep)}
        for row in self.rows_of(Mentor, "person_id", self.drop):
            twin = stored.get(row.pool_id)
            if twin is not None:
                kept, gone = self._choose(row, twin, "mentor")
                # The last day of a mentor who has retired does not end the service of one who has not.
                period = _PERIOD_COLUMNS if _is_over(kept) == _is_over(gone) else ()
                self._fill(kept, gone, ("capacity", "trade_years", *period))
                self._join_specialties(kept, gone)
                self.session.delete(gone)
                self.session.flush()
                if kept is twin:
                    continue
            self.move(row, person_id=self.keep.id)
        self.session.flush()

    def _join_specialties(self, kept: Mentor, gone: Mentor) -> None:
        known = {row.specialty for row in self._specialties(kept)}
        for row in self._specialties(gone):
            if row.specialty in known:
                self.session.delete(row)
            else:
                self.move(row, mentor_id=kept.id)
        self.session.flush()

    def _specialties(self, mentor: Mentor) -> list[MentorSpecialty]:
        query = select(MentorSpecialty).where(col(MentorSpecialty.mentor_id) == mentor.id)
        return list(self.session.exec(query.with_for_update()).all())

    def _choose(self, first: RoleT, second: RoleT, target: str) -> tuple[RoleT, RoleT]:
        """Which of two equal roles stays, and which goes: never one that pairings, plans or rosters name.

        One that is over never takes the place of one that is not.
        """
        is_first_used, is_second_used = (_is_named(self.session, target, row.id) for row in (first, second))
        if is_first_used and is_second_used:
            raise InvalidStateError(
                f"Persons {self.keep.code} and {self.drop.code} both have a role in the same pool or village that "
                "pairings, plans or rosters name; both are history, and neither can be taken away.",
                f"人员 {self.keep.code} 与 {self.drop.code} 在同一库（村）中的身份均已被结对、方案或花名册引用，"
                "属于历史记录，不能合并。",
                path=("drop_id",),
            )
        if self._is_run_open():
            raise InvalidStateError(
                "A match run is on its way and may name the role that would go; wait until it has ended.",
                "有正在进行的匹配，可能涉及将被合并的身份；请待其结束后再合并。",
                path=("drop_id",),
            )
        first_stays = is_first_used or (not is_second_used and _is_over(second) and not _is_over(first))
        kept, gone = (first, second) if first_stays else (second, first)
        if _is_over(kept) and not _is_over(gone):
            ended, active = ((self.keep if row.person_id == self.keep.id else self.drop).code for row in (kept, gone))
            raise InvalidStateError(
                f"The role of person {ended} is over and stays, because pairings, plans or rosters name it; the active "
                f"role of person {active} in the same pool or village would be lost. End that role first if it is over "
                "too; otherwise leave the two records apart.",
                f"人员 {ended} 的身份已结束，但已被结对、方案或花名册引用，须保留；人员 {active} 在同一库（村）中的"
                "有效身份将因此丢失。如该身份也应结束，请先办理退出再合并；否则请保留两条记录。",
                path=("drop_id",),
            )
        return kept, gone

    def _is_run_open(self) -> bool:
        """Whether any run is on its way: that of a prefecture reads this county as well."""
        query = select(MatchRun.id).where(col(MatchRun.state).in_(OPEN_RUN_STATES))
        return self.session.exec(query).first() is not None

    def _fill(self, kept: TrackedRow, gone: TrackedRow, names: tuple[str, ...]) -> None:
        blank = [name for name in names if getattr(kept, name) is None and getattr(gone, name) is not None]
        if blank:
            self.move(kept, **{name: getattr(gone, name) for name in blank})


def _is_over(role: ReserveCandidate | AssignedCadre | Mentor) -> bool:
    """Whether the role has ended; none of these states is ever left again."""
    if isinstance(role, ReserveCandidate):
        return role.state in CANDIDATE_EXITS
    if isinstance(role, AssignedCadre):
        return role.state is AssignmentState.ENDED
    return role.state in (MentorState.RETIRED, MentorState.REMOVED)


def _is_named(session: Session, target: str, row_id: UUID) -> bool:
    """Whether any table but those of the role itself refers to the role."""
    own = {ReserveCandidate.__tablename__, AssignedCadre.__tablename__, MentorSpecialty.__tablename__}
    for table in metadata.sorted_tables:
        if table.name in own:
            continue
        for key in table.foreign_keys:
            found = select(1).select_from(table).where(key.parent == row_id)
            if key.column.table.name == target and session.connection().execute(found).first() is not None:
                return True
    return False
