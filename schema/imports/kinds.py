"""What can be imported: the kinds of tables with their columns, and where their empty workbooks are."""

from datetime import datetime
from zoneinfo import ZoneInfo

import strawberry

from app.access import Permission
from app.labels import Language
from app.rosters.columns import LAYOUTS
from app.rosters.layout import Layout
from app.rosters.templates import template_columns
from app.services.imports.records import SheetKind
from schema.context import Info
from schema.fields import LanguageArgument
from schema.permissions import root_field

CHINA = ZoneInfo("Asia/Shanghai")


@strawberry.type(description="One column of a kind of table.")
class ImportKindColumn:
    key: str = strawberry.field(description="Its key, by which mappings name it.")
    title: str = strawberry.field(description="Its header in the template; parts of merged headers joined by a slash.")
    required: bool = strawberry.field(description="Whether the table cannot lack it.")


@strawberry.type(description="One kind of table that can be imported.")
class ImportKind:
    layout: strawberry.Private[Layout]
    kind: SheetKind = strawberry.field(description="What its rows are about.")
    columns: list[ImportKindColumn] = strawberry.field(description="Its columns in the order of the template.")
    template_url: str = strawberry.field(
        description="Path of its empty workbook; add `?county=` and the code of the county."
    )

    @strawberry.field(description="Its title, as the template bears it.")
    def label(self, language: LanguageArgument = Language.ZH) -> str:
        return self.layout.title_zh if language is Language.ZH else self.layout.title


@strawberry.type(description="Queries of what can be imported.")
class ImportKindQueries:
    @root_field(Permission.READ, "Kinds of tables that can be imported, with their columns and empty workbooks.")
    async def import_kinds(self, info: Info) -> list[ImportKind] | None:
        today = datetime.now(CHINA).date()
        return [
            ImportKind(
                layout=layout,
                kind=layout.kind,
                columns=[
                    ImportKindColumn(key=column.key, title=column.path, required=column.is_required)
                    for column in template_columns(layout, today)
                ],
                template_url=f"/templates/{layout.kind.value}",
            )
            for layout in LAYOUTS
        ]
