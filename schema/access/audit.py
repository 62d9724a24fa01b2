"""The audit trail for auditors: its entries and its head."""

from datetime import datetime

import strawberry

from app.access import Permission
from app.models import AuditEvent as AuditEventRow
from app.models import AuditHead as AuditHeadRow
from app.models.vocabulary import AuditAction, Role
from app.reads import audit as reads
from schema.context import Info
from schema.enums import OrderDirection
from schema.fields import IdArgument, Node, Wrapped, described, find_shown, label_of, show
from schema.ids import key_of
from schema.inputs import (
    DIRECTION,
    DIVISION_CODE,
    DateTimeRangeInput,
    checked_code,
    instants,
    optional,
    required,
    several,
)
from schema.lists import root_list
from schema.paging import Connection, OrderChoice
from schema.permissions import root_field
from schema.scalars import Json


@strawberry.type(description="One entry of the audit trail: something somebody did, in the order of its commits.")
class AuditEvent(Node, shows=AuditEventRow):
    row: strawberry.Private[AuditEventRow]

    sequence: int = described("Number of the entry, from 1 without gaps.")
    at: datetime = described("When it was done.")
    actor: str = described("User, or label of the token, that did it.")
    role: Role = described("Role in which it was done.")
    role_label: str = label_of("role")
    action: AuditAction = described("What was done.")
    action_label: str = label_of("action")
    target: str = described("Kind of the object and its id or 编号.")
    detail: Json = described("What was decided, in ids, codes, counts and checksums; never personal values.")
    request_id: str | None = described("Id of the request in which it was done, as the service's logs name it.")
    entry_hash: str = described("SHA-256 over this entry and the hash of the entry before.")


@strawberry.type(description="The end of the audit trail; keep `count` and `headHash` elsewhere as an anchor.")
class AuditTrail(Wrapped, shows=AuditHeadRow):
    row: strawberry.Private[AuditHeadRow]

    head_hash: str = strawberry.field(
        resolver=lambda root: root.row.entry_hash, description="Hash of the last entry, which stands for all of them."
    )
    sealed_at: datetime = described("When the last entry was added and the head was sealed.")
    key_fingerprint: str | None = described("Which key sealed the head; empty while nothing was recorded.")

    @strawberry.field(description="How many entries the whole trail has, also those of other territories.")
    def count(self) -> int:
        return self.row.n_entries


@strawberry.input(description="Which audit events; all conditions must hold.")
class AuditEventFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    actor: str | None = optional("Done by this user or token.")
    actions: list[AuditAction] | None = optional("One of these actions.")
    target: str | None = optional("Kind of the object with its id or 编号, or the beginning of that.")
    at: DateTimeRangeInput | None = optional("Done in this span.")
    request_id: str | None = optional("Done in this request.")

    def filters(self) -> reads.AuditFilter:
        """What the reads understand."""
        return reads.AuditFilter(
            division_code=checked_code(self.division_code),
            actor=self.actor,
            actions=several(self.actions),
            target=self.target,
            at=instants(self.at, "at"),
            request_id=self.request_id,
        )


@strawberry.input(description="Order of audit events.")
class AuditEventOrderBy:
    field: reads.AuditOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.type(description="Queries of the audit trail.")
class AuditQueries:
    audit_events: Connection[AuditEvent] | None = root_list(
        Permission.READ_AUDIT,
        reads.AUDIT_EVENTS,
        AuditEventFilterInput,
        AuditEventOrderBy,
        OrderChoice(order=reads.AuditOrder.SEQUENCE, direction=OrderDirection.DESC),
        "Audit events of actors and counties inside the territory.",
        which="Which events.",
        ordered="newest first",
    )

    @root_field(Permission.READ_AUDIT, "One audit event. Empty when unknown or outside the territory.")
    async def audit_event(self, info: Info, id: IdArgument) -> AuditEvent | None:
        return await find_shown(info, reads.events_by_id, key_of(id, "AuditEvent"), AuditEvent)

    @root_field(
        Permission.READ_AUDIT,
        "Where the audit trail ends; `touyan audit verify` checks whether it is whole. Empty when its head is gone.",
    )
    async def audit_trail(self, info: Info) -> AuditTrail | None:
        return show(await info.context.read(reads.audit_head))  # type: ignore[no-any-return]
