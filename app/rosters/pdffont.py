"""The fonts that PDF files embed: an open one that comes with the service, before it those that an office names.

A character is set in the first font of the chain that has it. One that none has is refused by its code point: no file
shows an empty box in place of somebody's name.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError
from fpdf import FPDF
from fpdf.fonts import TTFFont

from app.config import FontFace, font_faces
from app.errors import ConfigurationError, MissingGlyphsError

_SIMPLIFIED_CHINESE_FACE = 2
"""Of the faces of the packaged collection."""
_MOST_NAMED = 10


def packaged_face() -> FontFace:
    """Noto Sans CJK, simplified Chinese (SIL Open Font License 1.1)."""
    # The package tells its place only when it is imported.
    import noto_cjk_sans_otc

    path = Path(noto_cjk_sans_otc.__file__).with_name("NotoSansCJK-Regular.ttc")
    return FontFace(path=path, number=_SIMPLIFIED_CHINESE_FACE)


def _characters_of(face: FontFace) -> frozenset[int]:
    """The code points that a face has glyphs for."""
    try:
        number = -1 if face.number is None else face.number
        # Opened here: where the library refuses a collection, it leaves its own file open.
        with face.path.open("rb") as stream, TTFont(stream, fontNumber=number, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except (TTLibError, OSError) as error:
        raise ConfigurationError(
            f"TOUYAN_PDF_FONT: {face.path.name} cannot be opened as a font; of a collection, name a face that it has, "
            "such as simsun.ttc#0 / 无法作为字体打开；字体集合须指定其中的序号，如 simsun.ttc#0"
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Characters that are set in one font, by its number in the chain."""

    font: int
    text: str


class FontChain:
    """The fonts of PDF files in the order in which they are asked for a character.

    Fonts that are named are opened at once, so that a process with a wrong setting does not start.
    """

    def __init__(self, setting: str | None = None) -> None:
        named = font_faces(setting or "")
        self._named_maps = tuple(_characters_of(face) for face in named)
        self.faces = (*named, packaged_face())

    @cached_property
    def _maps(self) -> tuple[frozenset[int], ...]:
        return (*self._named_maps, _characters_of(self.faces[-1]))

    def require_glyphs(self, texts: Iterable[str]) -> None:
        """Refuse texts with characters that no font has, naming their code points."""
        wanted = {ord(character) for text in texts for character in text if character != "\n"}
        missing = sorted(wanted.difference(*self._maps))
        if not missing:
            return
        named = ", ".join(f"U+{code:04X}" for code in missing[:_MOST_NAMED])
        named += " …" if len(missing) > _MOST_NAMED else ""
        raise MissingGlyphsError(
            f"No font has {len(missing)} of the characters ({named}); no PDF was made. Name a font that has them in"
            " TOUYAN_PDF_FONT, or take the xlsx file.",
            f"现有字体缺少 {len(missing)} 个字符（{named}），未生成 PDF。请在 TOUYAN_PDF_FONT 中指定"
            "含有这些字符的字体，或改用 xlsx 格式。",
        )

    def runs(self, text: str) -> Iterator[Run]:
        """The text in parts of one font each; every character is in the chain."""
        for font, characters in groupby(text, key=self._font_of):
            yield Run(font=font, text="".join(characters))

    def _font_of(self, character: str) -> int:
        code = ord(character)
        return next(number for number, known in enumerate(self._maps) if code in known)

    @contextmanager
    def of(self, pdf: FPDF) -> Iterator[None]:
        """Make the fonts known to a document as ``f0``, ``f1`` and so on; only what is used of them is embedded.

        Their files are open while the block runs, in which the document must be written.
        """
        try:
            for number, face in enumerate(self.faces):
                pdf.add_font(f"f{number}", fname=face.path, collection_font_number=face.number or 0)
            yield
        finally:
            for font in pdf.fonts.values():
                if isinstance(font, TTFFont):
                    font.ttfont.close()
