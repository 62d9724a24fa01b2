"""Who is asking."""

from dataclasses import dataclass
from uuid import UUID

from app.access.permissions import ROLES_BY_PERMISSION, Permission
from app.errors import ForbiddenError
from app.models.vocabulary import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who is asking.

    ``code_prefix`` is the territory as leading digits of division codes (empty: the whole country); ``county_ids``
    are the counties that territory touches, ``None`` for all. ``person_id`` is set for mentors and mentees.
    """

    subject: str
    role: Role
    code_prefix: str = ""
    county_ids: frozenset[UUID] | None = None
    person_id: UUID | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the role holds the permission."""
        return self.role in ROLES_BY_PERMISSION[permission]

    def require(self, permission: Permission) -> None:
        """Raise ``ForbiddenError`` unless the role holds the permission."""
        if not self.may(permission):
            allowed = ", ".join(sorted(ROLES_BY_PERMISSION[permission]))
            raise ForbiddenError(
                f"Role {self.role} may not do this ({permission}); roles that may: {allowed}.",
                f"角色 {self.role} 无此权限（{permission}）；有此权限的角色：{allowed}。",
            )


SYSTEM_VIEWER = Viewer(subject="system", role=Role.SYSTEM_ADMIN)
"""The command line on the machine itself."""
