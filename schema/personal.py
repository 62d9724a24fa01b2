"""Fields of personal data: each states its privacy class and the permission that opens it.

A viewer without the permission gets the field empty, without an error: an auditor's query of names and posts works with
the same document as an officer's, and nothing tells a withheld value from an absent one. Where the type cannot be empty
the description names the value that stands for a withheld one. A value of class A is also recorded when it is read.
"""

from collections.abc import Callable
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.schema_directive import Location

from app.access import Permission
from app.models.columns import Pii
from app.services.privacy.restricted import PERMISSION_BY_CLASS, may_read_class
from schema.context import Info
from schema.enums import register

register(
    Pii,
    "Privacy class of a field (隐私分级).",
    {
        "RESTRICTED": "A 限制级 / Restricted: discipline, kinship, complaints, opinions.",
        "SENSITIVE": "B 敏感级 / Sensitive: ID number, phone, home; shown masked.",
        "CADRE": "C 干部信息 / Cadre data: birth, ethnicity, education, political status, career, appraisals.",
        "DUTY": "D 职务信息 / Duty data: name, unit, post; comes with the object.",
    },
)


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    repeatable=True,
    description="The field holds personal data of a class, and is empty for whoever lacks the permission.",
)
class Personal:
    privacy_class: Pii
    permission: Permission


def states(pii: Pii) -> Personal:
    """The statement that a field holds data of a class."""
    return Personal(privacy_class=pii, permission=PERMISSION_BY_CLASS[pii])


class Withhold(FieldExtension):
    """Answers ``withheld`` instead of the value to whoever may not read the class; records reads of class A."""

    def __init__(self, pii: Pii, withheld: Any = None, *, is_recorded: bool = True) -> None:
        self.pii = pii
        self.withheld = withheld
        self.is_recorded = is_recorded and pii is Pii.RESTRICTED

    def _may(self, source: Any, info: Info) -> bool:
        return may_read_class(info.context.viewer, self.pii, getattr(source.row, "county_id", None))

    def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **kwargs: Any) -> Any:
        """For fields that wait for nothing; those of class A wait for their record."""
        return next_(source, info, **kwargs) if self._may(source, info) else self.withheld

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Any, **kwargs: Any) -> Any:
        """Check, record, then read."""
        if not self._may(source, info):
            return self.withheld
        if self.is_recorded:
            subject = getattr(source.row, "code", None) or str(source.row.id)
            await info.context.note_restricted(f"{type(source).__name__}.{info.python_name}", subject)
        return await next_(source, info, **kwargs)


def guard(pii: Pii, *, withheld: Any = None, is_recorded: bool = True) -> dict[str, Any]:
    """The options of ``strawberry.field`` that withhold a value of a class and state it."""
    extension = Withhold(pii, withheld, is_recorded=is_recorded)
    return {"extensions": [extension], "directives": [states(pii)]}


def personal(pii: Pii, attribute: str, description: str, *, withheld: Any = None, is_encrypted: bool = False) -> Any:
    """A plain field of personal data: the attribute of the row behind the object, decrypted where it is stored so."""

    def read(root: Any, info: Info) -> Any:
        value = getattr(root.row, attribute)
        return info.context.cipher.decrypt(value) if is_encrypted and value is not None else value

    async def read_and_record(root: Any, info: Info) -> Any:
        return read(root, info)

    resolver: Any = read_and_record if pii is Pii.RESTRICTED else read
    del resolver.__annotations__["return"]
    return strawberry.field(resolver=resolver, description=description, **guard(pii, withheld=withheld))


def inside(pii: Pii, description: str) -> Any:
    """A plain field of a type that is only reached through fields which withhold the whole of it."""
    return strawberry.field(description=description, directives=[states(pii)])
