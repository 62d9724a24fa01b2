"""What a role may do."""

from enum import StrEnum

from app.models.vocabulary import Role


class Permission(StrEnum):
    """What a root field can ask for."""

    READ = "READ"
    READ_OWN = "READ_OWN"
    READ_PLANS = "READ_PLANS"
    EDIT_PEOPLE = "EDIT_PEOPLE"
    RUN = "RUN"
    APPROVE = "APPROVE"
    EXPORT = "EXPORT"


_OFFICERS = frozenset({Role.SYSTEM_ADMIN, Role.PREFECTURE_OFFICER, Role.COUNTY_ADMIN})
ROLES_BY_PERMISSION: dict[Permission, frozenset[Role]] = {
    Permission.READ: _OFFICERS | {Role.COUNTY_APPROVER, Role.TOWNSHIP_OFFICER, Role.AUDITOR, Role.READER},
    Permission.READ_OWN: frozenset(Role),
    Permission.READ_PLANS: _OFFICERS | {Role.COUNTY_APPROVER},
    Permission.EDIT_PEOPLE: _OFFICERS | {Role.TOWNSHIP_OFFICER},
    Permission.RUN: _OFFICERS,
    Permission.APPROVE: frozenset({Role.SYSTEM_ADMIN, Role.PREFECTURE_OFFICER, Role.COUNTY_APPROVER}),
    Permission.EXPORT: _OFFICERS | {Role.COUNTY_APPROVER},
}
