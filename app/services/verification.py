"""A plan against the present data: what held when it was solved must still hold when it is published."""

from collections.abc import Sequence

from sqlmodel import Session

from app.errors import InvalidStateError
from app.models import PairingProgram, PlanItem
from app.services.avoidance import translator
from app.services.snapshot import take_snapshot
from matching import Policy
from matching.verify import verify

SHOWN = 5
"""How many violations a refusal names; the count of all stands beside them."""


def refuse_broken_plan(session: Session, program: PairingProgram, policy: Policy, items: Sequence[PlanItem]) -> None:
    """Raise ``InvalidStateError`` naming by 编号 the pairs that today's facts no longer allow."""
    facts = take_snapshot(session, program)
    violations = verify(facts, policy, [(str(i.mentee_id), i.slot_code, str(i.mentor_id)) for i in items])
    if not violations:
        return
    translate = translator(facts)
    texts = [translate(f"{violation.item}: {violation.message}") for violation in violations[:SHOWN]]
    raise InvalidStateError(
        f"The plan no longer holds against the present data ({len(violations)} violation(s)): {'; '.join(texts)}. "
        "Start another run.",
        f"方案与当前数据不符（{len(violations)} 处）：{'；'.join(texts)}。请重新匹配。",
    )
