"""The user whom an administrator is about to change."""

from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer
from app.access.administration import users_in_scope
from app.errors import ForbiddenError, NotFoundError
from app.models import UserAccount


def get_user(session: Session, viewer: Viewer, user_id: UUID, *, path: tuple[str, ...] = ("user_id",)) -> UserAccount:
    """A user whom the viewer looks after, its row locked; raises ``NotFoundError``."""
    viewer.require(Permission.MANAGE_USERS)
    # First the row, then whether the viewer looks after the user: a statement that waits for a row on PostgreSQL sees
    # the other tables as they were before it waited, and an office may have been given meanwhile.
    session.exec(select(UserAccount.id).where(col(UserAccount.id) == user_id).with_for_update()).first()
    statement = select(UserAccount).where(col(UserAccount.id) == user_id, users_in_scope(viewer))
    user = session.exec(statement.execution_options(populate_existing=True)).first()
    if user is None:
        raise NotFoundError(f"No user {user_id} whom you look after.", f"您管理的范围内没有用户 {user_id}。", path=path)
    return user


def require_other(viewer: Viewer, user: UserAccount) -> None:
    """Raise ``ForbiddenError`` when somebody would change the own rights."""
    if viewer.subject == user.login:
        raise ForbiddenError(
            "Nobody changes the own rights; ask another administrator.", "不能更改本人的权限，请由其他管理员办理。"
        )
