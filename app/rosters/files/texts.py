"""Texts inside the XML of a workbook: the list that cells refer to by number, and those that stand in cells."""

from dataclasses import dataclass, field

from openpyxl.utils.escape import unescape

from app.rosters.files.package import Package, TooLargeError
from app.rosters.files.raw import cleaned

MAX_SHARED_TEXTS = 500_000
MAX_SHARED_CHARACTERS = 20_000_000
"""As many as all cells may hold."""
MAX_TEXT = 40_000
"""Characters of one cell; spreadsheet programs allow 32,767."""


@dataclass(slots=True)
class TextReader:
    """Collects the pieces of texts: ``t`` of a shared or inline text, but not its reading aids."""

    pieces: list[str] = field(default_factory=list)
    n_characters: int = 0
    is_open: bool = False
    is_aid: bool = False

    def start(self, tag: str) -> None:
        """A tag inside a text begins."""
        if tag == "rPh":
            self.is_aid = True
        elif tag == "t":
            self.is_open = not self.is_aid

    def end(self, tag: str) -> None:
        """A tag inside a text ends."""
        if tag == "rPh":
            self.is_aid = False
        elif tag == "t":
            self.is_open = False

    def add(self, text: str) -> None:
        """Characters of the document."""
        if self.is_open:
            self.n_characters += len(text)
            if self.n_characters > MAX_TEXT:
                raise TooLargeError("text")
            self.pieces.append(text)

    def take(self) -> str:
        """The whole text, cleaned; the reader is empty afterwards."""
        text = cleaned(unescape("".join(self.pieces)))
        self.pieces, self.n_characters, self.is_open, self.is_aid = [], 0, False, False
        return text


def read_shared_texts(package: Package, part: str) -> list[str]:
    """The texts that cells refer to by number."""
    texts: list[str] = []
    n_characters = 0
    reader = TextReader()

    def start(tag: str, _attributes: dict[str, str]) -> None:
        reader.start(tag)

    def end(tag: str) -> None:
        nonlocal n_characters
        reader.end(tag)
        if tag == "si":
            texts.append(reader.take())
            n_characters += len(texts[-1])
            if len(texts) > MAX_SHARED_TEXTS or n_characters > MAX_SHARED_CHARACTERS:
                raise TooLargeError("texts")

    package.parse(part, start=start, end=end, text=reader.add)
    return texts
