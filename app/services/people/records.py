"""The parts that single changes and bulk imports share: column values, codes, lists; nothing here checks rights."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from app.access import Viewer
from app.crypto import PersonalDataCipher
from app.db import utc_now
from app.errors import InvalidInputError, InvalidStateError
from app.models import Appointment, Division, MentorPool, Person, PersonCodeCounter, ReservePool
from app.models.columns import Row, TrackedRow
from app.models.vocabulary import DivisionLevel, PersonStatus
from app.services.people.drafts import AppointmentDraft, PartialDate, Unset
from app.services.people.identity import mask_id_number, mask_phone
from matching.vocabulary import GRASSROOTS_POSTS

DEFAULT_RESERVE_POOL_NAME = "后备力量库"
MENTOR_POOL_SUFFIX = "帮带导师库"

_DATE_FIELDS = {
    "birth": ("birth_date", "birth_precision"),
    "party_join": ("party_join_date", "party_join_precision"),
    "work_start": ("work_start_date", "work_start_precision"),
}


def person_values(source: object, cipher: PersonalDataCipher, *, person: Person | None = None) -> dict[str, Any]:
    """The columns of ``person`` that the given fields of a draft or of changes ask for.

    ID number and phone become three columns each; they are left out when ``person`` holds the same value already,
    because encrypting it again would look like a change.
    """
    values: dict[str, Any] = {}
    for field in fields(source):  # type: ignore[arg-type]
        value = getattr(source, field.name)
        if isinstance(value, Unset) or field.name == "appointments":
            continue
        if field.name in _DATE_FIELDS:
            date_column, precision_column = _DATE_FIELDS[field.name]
            partial: PartialDate | None = value
            values[date_column] = partial.value if partial else None
            values[precision_column] = partial.precision if partial else None
        elif field.name == "id_number":
            values |= _secret_values("id_number", value, cipher, mask_id_number, person)
        elif field.name == "phone":
            values |= _secret_values("phone", value, cipher, mask_phone, person)
        else:
            values[field.name] = value
    return values


def _secret_values(
    kind: str, value: str | None, cipher: PersonalDataCipher, mask: Callable[[str], str], person: Person | None
) -> dict[str, str | None]:
    columns = (f"{kind}_encrypted", f"{kind}_hash", f"{kind}_masked")
    if value is None:
        return dict.fromkeys(columns)
    hashes = cipher.keyed_hashes(kind, value)
    if person is not None and getattr(person, f"{kind}_hash") in hashes:
        return {}
    return dict(zip(columns, (cipher.encrypt(value), hashes[0], mask(value)), strict=True))


def encrypted_text(cipher: PersonalDataCipher, text: str | None, stored: str | None = None) -> str | None:
    """The token for a text of class A; the stored one where it says the same, because a new one would be a change."""
    if text is None or (stored is not None and cipher.decrypt(stored) == text):
        return stored if text is not None else None
    return cipher.encrypt(text)


def require_named(person: Person, path: tuple[str, ...]) -> None:
    """Refuse a pseudonym: it takes part in nothing new, and nobody can say any more who it was."""
    if person.status is PersonStatus.PSEUDONYMISED:
        raise InvalidStateError(
            f"Person {person.code} is a pseudonym and cannot be changed; enter a new person instead.",
            f"人员 {person.code} 已匿名化，不能修改；请新增人员。",
            path=path,
        )


def assign(row: Row, values: Mapping[str, Any]) -> list[str]:
    """Set the columns that differ and return their names, so that an equal value touches nothing."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


def step_of(before: StrEnum, after: StrEnum) -> dict[str, str]:
    """What the audit trail says of a state that changed: from which to which; nothing of one that did not."""
    return {} if before is after else {"before": before.value, "after": after.value}


def authored(author: str, *, row_id: UUID | None = None) -> dict[str, Any]:
    """Key and tracking columns of a new row; given outright they cost a third of what the defaults cost."""
    now = utc_now()
    return {
        "id": row_id or uuid4(),
        "created_at": now,
        "created_by": author,
        "updated_at": now,
        "updated_by": author,
        "version": 1,
    }


def stamp(row: TrackedRow, viewer: Viewer) -> None:
    """Record who changed the row and count its version up."""
    row.updated_at = utc_now()
    row.updated_by = viewer.subject
    row.version += 1


@dataclass(slots=True)
class CodeSeries:
    """Hands out 编号 of one county: ``520624-00012``. The counter row is locked until the transaction ends."""

    prefix: str
    counter: PersonCodeCounter

    def next(self) -> str:
        """The next code, each one once."""
        number = self.counter.next_number
        self.counter.next_number = number + 1
        return f"{self.prefix}-{number:05d}"


def lock_county(session: Session, county_id: UUID) -> Division:
    """The county, locked against another writer of its people until the transaction ends.

    The lock is FOR NO KEY UPDATE: rows that merely refer to the county may still be written meanwhile.
    """
    statement = select(Division).where(col(Division.id) == county_id).with_for_update(key_share=True)
    return session.exec(statement).one()


def open_code_series(session: Session, county: Division) -> CodeSeries:
    """The series of codes of a county that the caller has locked; its counter is made if there is none."""
    statement = (
        select(PersonCodeCounter)
        .where(col(PersonCodeCounter.county_id) == county.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    counter = session.exec(statement).first()
    if counter is None:
        counter = PersonCodeCounter(county_id=county.id)
        session.add(counter)
        session.flush()
    return CodeSeries(county.code[:6], counter)


def county_of(division: Division, *, path: tuple[str, ...]) -> UUID:
    """The county a village, township or county belongs to; people have no other home."""
    if division.level is DivisionLevel.COUNTY:
        return division.id
    if division.county_id is None or division.level not in (DivisionLevel.TOWNSHIP, DivisionLevel.VILLAGE):
        raise InvalidInputError(
            f"Division {division.code} is above county level; choose a county, township or village.",
            f"区划 {division.code} 高于县级；请选择县、乡镇或村。",
            path=path,
        )
    return division.county_id


def new_appointment(person: Person, draft: AppointmentDraft, *, source: str, author: str) -> Appointment:
    """The row of one post; whether its time counts as grassroots work follows from the kind of post."""
    return Appointment.made(
        person_id=person.id,
        county_id=person.county_id,
        post=draft.post,
        title=draft.title,
        organisation=draft.organisation,
        division_id=draft.division_id,
        start_date=draft.start_date,
        end_date=draft.end_date,
        is_grassroots=draft.post in GRASSROOTS_POSTS,
        is_leader=draft.is_leader,
        source=source,
        **authored(author),
    )


def appointment_key(row: Appointment | AppointmentDraft) -> tuple[Hashable, ...]:
    """What makes two posts the same: everything but key, source and tracking."""
    return (row.post, row.title, row.organisation, row.division_id, row.start_date, row.end_date, row.is_leader)


RowT = TypeVar("RowT", bound=Row)
WantedT = TypeVar("WantedT")


def list_difference(
    stored: Sequence[RowT],
    wanted: Iterable[WantedT],
    *,
    stored_key: Callable[[RowT], Hashable],
    wanted_key: Callable[[WantedT], Hashable],
) -> tuple[list[RowT], list[WantedT]]:
    """The stored rows to delete and the wanted items to insert so that the list becomes the wanted one."""
    missing = list(wanted)
    missing_keys = [wanted_key(item) for item in missing]
    obsolete: list[RowT] = []
    for row in stored:
        key = stored_key(row)
        if key in missing_keys:
            index = missing_keys.index(key)
            del missing[index], missing_keys[index]
        else:
            obsolete.append(row)
    return obsolete, missing


def find_or_create_reserve_pool(session: Session, county_id: UUID, author: str) -> ReservePool:
    """The county's only reserve pool, made if there is none; refuses to choose between several."""
    lock_county(session, county_id)
    pools = session.exec(select(ReservePool).where(col(ReservePool.county_id) == county_id)).all()
    if len(pools) > 1:
        raise InvalidInputError(
            f"The county has {len(pools)} reserve pools; name one of them.",
            f"本县有{len(pools)}个后备力量库，请指定其中一个。",
            path=("pool_id",),
        )
    if pools:
        return pools[0]
    pool = ReservePool(county_id=county_id, name=DEFAULT_RESERVE_POOL_NAME, **authored(author))
    session.add(pool)
    session.flush()
    return pool


def new_mentor_pool(division: Division, county_id: UUID, author: str) -> MentorPool:
    """The row of the mentor pool of a township or of the county, named after it."""
    return MentorPool(
        county_id=county_id,
        division_id=division.id,
        name=f"{division.name}{MENTOR_POOL_SUFFIX}",
        **authored(author),
    )
