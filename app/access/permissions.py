"""What a role may do."""

from enum import StrEnum

from app.models.vocabulary import Role


class Permission(StrEnum):
    """What a root field, or a field of personal data, can ask for.

    Of personal data, ``READ_CADRE_DATA`` opens class C, ``READ_MASKED_DATA`` class B in its masked form and
    ``READ_RESTRICTED_DATA`` class A. Names and posts (class D) are duty data and come with the object itself.
    """

    READ = "READ"
    READ_OWN = "READ_OWN"
    READ_PLANS = "READ_PLANS"
    READ_CADRE_DATA = "READ_CADRE_DATA"
    READ_MASKED_DATA = "READ_MASKED_DATA"
    READ_RESTRICTED_DATA = "READ_RESTRICTED_DATA"
    READ_AUDIT = "READ_AUDIT"
    REVEAL = "REVEAL"
    EDIT_PEOPLE = "EDIT_PEOPLE"
    RUN = "RUN"
    APPROVE = "APPROVE"
    EXPORT = "EXPORT"
    MANAGE_USERS = "MANAGE_USERS"


_OFFICERS = frozenset({Role.SYSTEM_ADMIN, Role.PREFECTURE_OFFICER, Role.COUNTY_ADMIN})
_READERS = _OFFICERS | {Role.COUNTY_APPROVER, Role.TOWNSHIP_OFFICER, Role.AUDITOR, Role.READER}
ROLES_BY_PERMISSION: dict[Permission, frozenset[Role]] = {
    Permission.READ: _READERS,
    Permission.READ_OWN: frozenset(Role),
    Permission.READ_PLANS: _OFFICERS | {Role.COUNTY_APPROVER},
    # An auditor follows what was done by 编号, and needs neither careers nor numbers.
    Permission.READ_CADRE_DATA: frozenset(Role) - {Role.AUDITOR},
    Permission.READ_MASKED_DATA: frozenset(Role) - {Role.AUDITOR},
    Permission.READ_RESTRICTED_DATA: frozenset({Role.COUNTY_ADMIN}),
    Permission.READ_AUDIT: frozenset({Role.SYSTEM_ADMIN, Role.AUDITOR}),
    Permission.REVEAL: frozenset({Role.COUNTY_ADMIN, Role.TOWNSHIP_OFFICER}),
    Permission.EDIT_PEOPLE: _OFFICERS | {Role.TOWNSHIP_OFFICER},
    Permission.RUN: _OFFICERS,
    Permission.APPROVE: frozenset({Role.SYSTEM_ADMIN, Role.PREFECTURE_OFFICER, Role.COUNTY_APPROVER}),
    Permission.EXPORT: _OFFICERS | {Role.COUNTY_APPROVER},
    Permission.MANAGE_USERS: frozenset({Role.SYSTEM_ADMIN, Role.COUNTY_ADMIN}),
}
EXPLICIT = frozenset({Permission.READ_RESTRICTED_DATA})
"""Permissions that no role brings with it: an office is given them by name."""
