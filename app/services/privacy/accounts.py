"""What a person who left could open: tokens and accounts end, and their names go.

The login goes as well: it is often the name in other letters. It leaves the account and every row that says who wrote
it. The audit trail alone keeps it, because the trail cannot be changed; nobody else gets it again (``create_user``).
"""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Column
from sqlmodel import Session, col, or_, select, update

from app.access import Viewer, record
from app.access.offices import local_day
from app.db import utc_now
from app.models import ApiToken, Office, Person, UserAccount, UserSession, metadata
from app.models.vocabulary import AuditAction, UserState
from app.services.people.records import stamp

CLOSED_LOGIN = "closed-"
"""How the login of a closed account begins; a part of its id follows."""
NO_PASSWORD = "none"
_NO_LOGINS = frozenset({"preference.approved_by", "worker_slot.adopted_by"})
"""Columns that say by whom, but hold no login: a name as it was told (see ``mentions``), and the name of a worker."""


def login_columns() -> list[Column[str]]:
    """The columns that hold the login of somebody who did something, beside the audit trail."""
    return [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_by") and str(column) not in _NO_LOGINS
    ]


def close_access(session: Session, viewer: Viewer, person: Person, pseudonym: str) -> None:
    """Tokens that stand for the person, and the account with an office as the person, open nothing any more.

    What has not begun never begins; what lasts ended yesterday, so that nobody signs in with it until midnight. Only an
    office of its first day lasts to the end of that day, as it cannot end before it began.
    """
    now = utc_now()
    today = local_day(now)
    lasts = or_(col(Office.valid_to).is_(None), col(Office.valid_to) >= today)
    own = select(Office.user_id).where(Office.person_id == person.id)
    # Who is something else by now, or will be, keeps the account; what stands for this person ends.
    is_other = or_(col(Office.person_id).is_(None), col(Office.person_id) != person.id)
    others = select(Office.user_id).where(lasts, is_other)
    mine = select(UserAccount).where(col(UserAccount.id).in_(own), col(UserAccount.id).not_in(others))
    closed = session.exec(mine).all()
    in_force: set[UUID] = set()
    for office in session.exec(select(Office).where(Office.person_id == person.id, lasts)).all():
        if office.valid_from <= today:
            in_force.add(office.user_id)
        _end(session, viewer, office, today, person.county_id)
    offices = select(Office.id).where(col(Office.user_id).in_([account.id for account in closed]))
    for token in session.exec(
        select(ApiToken).where(or_(col(ApiToken.person_id) == person.id, col(ApiToken.office_id).in_(offices)))
    ):
        token.revoked_at, token.label = token.revoked_at or now, pseudonym
        stamp(token, viewer)
        session.add(token)
    for account in closed:
        _close(session, viewer, account, pseudonym, person.county_id)
    signed_out = in_force | {account.id for account in closed}
    session.exec(
        update(UserSession)
        .where(col(UserSession.user_id).in_(signed_out), col(UserSession.ended_at).is_(None))
        .values(ended_at=now)
    )


def _end(session: Session, viewer: Viewer, office: Office, today: date, county_id: UUID) -> None:
    """End an office as the person before today, or take it back where it has not begun."""
    day = None if office.valid_from > today else max(today - timedelta(days=1), office.valid_from)
    record(
        session,
        viewer,
        AuditAction.OFFICE_ENDED,
        f"Office {office.id}",
        county_id=county_id,
        role=office.role.value,
        valid_to=[office.valid_to, day],
    )
    if day is None:
        session.delete(office)
        return
    office.valid_to = day
    stamp(office, viewer)
    session.add(office)


def _close(session: Session, viewer: Viewer, account: UserAccount, pseudonym: str, county_id: UUID) -> None:
    former, state = account.login, account.state
    account.login = f"{CLOSED_LOGIN}{account.id.hex[:16]}"
    account.name, account.password_hash, account.state = pseudonym, NO_PASSWORD, UserState.DISABLED
    stamp(account, viewer)
    session.add(account)
    record(
        session,
        viewer,
        AuditAction.USER_CHANGED,
        f"UserAccount {account.id}",
        county_id=county_id,
        name="changed",
        login="changed",
        state=[state.value, UserState.DISABLED.value],
    )
    session.flush()
    # As Core does it: to whoever reads such a row nothing has changed, so neither has its version.
    connection = session.connection()
    for column in login_columns():
        table = column.table
        connection.execute(update(table).where(column == former).values({column: account.login}))
