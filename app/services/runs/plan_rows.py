"""What the rows of a plan hold: the columns of its items and shortfalls, its levels and its figures."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.models import Division
from matching import FilledSeat, Level, Shortfall
from matching.criteria import SCORE_UNIT
from matching.facts import Facts
from matching.metrics import Metrics


def counties_of_mentees(session: Session, facts: Facts) -> dict[str, UUID]:
    """The key of the county of every mentee, by id."""
    query = select(Division).where(col(Division.code).in_({mentee.county for mentee in facts.mentees}))
    county_by_code = {row.code: row.id for row in session.exec(query) if row.valid_to is None}
    return {mentee.id: county_by_code[mentee.county] for mentee in facts.mentees}


def item_values(seat: FilledSeat, county_by_mentee: Mapping[str, UUID]) -> dict[str, Any]:
    """The columns of the item of a filled seat, without plan and tracking."""
    return {
        "county_id": county_by_mentee[seat.mentee_id],
        "mentee_id": UUID(seat.mentee_id),
        "mentor_id": UUID(seat.mentor_id),
        "slot_code": seat.slot,
        "score": seat.score / SCORE_UNIT,
        "contributions": [{"term": str(c.term), "points": c.points / SCORE_UNIT} for c in seat.contributions],
        "relation": seat.relation,
        "anchor_code": seat.anchor,
        "travel_minutes": seat.minutes,
        "travel_source": seat.travel_source,
        "tier": seat.tier,
        "is_released": seat.is_released,
        "is_pinned": seat.is_pinned,
        "is_changed_from_published": seat.changed_from_published,
    }


def shortfall_values(gap: Shortfall, county_by_mentee: Mapping[str, UUID]) -> dict[str, Any]:
    """The columns of the shortfall of an empty seat, without plan and tracking."""
    return {
        "county_id": county_by_mentee[gap.mentee_id],
        "mentee_id": UUID(gap.mentee_id),
        "slot_code": gap.slot,
        "reasons": [{"code": str(code), "count": count} for code, count in gap.reasons],
    }


def levels_json(levels: Iterable[Level]) -> list[dict[str, Any]]:
    """The objective levels in natural units (score points, seats, links)."""
    return [
        {
            "name": str(level.name),
            "value": level.value / level.scale,
            "bound": level.bound / level.scale,
            "gap": level.gap,
        }
        for level in levels
    ]


def metrics_json(metrics: Metrics, n_changed_links: int | None) -> dict[str, Any]:
    """The headline figures of a plan without the teams of all mentees, which the items tell."""
    figures = asdict(metrics)
    del figures["teams"]
    return {**figures, "n_changed_links": n_changed_links}


def count_changed_links(facts: Facts, links: Iterable[tuple[str, str, str]]) -> int | None:
    """Links removed or added against the roster in force; ``None`` without one."""
    return len(frozenset(links) ^ frozenset(facts.published)) if facts.published else None
