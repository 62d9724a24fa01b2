"""The schema: the queries and mutations of all slices together."""

from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from schema.access.audit import AuditQueries
from schema.access.mutations import AccessMutations
from schema.access.queries import AccessQueries
from schema.imports.kinds import ImportKindQueries
from schema.imports.mutations import ImportsMutations
from schema.imports.queries import ImportsQueries
from schema.limits import EXTENSIONS
from schema.nodes import NodeQueries
from schema.pairing.mutations import PairingMutations
from schema.pairing.queries import PairingQueries
from schema.people.mutations import PeopleMutations
from schema.people.queries import PeopleQueries
from schema.people.reveal import RevealMutations
from schema.places.queries import PlacesQueries
from schema.places.types import County, Prefecture, Province, Township, Village
from schema.rosters.edits import RosterEditsMutations
from schema.rosters.mutations import RostersMutations
from schema.rosters.queries import RostersQueries
from schema.runs.adjusting import AdjustmentMutations
from schema.runs.mutations import RunsMutations
from schema.runs.progress import Subscription
from schema.runs.queries import RunsQueries
from schema.runs.questions import PlanQuestions
from schema.scalars import SCALARS


@strawberry.type(description="Everything that can be read.")
class Query(
    NodeQueries,
    AccessQueries,
    PlacesQueries,
    PeopleQueries,
    PairingQueries,
    RunsQueries,
    PlanQuestions,
    ImportsQueries,
    RostersQueries,
    ImportKindQueries,
    AuditQueries,
):
    pass


@strawberry.type(description="Everything that can be changed. Each mutation is one transaction of its own.")
class Mutation(
    AccessMutations,
    PeopleMutations,
    RevealMutations,
    PairingMutations,
    RunsMutations,
    AdjustmentMutations,
    ImportsMutations,
    RostersMutations,
    RosterEditsMutations,
):
    pass


class TouyanSchema(strawberry.Schema):
    """The schema; errors are logged by the view, which knows what may be written down."""

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Nothing here: the stock method logs exception texts, which can hold personal data."""


@cache
def make_schema() -> TouyanSchema:
    """The schema of the service, built once in a process: it holds nothing of a request, and building takes seconds."""
    return TouyanSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Province, Prefecture, County, Township, Village],
        extensions=EXTENSIONS,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
