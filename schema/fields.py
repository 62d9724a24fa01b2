"""Building blocks of types: fields that read a row by attribute, their labels, and types that wrap a row."""

from typing import Annotated, Any, Self, TypeAlias
from uuid import UUID

import strawberry

from app.labels import Language, label
from schema.ids import encode_id

LanguageArgument: TypeAlias = Annotated[
    Language, strawberry.argument(description="Language of the label; Chinese unless asked otherwise.")
]


def described(description: str) -> Any:
    """A plain field: its value is the attribute of the same name of the row behind the object."""
    return strawberry.field(description=description)


def label_of(attribute: str) -> Any:
    """A field with the label of the enum value in ``attribute``; empty where the value is."""

    def read_label(root: Any, language: LanguageArgument = Language.ZH) -> str | None:
        value = getattr(root, attribute)
        return None if value is None else label(value, language)

    first, *rest = attribute.split("_")
    name = first + "".join(word.title() for word in rest)
    return strawberry.field(resolver=read_label, description=f"What `{name}` is called on screens and forms.")


class Wrapped:
    """Base of types that show one row: attributes that the type does not define are read from the row."""

    row: Any

    @classmethod
    def of(cls, row: Any) -> Self:
        """The object that shows ``row``."""
        shown = cls.__new__(cls)
        shown.row = row
        return shown

    @classmethod
    def of_optional(cls, row: Any) -> Self | None:
        """The object that shows ``row``, or nothing where there is none."""
        return None if row is None else cls.of(row)

    @classmethod
    def of_all(cls, rows: Any) -> list[Self]:
        """The objects that show ``rows``."""
        return [cls.of(row) for row in rows]

    def __getattr__(self, name: str) -> Any:
        if name == "row":
            raise AttributeError(name)
        return getattr(self.row, name)


@strawberry.interface(description="Anything with an id that can be fetched again through `node`.")
class Node(Wrapped):
    @strawberry.field(description="Opaque id, unique over all types.")
    def id(self) -> strawberry.ID:
        key: UUID = self.row.id
        return encode_id(type(self).__name__, key)
