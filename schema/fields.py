"""Building blocks of types: types that wrap a row, and fields that read it or follow it to other rows."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Annotated, Any, Self, TypeAlias, TypeVar
from uuid import UUID

import strawberry

from app.access import Permission
from app.labels import Language, label
from app.models.columns import Pii
from app.services.privacy.restricted import may_read_class
from schema.context import Info
from schema.ids import encode_id
from schema.permissions import RequirePermission, stated
from schema.personal import guard, states
from schema.problems import camel_case

LanguageArgument: TypeAlias = Annotated[
    Language, strawberry.argument(description="Language of the label; Chinese unless asked otherwise.")
]

ShownT = TypeVar("ShownT")

SHOWN: dict[type, Callable[[Any], Any]] = {}
"""How a row of each table is shown; filled by the types themselves."""


class Wrapped:
    """Base of types that show one row: attributes that the type does not define are read from the row.

    ``class Pairing(Node, shows=PairingRow)`` makes the type the way in which such rows are shown.
    """

    row: Any

    def __init_subclass__(cls, *, shows: type | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if shows is not None:
            SHOWN[shows] = cls.of

    @classmethod
    def of(cls, row: Any) -> Self:
        """The object that shows ``row``."""
        shown = cls.__new__(cls)
        shown.row = row
        return shown

    @property
    def key(self) -> UUID:
        """The primary key of the row (``id`` of a type is the global id)."""
        key: UUID = self.row.id
        return key

    def __getattr__(self, name: str) -> Any:
        if name == "row":
            raise AttributeError(name)
        return getattr(self.row, name)


def show(row: Any) -> Any:
    """The object that shows a row; nothing for nothing."""
    return None if row is None else SHOWN[type(row)](row)


def show_all(rows: Iterable[Any]) -> list[Any]:
    """The objects that show rows."""
    return [show(row) for row in rows]


def described(description: str) -> Any:
    """A plain field: its value is the attribute of the same name of the row behind the object."""
    return strawberry.field(description=description)


def label_of(attribute: str, *, pii: Pii | None = None, withheld: StrEnum | None = None) -> Any:
    """A field with the label of the enum value in ``attribute``; empty where the value is.

    Of personal data it is the label of ``withheld`` to whoever may not read the value.
    """

    def read_label(root: Any, info: Info, language: LanguageArgument = Language.ZH) -> str | None:
        if pii is not None and not may_read_class(info.context.viewer, pii, root.row.county_id):
            return None if withheld is None else label(withheld, language)
        # A field that states its class is read from the row: on the object stands how it is resolved.
        value = getattr(root if pii is None else root.row, attribute)
        return None if value is None else label(value, language)

    return strawberry.field(
        resolver=read_label,
        description=f"What `{camel_case(attribute)}` is called on screens and forms.",
        directives=[] if pii is None else [states(pii)],
    )


def one(
    read: Any, attribute: str, description: str, *, permission: Permission | None = None, pii: Pii | None = None
) -> Any:
    """A field that follows ``attribute`` to one row; empty where there is none or it may not be seen."""

    async def follow(root: Any, info: Info) -> Any:
        key = getattr(root, attribute)
        return None if key is None else show(await info.context.find(read, key))

    return _relation(follow, description, permission, pii, None)


def many(
    read: Any,
    description: str,
    *,
    attribute: str = "key",
    permission: Permission | None = None,
    pii: Pii | None = None,
) -> Any:
    """A field with the rows that belong to the object: all objects of a page are asked for in one statement."""

    async def follow(root: Any, info: Info) -> Any:
        key = getattr(root, attribute)
        rows = await info.context.get(read, key)
        info.context.spend(len(rows))
        return show_all(rows)

    return _relation(follow, description, permission, pii, [])


def _relation(follow: Any, description: str, permission: Permission | None, pii: Pii | None, withheld: Any) -> Any:
    if pii is not None:
        return strawberry.field(resolver=follow, description=description, **guard(pii, withheld=withheld))
    if permission is None:
        return strawberry.field(resolver=follow, description=description)
    return strawberry.field(
        resolver=follow, description=stated(description, permission), extensions=[RequirePermission(permission)]
    )


@strawberry.interface(description="Anything with an id that can be fetched again through `node`.")
class Node(Wrapped):
    @strawberry.field(description="Opaque id, unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_id(type(self).__name__, self.key)


IdArgument: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="Id as a query returned it.")]


async def find_shown(info: Info, read: Any, key: UUID, shown_as: type[ShownT]) -> ShownT | None:
    """The object of a key, or nothing when it is unknown, of another type, or may not be seen."""
    shown = show(await info.context.find(read, key))
    return shown if isinstance(shown, shown_as) else None
