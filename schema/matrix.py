"""Who may do what: the matrix of roles, permissions and root fields, made from the schema itself."""

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import GraphQLObjectType

from app.access import EXPLICIT, ROLES_BY_PERMISSION, Permission
from app.labels import Language, label
from app.models.columns import Pii
from app.models.vocabulary import Role
from schema.permissions import RequirePermission
from schema.personal import Personal
from schema.root import TouyanSchema, make_schema

SHORT = {
    Role.SYSTEM_ADMIN: "admin",
    Role.PREFECTURE_OFFICER: "prefecture",
    Role.COUNTY_ADMIN: "county",
    Role.COUNTY_APPROVER: "approver",
    Role.TOWNSHIP_OFFICER: "township",
    Role.AUDITOR: "auditor",
    Role.READER: "reader",
    Role.MENTOR: "mentor",
    Role.MENTEE: "mentee",
}
"""Heads of the columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RootField:
    """One root field and the permission that it needs."""

    kind: str
    name: str
    permission: Permission


def root_fields(schema: TouyanSchema) -> list[RootField]:
    """Every root field with its permission, in the order of the schema; raises for one that states none."""
    inner = schema._schema
    roots = {"query": inner.query_type, "mutation": inner.mutation_type, "subscription": inner.subscription_type}
    return [
        RootField(kind=kind, name=name, permission=permission)
        for kind, root in roots.items()
        for name, permission in _permissions_of(root)
    ]


def _permissions_of(root: GraphQLObjectType | None) -> Iterator[tuple[str, Permission]]:
    if root is None:
        return
    for name, field in root.fields.items():
        definition = field.extensions["strawberry-definition"]
        stated = [each.permission for each in definition.extensions if isinstance(each, RequirePermission)]
        if "permission" in definition.metadata:
            stated.append(definition.metadata["permission"])
        (permission,) = stated
        yield name, permission


def permission_table() -> str:
    """Markdown: which role holds which permission."""
    head = "| | " + " | ".join(SHORT[role] for role in Role) + " |"
    rule = "|---|" + "---|" * len(Role)
    rows = [
        f"| `{permission.value}` | "
        + " | ".join(
            ("by name" if permission in EXPLICIT else "yes") if role in ROLES_BY_PERMISSION[permission] else ""
            for role in Role
        )
        + " |"
        for permission in Permission
    ]
    return "\n".join([head, rule, *rows])


def field_table(schema: TouyanSchema) -> str:
    """Markdown: what each root field needs, one row for each permission that any field needs."""
    fields = root_fields(schema)
    rows = ["| needs | queries and subscriptions | mutations |", "|---|---|---|"]
    for permission in Permission:
        reads = [f"`{each.name}`" for each in fields if each.permission is permission and each.kind != "mutation"]
        writes = [f"`{each.name}`" for each in fields if each.permission is permission and each.kind == "mutation"]
        if reads or writes:
            rows.append(f"| `{permission.value}` | {', '.join(reads)} | {', '.join(writes)} |")
    return "\n".join(rows)


def legend() -> str:
    """What the heads of the columns stand for."""
    return ", ".join(f"{SHORT[role]} = {role.value} {label(role, Language.ZH)}" for role in Role)


def personal_fields() -> list[tuple[str, str, Pii, Permission]]:
    """Type, field, privacy class and permission of every field of personal data, in alphabetical order."""
    schema = make_schema()
    found = []
    for concrete in schema.schema_converter.type_map.values():
        definition = concrete.definition
        for field in getattr(definition, "fields", ()):
            for directive in getattr(field, "directives", ()):
                if isinstance(directive, Personal):
                    name = schema.config.name_converter.get_graphql_name(field)
                    found.append((str(concrete.implementation), name, directive.privacy_class, directive.permission))
    return sorted(found)


def personal_table() -> str:
    """Markdown: every field of personal data under its class and permission, by type."""
    rows = ["| class | needs | fields |", "|---|---|---|"]
    by_class: dict[tuple[str, Permission], dict[str, list[str]]] = {}
    for type_name, field, pii, permission in personal_fields():
        by_class.setdefault((pii.value, permission), {}).setdefault(type_name, []).append(field)
    for (pii_class, permission), by_type in sorted(by_class.items()):
        fields = "; ".join(f"{name}: {', '.join(f'`{field}`' for field in found)}" for name, found in by_type.items())
        rows.append(f"| {pii_class} | `{permission.value}` | {fields} |")
    return "\n".join(rows)
