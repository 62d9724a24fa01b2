"""Who is asking."""

from dataclasses import dataclass
from uuid import UUID

from app.access.permissions import EXPLICIT, ROLES_BY_PERMISSION, Permission
from app.errors import ForbiddenError
from app.models.vocabulary import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who is asking.

    ``code_prefix`` is the territory as leading digits of division codes (empty: the whole country); ``county_ids``
    are the counties that territory touches, ``None`` for all. ``person_id`` is set for mentors and mentees.
    ``explicit`` are the permissions given by name; ``scopes`` narrows what the role may do, ``None`` does not.
    """

    subject: str
    role: Role
    code_prefix: str = ""
    county_ids: frozenset[UUID] | None = None
    person_id: UUID | None = None
    explicit: frozenset[Permission] = frozenset()
    scopes: frozenset[Permission] | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the role holds the permission, it was given by name where that is needed, and is in scope."""
        if permission in EXPLICIT and permission not in self.explicit:
            return False
        if self.scopes is not None and permission not in self.scopes:
            return False
        return self.role in ROLES_BY_PERMISSION[permission]

    def require(self, permission: Permission) -> None:
        """Raise ``ForbiddenError`` unless the viewer holds the permission."""
        if self.may(permission):
            return
        if self.role in ROLES_BY_PERMISSION[permission]:
            raise ForbiddenError(
                f"This needs the permission {permission}, which your office was not given or your token leaves out.",
                f"此操作需要权限 {permission}，您的岗位未获授权，或所用令牌未包含该权限。",
            )
        allowed = ", ".join(sorted(ROLES_BY_PERMISSION[permission]))
        raise ForbiddenError(
            f"Role {self.role} may not do this ({permission}); roles that may: {allowed}.",
            f"角色 {self.role} 无此权限（{permission}）；有此权限的角色：{allowed}。",
        )


SYSTEM_VIEWER = Viewer(subject="system", role=Role.SYSTEM_ADMIN)
"""The command line on the machine itself."""
