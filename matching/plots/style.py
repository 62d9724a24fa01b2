"""How figures look: colours for every kind of sight, shapes and hatches for black and white, and the fonts.

Matplotlib is an optional extra and is imported only when a figure is drawn. Figures are made without pyplot: nothing
global changes, and no window or display is needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from matching.errors import PlotsUnavailableError
from matching.plots.labels import LABELS, Labels, Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#999999"
"""Okabe and Ito, "Color Universal Design" (2008): told apart by people with any common colour blindness."""

CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
)
"""Families with Chinese glyphs, tried in this order."""

WIDTH_IN, HEIGHT_IN, DPI = 6.3, 4.2, 200
"""Fits the text width of an A4 page; inches, and dots per inch in print."""


@contextmanager
def drawing(language: Language, font: str | None) -> Iterator[tuple["Figure", Labels]]:
    """Give an empty figure and its words; every text made inside uses a font that can show the language.

    Raises
    ------
    PlotsUnavailableError
        Without matplotlib, or without any font for Chinese.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
        from matplotlib.font_manager import fontManager
    except ImportError as missing:
        raise PlotsUnavailableError(
            "figures need matplotlib, which is not installed; install the extra: pip install 'touyan[plots]'"
        ) from missing
    if font is None and language is Language.CHINESE:
        known = set(fontManager.get_font_names())
        font = next((name for name in CHINESE_FONTS if name in known), None)
        if font is None:
            raise PlotsUnavailableError(
                f"no font with Chinese glyphs is installed; install {CHINESE_FONTS[0]}, or name a family in font"
            )
    family = mpl.rcParams["font.family"] if font is None else [font]
    with mpl.rc_context({"font.family": family, "hatch.linewidth": 0.6, "font.size": 9}):
        yield Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DPI, layout="constrained"), LABELS[language]


def count_in_whole_numbers(axis: "Axis") -> None:
    """Put ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def tidy(axes: "Axes", title: str, across: str, up: str) -> None:
    """Name the axes and leave out what carries no information."""
    axes.set_title(title)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.5)
