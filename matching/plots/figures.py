"""Figures of a trade-off and of a plan: the curve, the load of the mentors, the distances."""

from typing import TYPE_CHECKING

import numpy as np

from matching.plots.labels import Labels, Language
from matching.plots.style import BLUE, GREEN, GREY, ORANGE, PURPLE, count_in_whole_numbers, drawing, tidy
from matching.result import Result
from matching.tradeoff import PointMethod, TradeOff
from matching.tradeoff.axes import mean_of
from matching.vocabulary import Relation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = {
    PointMethod.NEAREST: ("^", BLUE),
    PointMethod.WEIGHTS: ("o", ORANGE),
    PointMethod.EPSILON: ("s", GREEN),
    PointMethod.MOST_EXPERIENCED: ("v", PURPLE),
}
"""Shape and colour per method: the shape alone tells them apart in print."""

N_SAMPLES = 400
"""Places at which the envelope is drawn."""

BIN_MIN = 10
"""Width of a bar of travel times, in minutes."""


def draw_trade_off(curve: TradeOff, *, language: Language = Language.ENGLISH, font: str | None = None) -> "Figure":
    """Draw the points of a curve, the proved bound over them, and the ready weights.

    The steps between the points are what a point reaches for any lower geography; a plan between them would lie above.

    Parameters
    ----------
    font
        Family of all words; ``None`` takes matplotlib's own, for Chinese the first of ``CHINESE_FONTS`` found.

    Raises
    ------
    PlotsUnavailableError
        Without matplotlib, or without any font for Chinese.

    Examples
    --------
    >>> from matching import PRESETS, trade_off
    >>> from matching.generate import generate_facts
    >>> curve = trade_off(generate_facts(7), PRESETS["TONGREN_2_PLUS_1"], n_points=3)
    >>> draw_trade_off(curve).axes[0].get_title()
    'Geography against experience'
    """
    with drawing(language, font) as (figure, words):
        axes = figure.add_subplot()
        tidy(axes, words.curve_title, words.geography, words.experience)
        near, able = ([getattr(p, name) for p in curve.points] for name in ("geography_mean", "experience_mean"))
        if len(curve.points) > 1:
            _draw_bound(axes, curve, words.envelope, words.room)
            axes.step(near, able, where="post", color="black", linewidth=0.8, zorder=2)
        for method, (marker, colour) in MARKS.items():
            own = [p for p in curve.points if p.method is method]
            if own:
                drawn = axes.scatter(
                    [p.geography_mean for p in own], [p.experience_mean for p in own],
                    marker=marker, s=36, color=colour, edgecolors="black", linewidths=0.6, zorder=3,
                    label=words.methods[method],
                )  # fmt: skip
                drawn.set_gid(f"points {method}")
        drawn = axes.scatter(
            [p.geography_mean for p in curve.presets], [p.experience_mean for p in curve.presets],
            marker="x", s=30, color="black", linewidths=1.0, zorder=4, label=words.presets,
        )  # fmt: skip
        drawn.set_gid("presets")
        axes.legend(fontsize=8, frameon=False)
    return figure


def _draw_bound(axes: "Axes", curve: TradeOff, bound: str, room: str) -> None:
    """Draw the envelope, and shade what lies between it and the steps of the points."""
    envelope, points = curve.envelope, curve.points
    low, high = points[-1].geography, points[0].geography
    places = sorted({*np.linspace(low, high, N_SAMPLES).astype(np.int64).tolist(), *(p.geography for p in points)})

    def mean(total: int) -> float:
        return mean_of(total, curve.n_filled, curve.n_seats)

    across = [mean(place) for place in places]
    most = [mean(envelope.experience_bound(place)) for place in places]
    reached = [mean(max(p.experience for p in points if p.geography >= place)) for place in places]
    axes.fill_between(across, reached, most, facecolor="#EEEEEE", edgecolor=GREY, hatch="....", linewidth=0, label=room)
    (line,) = axes.plot(across, most, color="black", linewidth=0.9, linestyle="--", zorder=2, label=bound)
    line.set_gid("bound")


def draw_loads(result: Result, *, language: Language = Language.ENGLISH, font: str | None = None) -> "Figure":
    """Draw how many mentors serve how many mentees of the run.

    Raises
    ------
    PlotsUnavailableError
        Without matplotlib, or without any font for Chinese.

    Examples
    --------
    >>> from matching import PRESETS, solve
    >>> from matching.generate import generate_facts
    >>> figure = draw_loads(solve(generate_facts(7), PRESETS["TONGREN_2_PLUS_1"]))
    >>> figure.axes[0].get_ylabel()
    'Mentors'
    """
    with drawing(language, font) as (figure, words):
        axes = figure.add_subplot()
        tidy(axes, words.load_title, words.load, words.persons)
        counts = dict(result.metrics.n_loads)
        loads = list(range(max(counts, default=0) + 1))
        bars = axes.bar(
            loads, [counts.get(load, 0) for load in loads],
            width=0.7, color=BLUE, edgecolor="black", linewidth=0.6, hatch="//",
        )  # fmt: skip
        axes.bar_label(bars, fontsize=8)
        axes.set_xticks(loads)
        axes.set_ylim(bottom=0, top=max(1, *counts.values()) * 1.1 if counts else 1)
    return figure


def draw_distances(result: Result, *, language: Language = Language.ENGLISH, font: str | None = None) -> "Figure":
    """Draw the filled seats by relation class and, where any are known, by travel minutes.

    Raises
    ------
    PlotsUnavailableError
        Without matplotlib, or without any font for Chinese.

    Examples
    --------
    >>> from matching import PRESETS, solve
    >>> from matching.generate import generate_facts
    >>> figure = draw_distances(solve(generate_facts(7), PRESETS["TONGREN_2_PLUS_1"]))
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['Filled seats', 'Travel time (minutes)']
    """
    minutes = [seat.minutes for seat in result.seats if seat.minutes is not None]
    with drawing(language, font) as (figure, words):
        figure.suptitle(words.distance_title)
        panels = [figure.add_subplot(1, 2 if minutes else 1, 1)]
        tidy(panels[0], "", words.share, "")
        relations = list(Relation)
        bars = panels[0].barh(
            range(len(relations)), [sum(seat.relation is relation for seat in result.seats) for relation in relations],
            color=ORANGE, edgecolor="black", linewidth=0.6, hatch="\\\\",
        )  # fmt: skip
        panels[0].bar_label(bars, fontsize=8, padding=2)
        panels[0].set_yticks(range(len(relations)), [words.relations[relation] for relation in relations])
        panels[0].invert_yaxis()
        count_in_whole_numbers(panels[0].xaxis)
        panels[0].grid(visible=False)
        if minutes:
            _draw_minutes(figure.add_subplot(1, 2, 2), minutes, len(result.seats) - len(minutes), words)
    return figure


def _draw_minutes(axes: "Axes", minutes: list[float], n_unknown: int, words: Labels) -> None:
    unknown = f"\n{words.unknown_minutes.format(seats=n_unknown)}" if n_unknown else ""
    tidy(axes, "", words.minutes + unknown, words.seats)
    count_in_whole_numbers(axes.yaxis)
    edges = [float(BIN_MIN * number) for number in range(int(max(minutes) // BIN_MIN) + 2)]
    axes.hist(minutes, bins=edges, color=GREEN, edgecolor="black", linewidth=0.6, hatch="..")
    mean, p90 = float(np.mean(minutes)), float(np.percentile(minutes, 90))
    axes.axvline(mean, color="black", linewidth=1.2, linestyle="-", label=words.mean.format(minutes=mean))
    axes.axvline(p90, color="black", linewidth=1.2, linestyle=":", label=words.p90.format(minutes=p90))
    axes.legend(fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0))
