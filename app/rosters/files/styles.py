"""The styles of a workbook, as far as they say how a cell is read: number formats, fills, colours, lines through."""

from dataclasses import dataclass, field

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format

from app.rosters.files.package import DamagedError, Package

MAX_STYLES = 66_000
"""Spreadsheet programs allow 65,490."""
_MAX_FORMAT = 1_000
_CHINESE_FORMATS = {
    27: 'yyyy"年"m"月"', 28: 'm"月"d"日"', 29: 'm"月"d"日"', 30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"',
    32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"', 34: '上午/下午h"时"mm"分"', 35: '上午/下午h"时"mm"分"ss"秒"',
    36: 'yyyy"年"m"月"', 50: 'yyyy"年"m"月"', 51: 'm"月"d"日"', 52: 'yyyy"年"m"月"', 53: 'm"月"d"日"',
    54: 'm"月"d"日"', 55: '上午/下午h"时"mm"分"', 56: '上午/下午h"时"mm"分"ss"秒"', 57: 'yyyy"年"m"月"',
    58: 'm"月"d"日"',
}  # fmt: skip
"""Formats that Chinese programs know by number and do not write down (ECMA-376 part 1, 18.8.30, zh-cn): 57 is what a
month typed as 1985-6 gets."""
_WHITE = frozenset({("rgb", "FFFFFFFF"), ("rgb", "00FFFFFF"), ("theme", "0"), ("indexed", "9"), ("indexed", "1")})
_BLACK = frozenset({("rgb", "FF000000"), ("rgb", "00000000"), ("theme", "1"), ("indexed", "8"), ("indexed", "0")})
_AUTOMATIC = frozenset({("indexed", "64"), ("indexed", "65"), ("auto", "1")})

Colour = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How cells of one style are shown."""

    number_format: str = "General"
    look: int = 0
    is_date: bool = False
    is_duration: bool = False


@dataclass(slots=True)
class Looks:
    """Numbers for what cells look like; 0 is black on white."""

    _numbers: dict[tuple[object, ...], int] = field(default_factory=dict)

    def number(self, fill: object, font: object, *, is_struck: bool) -> int:
        """The number of a look; ``None`` is the ordinary fill or colour of the font."""
        if fill is None and font is None and not is_struck:
            return 0
        return self._numbers.setdefault((fill, font, is_struck), len(self._numbers) + 1)


def format_of(number: int) -> str:
    """The number format that programs know by this number without its being written down."""
    return _CHINESE_FORMATS.get(number) or BUILTIN_FORMATS.get(number, "General")


def style_of(number_format: str, look: int) -> Style:
    """The style of a number format."""
    is_date = is_date_format(number_format)
    return Style(
        number_format=number_format,
        look=look,
        is_date=is_date,
        is_duration=is_date and is_timedelta_format(number_format),
    )


def read_styles(package: Package, part: str) -> list[Style]:
    """The styles that cells refer to by number; raises ``DamagedError`` for what no program writes."""
    reader = _StyleReader()
    package.parse(part, start=reader.start, end=reader.end)
    looks = Looks()
    return [
        style_of(reader.formats.get(number) or format_of(number),
                 looks.number(reader.fill(fill), *reader.font(font)[:1], is_struck=reader.font(font)[1]))
        for number, font, fill in reader.styles
    ]  # fmt: skip


@dataclass(slots=True)
class _StyleReader:
    """Collects number formats, fonts, fills and the list of cell styles; what stands in other lists is left out."""

    formats: dict[int, str] = field(default_factory=dict)
    fonts: list[tuple[Colour | None, bool]] = field(default_factory=list)
    fills: list[Colour | None] = field(default_factory=list)
    styles: list[tuple[int, int, int]] = field(default_factory=list)
    _path: list[str] = field(default_factory=list)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A tag begins."""
        self._path.append(tag)
        match self._path[1:]:
            case ["numFmts", "numFmt"]:
                self.formats[_number(attributes, "numFmtId")] = attributes.get("formatCode", "General")[:_MAX_FORMAT]
            case ["fonts", "font"]:
                self.fonts.append((None, False))
            case ["fonts", "font", "color"]:
                self.fonts[-1] = (_colour(attributes, _BLACK), self.fonts[-1][1])
            case ["fonts", "font", "strike"]:
                self.fonts[-1] = (self.fonts[-1][0], attributes.get("val", "1") not in ("0", "false"))
            case ["fills", "fill"]:
                self.fills.append(None)
            case ["fills", "fill", "gradientFill"]:
                self.fills[-1] = (("gradient", ""),)
            case ["fills", "fill", "patternFill"]:
                kind = attributes.get("patternType", "none")
                self.fills[-1] = None if kind == "none" else (("pattern", kind),)
            case ["fills", "fill", "patternFill", "fgColor"] if self.fills[-1] == (("pattern", "solid"),):
                self.fills[-1] = _colour(attributes, _WHITE)
            case ["cellXfs", "xf"]:
                self.styles.append(
                    (_number(attributes, "numFmtId"), _number(attributes, "fontId"), _number(attributes, "fillId"))
                )
        if max(len(self.formats), len(self.fonts), len(self.fills), len(self.styles)) > MAX_STYLES:
            raise DamagedError("styles")

    def end(self, _tag: str) -> None:
        """A tag ends."""
        self._path.pop()

    def fill(self, number: int) -> Colour | None:
        """What the fill of this number looks like."""
        return self.fills[number] if 0 <= number < len(self.fills) else None

    def font(self, number: int) -> tuple[Colour | None, bool]:
        """The colour of the font of this number, and whether it is struck through."""
        return self.fonts[number] if 0 <= number < len(self.fonts) else (None, False)


def _number(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise DamagedError(name)
    return int(text)


def _colour(attributes: dict[str, str], ordinary: frozenset[tuple[str, str]]) -> Colour | None:
    """A colour as it is named, ``None`` for the ordinary one."""
    colour = tuple(sorted((name, value.upper()) for name, value in attributes.items() if name != "tint"))
    tint = attributes.get("tint", "0")
    if not colour or colour[0] in _AUTOMATIC or (colour[0] in ordinary and tint in ("0", "0.0")):
        return None
    return (*colour, ("tint", tint))
