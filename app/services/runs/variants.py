"""Which plans a run makes by solving, and under which weights: the policy's own first, then the presets asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.models.vocabulary import PlanMethod
from app.services.plan_basis import with_weights
from matching import WEIGHT_PRESETS, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One set of weights of a run; ``solved_as`` is the first variant with equal weights, whose shares it takes."""

    number: int
    label: str
    method: PlanMethod
    policy: Policy
    solved_as: int


def variants_of(policy: Policy, presets: Sequence[str]) -> tuple[Variant, ...]:
    """The variants of a run, in the order in which their plans are recorded."""
    own = next((name for name, weights in WEIGHT_PRESETS.items() if weights == policy.weights), "CUSTOM")
    found = [Variant(number=0, label=own, method=PlanMethod.POLICY, policy=policy, solved_as=0)]
    for number, name in enumerate(presets, start=1):
        changed = with_weights(policy, WEIGHT_PRESETS[name].model_dump())
        same = next((variant.number for variant in found if variant.policy.weights == changed.weights), number)
        found.append(
            Variant(number=number, label=name, method=PlanMethod.PRESET, policy=changed, solved_as=same),
        )
    return tuple(found)
