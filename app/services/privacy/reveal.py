"""One clear value, of one person, for a purpose, recorded: the only way in which a clear number leaves the tables."""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from app.access import Permission, Viewer, get_in_county, record
from app.crypto import PersonalDataCipher
from app.db import utc_now
from app.errors import InvalidInputError, InvalidStateError, RevealLimitError
from app.models import AuditEvent, Person
from app.models.vocabulary import AuditAction, RevealField
from app.services.people.records import lock_county
from app.services.privacy.numbers import has_personal_number

CHINA = ZoneInfo("Asia/Shanghai")
PURPOSE_LENGTH = range(4, 201)
"""Characters of a purpose: fewer say nothing."""
REVEALED, REFUSED = AuditAction.PERSONAL_DATA_REVEALED, AuditAction.PERSONAL_DATA_REVEAL_REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealDraft:
    """Whose value of which field is needed, and what for."""

    person_id: UUID
    field: RevealField
    purpose: str


def reveal_personal_data(
    session: Session,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    draft: RevealDraft,
    *,
    most_per_day: int,
    now: datetime | None = None,
) -> str:
    """The clear ID number or phone of one person in the territory; the record of it is part of the transaction.

    Raises ``RevealLimitError`` when the viewer has revealed ``most_per_day`` values today; nothing is told then.
    """
    viewer.require(Permission.REVEAL)
    purpose = checked_purpose(draft.purpose)
    person = get_in_county(session, viewer, Person, draft.person_id, path=("person_id",))
    # Reveals of a county wait for each other, so that two at once cannot both be the last one of the day.
    lock_county(session, person.county_id)
    now = now or utc_now()
    if count_reveals_today(session, viewer, now) >= most_per_day:
        raise RevealLimitError(
            f"You have revealed {most_per_day} values today, the most that one person may. Go on tomorrow; a list of "
            "numbers is an export, which the county head approves.",
            f"您今日已查看 {most_per_day} 次明文，达到单日上限，请明日再试；"
            "如需批量号码，请按导出程序报县级负责人批准。",
        )
    kind = draft.field.value.lower()
    token: str | None = getattr(person, f"{kind}_encrypted")
    if token is None:
        raise InvalidStateError(
            f"Person {person.code} has no {draft.field} on file.",
            f"人员 {person.code} 未登记该项信息（{draft.field}）。",
            path=("field",),
        )
    value = cipher.decrypt(token)
    record(session, viewer, REVEALED, f"Person {person.code}", field=draft.field.value, purpose=purpose)
    session.flush()
    return value


def record_refused_reveal(session: Session, viewer: Viewer, draft: RevealDraft) -> None:
    """Record that the limit of the day kept somebody from one more value: many such attempts are worth a look."""
    person = get_in_county(session, viewer, Person, draft.person_id, path=("person_id",))
    record(session, viewer, REFUSED, f"Person {person.code}", field=draft.field.value)


def count_reveals_today(session: Session, viewer: Viewer, now: datetime) -> int:
    """How many values the viewer has revealed on this day in China."""
    midnight = datetime.combine(now.astimezone(CHINA).date(), time(), tzinfo=CHINA)
    of_viewer = select(func.count()).where(
        col(AuditEvent.action) == REVEALED,
        col(AuditEvent.actor) == viewer.subject,
        col(AuditEvent.at) >= midnight,
    )
    return session.exec(of_viewer).one()


def checked_purpose(text: str) -> str:
    """The trimmed purpose, which goes into the audit trail and so must not name a number itself."""
    purpose = " ".join(text.split())
    if len(purpose) not in PURPOSE_LENGTH:
        raise InvalidInputError(
            f"Say in {PURPOSE_LENGTH.start} to {PURPOSE_LENGTH.stop - 1} characters what the value is needed for.",
            f"请填写查看用途（{PURPOSE_LENGTH.start}至{PURPOSE_LENGTH.stop - 1}字）。",
            path=("purpose",),
        )
    if has_personal_number(purpose):
        raise InvalidInputError(
            "The purpose holds an ID number or a phone; name the occasion, not the number.",
            "用途中含身份证号或电话号码；请填写事由，不填写号码。",
            path=("purpose",),
        )
    return purpose
