"""What is told of an operation to whoever runs the service: its kind, its root field, its time; never what is in it."""

import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from strawberry.extensions.base_extension import SchemaExtension

from app.observe import metrics, tracing

REFUSED, SEVERAL, INTROSPECTION, SUBSCRIPTION = "refused", "several", "introspection", "subscription"


@dataclass(slots=True, eq=False)
class Note:
    """Kind and root field of an operation, once they are known."""

    kind: str = REFUSED
    field: str = ""
    has_errors: bool = False

    @property
    def is_brief(self) -> bool:
        """Whether the operation ends by itself and is worth waiting for."""
        return self.kind != SUBSCRIPTION


NOTE: ContextVar[Note | None] = ContextVar("note", default=None)
"""Where the operation of this context is noted, for whoever wants to write it down."""


def note_of(document: DocumentNode, operation_name: str | None) -> Note:
    """Kind and root field of an operation of a validated document.

    >>> from graphql import parse
    >>> note_of(parse("query Whose { viewer { role } }"), None)
    Note(kind='query', field='viewer', has_errors=False)
    >>> note_of(parse("{ ...A } fragment A on Query { __typename cadres { totalCount } mentors { totalCount } }"), None)
    Note(kind='query', field='several', has_errors=False)
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    wanted = [node for node in operations if operation_name in (None, node.name.value if node.name else None)]
    if not wanted:
        return Note()
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    fields = _root_fields(wanted[0].selection_set, fragments)
    own = {name for name in fields if not name.startswith("__")}
    field = INTROSPECTION if not own else SEVERAL if len(own) > 1 else own.pop()
    return Note(kind=wanted[0].operation.value, field=field)


def _root_fields(selections: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]) -> set[str]:
    found: set[str] = set()
    for node in selections.selections:
        if isinstance(node, FieldNode):
            found.add(node.name.value)
        elif isinstance(node, InlineFragmentNode):
            found |= _root_fields(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode):
            found |= _root_fields(fragments[node.name.value].selection_set, fragments)
    return found


class OperationWatch(SchemaExtension):
    """Times queries and mutations, and makes a span of every operation; subscriptions last as long as they like."""

    _has_begun = False

    def on_execute(self) -> Iterator[None]:
        """Let be known what runs, as soon as it does."""
        self._has_begun = True
        holder = NOTE.get()
        if holder is not None:
            holder.kind = self.execution_context.operation_type.value
        yield

    def on_operation(self) -> Iterator[None]:
        """From the document to the answer."""
        began = time.perf_counter()
        operation = self.execution_context
        # A stream of events goes on in many tasks.
        is_one_task = operation.context.over_socket or not operation.context.streams
        with tracing.span("graphql", holds=is_one_task) as span:
            yield
            document = operation.graphql_document
            note = Note()
            if document is not None and self._has_begun:
                # The name as it was given: without one, the only operation is meant.
                note = note_of(document, operation._provided_operation_name)
            note.has_errors = bool(operation.pre_execution_errors or getattr(operation.result, "errors", None))
            if note.is_brief:
                metrics.count_operation(note.kind, note.field, time.perf_counter() - began)
            if span is not None:
                span.update_name(f"{note.kind} {note.field}".rstrip())
                span.set_attributes({"graphql.operation.type": note.kind, "touyan.field": note.field})
            holder = NOTE.get()
            if holder is not None:
                holder.kind, holder.field, holder.has_errors = note.kind, note.field, note.has_errors
