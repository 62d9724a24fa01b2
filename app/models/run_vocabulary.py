"""Closed lists of what a run makes: presets, ways to a plan, and figures by which plans are compared."""

from enum import StrEnum


class WeightPreset(StrEnum):
    """Ready weights to compare plans by (``matching.WEIGHT_PRESETS``)."""

    NEAR_FIRST = "NEAR_FIRST"
    BALANCED = "BALANCED"
    EXPERIENCE_FIRST = "EXPERIENCE_FIRST"


class PlanMethod(StrEnum):
    """How a plan of a run came to be; the four of a curve are those of ``matching.PointMethod``."""

    POLICY = "POLICY"
    PRESET = "PRESET"
    NEAREST = "NEAREST"
    WEIGHTS = "WEIGHTS"
    EPSILON = "EPSILON"
    MOST_EXPERIENCED = "MOST_EXPERIENCED"
    REPAIR = "REPAIR"


class PlanFigure(StrEnum):
    """The rows of a comparison (what an office compares plans by)."""

    SEATS_FILLED = "SEATS_FILLED"
    SAME_TOWNSHIP_SHARE = "SAME_TOWNSHIP_SHARE"
    MEAN_MINUTES = "MEAN_MINUTES"
    P90_MINUTES = "P90_MINUTES"
    MAX_MINUTES = "MAX_MINUTES"
    MEAN_EXPERIENCE = "MEAN_EXPERIENCE"
    WORST_EXPERIENCE = "WORST_EXPERIENCE"
    WEAK_TEAMS = "WEAK_TEAMS"
    LOAD_SPREAD = "LOAD_SPREAD"
    WISHES_MET = "WISHES_MET"
    CHANGED_LINKS = "CHANGED_LINKS"
    SCORE = "SCORE"


class BetterDirection(StrEnum):
    """Which values of a figure are the better ones."""

    HIGHER = "HIGHER"
    LOWER = "LOWER"


class FigureUnit(StrEnum):
    """What a figure counts."""

    SEATS = "SEATS"
    PERCENT = "PERCENT"
    MINUTES = "MINUTES"
    POINTS = "POINTS"
    TEAMS = "TEAMS"
    MENTEES = "MENTEES"
    WISHES = "WISHES"
    LINKS = "LINKS"
