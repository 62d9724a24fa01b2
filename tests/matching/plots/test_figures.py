"""Figures: what they show equals the curve or the plan, and they render without a display."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import image

from matching import Policy, solve, trade_off
from matching.errors import PlotsUnavailableError
from matching.generate import Shape, generate_facts
from matching.plots import Language, draw_distances, draw_loads, draw_trade_off
from matching.plots.figures import MARKS
from matching.plots.labels import LABELS
from matching.plots.style import BLUE, GREEN, ORANGE, PURPLE
from matching.tradeoff import PointMethod
from matching.vocabulary import Relation
from tests.matching.factories import A1, B1, facts, mentee, mentor, policy
from tests.matching.tradeoff.worlds import pair_case


@pytest.fixture(scope="module")
def curve():
    return trade_off(*pair_case(2), n_points=12)


@pytest.fixture(scope="module")
def result():
    rules = Policy.from_json({"slots": [{"code": "ONE"}, {"code": "TWO"}], "loadCap": 3})
    return solve(generate_facts(5, Shape(n_mentees=30, n_mentors=24, max_capacity=3, flaw_share=0.02)), rules)


def rendered(figure, path):
    """Save as PNG and return the pixels."""
    figure.savefig(path)
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    pixels = image.imread(path)
    assert len(np.unique(pixels[..., 0])) > 20
    return pixels


def drawn(figure, gid):
    """Return the artist with the given name on the first axes."""
    (artist,) = [artist for artist in figure.axes[0].get_children() if artist.get_gid() == gid]
    return artist


def test_the_curve_shows_every_point_where_it_lies_and_how_it_was_found(curve, tmp_path):
    figure = draw_trade_off(curve)
    assert {point.method for point in curve.points} == set(PointMethod)
    for method in PointMethod:
        own = [(p.geography_mean, p.experience_mean) for p in curve.points if p.method is method]
        assert drawn(figure, f"points {method}").get_offsets().tolist() == [list(place) for place in own]
    presets = [[p.geography_mean, p.experience_mean] for p in curve.presets]
    assert drawn(figure, "presets").get_offsets().tolist() == presets
    assert rendered(figure, tmp_path / "curve.png").shape[:2] == (840, 1260)


def test_the_proved_bound_lies_on_or_above_every_point(curve):
    across, most = drawn(draw_trade_off(curve), "bound").get_data()
    for point in curve.points:
        (at,) = np.flatnonzero(np.isclose(across, point.geography_mean, rtol=0, atol=1e-12))
        assert most[at] >= point.experience_mean


def test_the_curve_names_its_axes_and_everything_drawn(curve):
    axes = draw_trade_off(curve).axes[0]
    assert axes.get_xlabel() == "Geography, mean over filled seats (0-100)"
    assert axes.get_ylabel() == "Experience, mean over filled seats (0-100)"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "room left for undiscovered plans",
        "proved bound",
        "nearest plan",
        "best for its weights",
        "best for a least geography",
        "most experienced plan",
        "ready weights, with wishes and penalties",
    ]


def test_a_curve_of_one_point_is_drawn_without_a_bound(tmp_path):
    world, rules = pair_case(4)
    curve = trade_off(world, rules)
    assert len(curve.points) == 1
    figure = draw_trade_off(curve)
    assert [artist for artist in figure.axes[0].get_children() if artist.get_gid() == "bound"] == []
    rendered(figure, tmp_path / "point.png")


def test_loads_show_one_bar_per_load_with_its_number_of_mentors(result, tmp_path):
    figure = draw_loads(result)
    heights = {round(bar.get_x() + bar.get_width() / 2): int(bar.get_height()) for bar in figure.axes[0].containers[0]}
    assert heights == dict(result.metrics.n_loads)
    assert len(heights) > 2
    assert {text.get_text() for text in figure.axes[0].texts} == {str(count) for count in heights.values()}
    rendered(figure, tmp_path / "loads.png")


def test_distances_show_every_filled_seat_by_relation_and_by_minutes(result, tmp_path):
    figure = draw_distances(result)
    relations, minutes = figure.axes
    counts = [int(bar.get_width()) for bar in relations.containers[0]]
    assert sum(counts) == len(result.seats)
    assert counts == [sum(seat.relation is relation for seat in result.seats) for relation in Relation]
    assert [text.get_text() for text in relations.get_yticklabels()][:2] == ["linked", "same village"]
    known = [seat.minutes for seat in result.seats if seat.minutes is not None]
    assert sum(int(bar.get_height()) for bar in minutes.containers[0]) == len(known) > 0
    assert minutes.get_legend().get_texts()[0].get_text() == f"mean {result.metrics.mean_minutes:.0f} min"
    assert minutes.get_legend().get_texts()[1].get_text() == f"90th percentile {result.metrics.p90_minutes:.0f} min"
    n_unknown = len(result.seats) - len(known)
    assert minutes.get_xlabel() == f"Travel time (minutes)\nunknown seats: {n_unknown}"
    rendered(figure, tmp_path / "distances.png")


def test_distances_without_travel_minutes_show_relations_only(tmp_path):
    far = mentor(anchors=(B1,), pool_township=None)
    result = solve(facts([mentee(village=A1)], [far]), policy())
    assert [(seat.relation, seat.minutes) for seat in result.seats] == [(Relation.ADJACENT_TOWNSHIP, None)]
    figure = draw_distances(result)
    assert len(figure.axes) == 1
    rendered(figure, tmp_path / "relations.png")


def test_every_method_has_its_own_shape_and_its_own_colour():
    assert len({marker for marker, _ in MARKS.values()}) == len(PointMethod)
    assert {colour for _, colour in MARKS.values()} == {BLUE, ORANGE, GREEN, PURPLE}


def test_chinese_words_use_the_font_that_was_named(curve):
    figure = draw_trade_off(curve, language=Language.CHINESE, font="DejaVu Sans")
    axes = figure.axes[0]
    assert axes.get_title() == "地域与经验的取舍"
    assert axes.title.get_fontfamily() == ["DejaVu Sans"]
    assert axes.get_legend().get_texts()[2].get_text() == "地域最优方案"


def test_chinese_without_any_such_font_is_refused_and_says_what_to_install(curve, monkeypatch):
    monkeypatch.setattr("matplotlib.font_manager.FontManager.get_font_names", lambda _: ["DejaVu Sans"])
    with pytest.raises(PlotsUnavailableError, match="install Noto Sans CJK SC, or name a family in font"):
        draw_trade_off(curve, language=Language.CHINESE)


def test_an_installed_chinese_font_is_found(curve, monkeypatch):
    monkeypatch.setattr("matplotlib.font_manager.FontManager.get_font_names", lambda _: ["SimHei", "DejaVu Sans"])
    figure = draw_trade_off(curve, language=Language.CHINESE)
    assert figure.axes[0].title.get_fontfamily() == ["SimHei"]


def test_both_languages_name_everything():
    for words in LABELS.values():
        assert set(words.methods) == set(PointMethod)
        assert set(words.relations) == set(Relation)


def test_drawing_leaves_the_settings_of_matplotlib_alone(curve):
    before = dict(mpl.rcParams)
    draw_trade_off(curve, language=Language.CHINESE, font="DejaVu Sans")
    assert dict(mpl.rcParams) == before


def test_without_matplotlib_the_error_says_what_to_install():
    code = (
        "import sys\nsys.modules['matplotlib'] = None\n"
        "from matching import PRESETS, solve\nfrom matching.generate import generate_facts\n"
        "from matching.plots import draw_loads\n"
        "draw_loads(solve(generate_facts(7), PRESETS['TONGREN_2_PLUS_1']))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.strip().splitlines()[-1] == (
        "matching.errors.PlotsUnavailableError: figures need matplotlib, which is not installed; "
        "install the extra: pip install 'touyan[plots]'"
    )


def test_the_library_itself_does_not_import_matplotlib():
    code = "import sys, matching, matching.plots\nprint('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
