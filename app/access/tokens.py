"""API tokens: whom a bearer token stands for, and until when."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlmodel import Session, col, select

from app.access.grants import Credential, CredentialKind, Grant
from app.access.offices import end_of_office, local_day, viewer_of_office
from app.access.permissions import Permission
from app.access.territory import viewer_for_division
from app.access.trail import record
from app.access.viewers import SYSTEM_VIEWER, Viewer
from app.db import utc_now
from app.errors import InvalidInputError
from app.models import ApiToken, AuditEvent, Division, Office, Person, UserAccount
from app.models.vocabulary import AuditAction, Role

RESERVED = frozenset({"system", "stranger"})
"""Names under which the service itself stands in the trail."""
_OF_USERS = (AuditAction.SIGNED_IN, AuditAction.SIGN_IN_FAILED)
"""What only users do, and each before anything else."""
LABEL_LENGTH = 80
"""The label of a token is the name under which everything is recorded that is done with it."""


def hash_token(token: str) -> str:
    """SHA-256 of a bearer token; tokens carry 256 random bits, so no slow hash is needed."""
    return sha256(token.encode("utf-8")).hexdigest()


def checked_label(label: str) -> str:
    """The label of a token, or ``InvalidInputError``."""
    if not 0 < len(label.strip()) <= LABEL_LENGTH:
        raise InvalidInputError(
            f"The label of a token says who holds it, in 1 to {LABEL_LENGTH} characters.",
            f"令牌名称须写明持有人（1至{LABEL_LENGTH}字）。",
            path=["label"],
        )
    return label.strip()


def new_token(
    *,
    label: str,
    role: Role,
    division_id: UUID | None,
    person_id: UUID | None,
    office_id: UUID | None,
    scopes: Iterable[Permission] | None,
    expires_at: datetime,
    author: str,
) -> tuple[ApiToken, str]:
    """The row of a new token, and its clear text, which is told once and stored nowhere."""
    clear = "ty_" + secrets.token_urlsafe(32)
    row = ApiToken(
        token_hash=hash_token(clear),
        label=label,
        role=role,
        division_id=division_id,
        person_id=person_id,
        office_id=office_id,
        scopes=None if scopes is None else sorted(scope.value for scope in scopes),
        expires_at=expires_at,
        created_by=author,
        updated_by=author,
    )
    return row, clear


def _require_own_name(session: Session, name: str) -> None:
    """Refuse a label under which somebody else stands in the trail."""
    user = select(UserAccount.id).where(col(UserAccount.login) == name)
    # A closed account has lost its login, the trail has not. Tokens sign in nowhere: their own labels are free.
    told = select(AuditEvent.id).where(col(AuditEvent.actor) == name, col(AuditEvent.action).in_(_OF_USERS)).limit(1)
    if name in RESERVED or any(session.exec(each).first() is not None for each in (user, told)):
        raise InvalidInputError(
            f"{name} is the login of a user, or was one, or a name of the service itself, which would be taken for the "
            "author of what the token does.",
            f"{name} 是现有或以往用户的登录名，或系统自用名称，不能用作令牌名称，以免混淆操作人。",
            path=["label"],
        )


def create_token(
    session: Session,
    *,
    role: Role,
    label: str,
    division: Division | None,
    person: Person | None = None,
    valid_for: timedelta = timedelta(days=90),
    now: datetime | None = None,
) -> str:
    """Store a token made on the machine itself, record that it was made, and return its clear text."""
    plain = checked_label(label)
    _require_own_name(session, plain.lower())
    if role in (Role.MENTOR, Role.MENTEE) and person is None:
        raise InvalidInputError(
            f"A token for role {role} needs the person it stands for (--person 编号).",
            f"角色 {role} 的令牌须指定本人编号（--person）。",
        )
    if role not in (Role.SYSTEM_ADMIN, Role.AUDITOR, Role.READER, Role.MENTOR, Role.MENTEE) and division is None:
        raise InvalidInputError(
            f"A token for role {role} needs a division (--division CODE).",
            f"角色 {role} 的令牌须指定区划代码（--division）。",
        )
    row, clear = new_token(
        label=plain,
        role=role,
        division_id=division.id if division else None,
        person_id=person.id if person else None,
        office_id=None,
        scopes=None,
        expires_at=(now or utc_now()) + valid_for,
        author=SYSTEM_VIEWER.subject,
    )
    session.add(row)
    record(
        session,
        SYSTEM_VIEWER,
        AuditAction.TOKEN_CREATED,
        f"ApiToken {row.id}",
        role=role.value,
        division=division.code if division else None,
        person=person.code if person else None,
    )
    session.flush()
    return clear


def find_grant(session: Session, token: str, *, now: datetime | None = None) -> Grant | None:
    """What a bearer token gives; ``None`` when it is unknown, expired or revoked."""
    row = session.exec(select(ApiToken).where(col(ApiToken.token_hash) == hash_token(token))).first()
    return None if row is None else _grant_of(session, row, now or utc_now())


def grants_by_token(session: Session, token_ids: Iterable[UUID], *, now: datetime | None = None) -> dict[UUID, Grant]:
    """What tokens give at this moment; those that expired or were revoked are left out."""
    rows = session.exec(select(ApiToken).where(col(ApiToken.id).in_(list(token_ids)))).all()
    grants = {row.id: _grant_of(session, row, now or utc_now()) for row in rows}
    return {token_id: grant for token_id, grant in grants.items() if grant is not None}


def _grant_of(session: Session, row: ApiToken, now: datetime) -> Grant | None:
    if row.revoked_at is not None or row.expires_at <= now:
        return None
    scopes = None if row.scopes is None else frozenset(Permission(name) for name in row.scopes)
    ends = row.expires_at
    viewer: Viewer | None
    if row.office_id is None:
        division = session.get(Division, row.division_id) if row.division_id else None
        viewer = viewer_for_division(
            session, subject=row.label, role=row.role, division=division, person_id=row.person_id, scopes=scopes
        )
    else:
        office = session.get_one(Office, row.office_id)
        ends = min(ends, end_of_office(office) or ends)
        if ends <= now or local_day(now) < office.valid_from:
            return None
        user = session.get_one(UserAccount, office.user_id)
        viewer = viewer_of_office(session, user, office, scopes=scopes)
    if viewer is None:
        return None
    return Grant(viewer=viewer, credential=Credential(kind=CredentialKind.TOKEN, id=row.id), expires_at=ends)
