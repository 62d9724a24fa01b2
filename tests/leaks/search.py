"""Clear personal values that a test run makes, and the search for them where none may stand."""

import logging
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile, is_zipfile

import httpx
import orjson
from sqlalchemy import Connection, inspect, select, text

from app.crypto import PersonalDataCipher, WrongDataKeyError
from app.models import metadata
from app.services.privacy.columns import encrypted_columns

ID_NUMBER, PHONE, CLASS_A = "an ID number", "a phone", "a text of class A"
_NUMBERS = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|1[3-9]\d{9}|0\d{2,3}-\d{7,8})(?!\d)")
_NUMBERS_AMONG_IDS = re.compile(r"(?<![\w-])(?:\d{17}[\dXx]|1[3-9]\d{9}|0\d{2,3}-\d{7,8})(?![\w-])", re.ASCII)
_TAG = re.compile(r"<[^>]*>")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
COUNTED = ("lines", "answers", "files", "texts of files", "rows")
"""What is searched, as it is told at the end of a run."""
LONGEST_TEXT = 500
"""Longer than any remark: uploaded files and what was read of them are encrypted as well."""
SHORTEST_TEXT = 8
"""Shorter texts of class A ("x", "会议研究决定") stand in other places for other reasons."""
SEARCHED_TABLES = (
    "match_run",
    "match_share",
    "match_snapshot",
    "match_plan",
    "audit_event",
    "import_issue",
    "plan_repair",
    "export_job",
)
"""Our own tables in which no clear value may stand; those of people hold class C and D in clear."""
MOST_DECRYPTED = 300
"""Rows of a table whose values are learnt from a database: other processes wrote them."""


@dataclass(slots=True)
class Secrets:
    """The clear values that are known so far."""

    numbers: dict[str, str] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    _pattern: re.Pattern[str] | None = None

    def learn(self, value: str) -> None:
        """Keep the numbers inside a value, and a text of class A as a whole."""
        is_of_a_file = re.match(r"(?:\d+:)?[{[]", value) is not None
        if len(value) > LONGEST_TEXT and not is_of_a_file:
            return  # the bytes of a file
        # Among what was read of a file stand ids and checksums, of which some digits look like a phone.
        found = (_NUMBERS_AMONG_IDS if is_of_a_file else _NUMBERS).findall(value)
        for number in found:
            self.numbers[number.upper()] = ID_NUMBER if len(number) == 18 else PHONE
        if not found and not is_of_a_file and len(value) >= SHORTEST_TEXT and value not in self.texts:
            self.texts.add(value)
            self._pattern = None

    def kinds_in(self, content: str, *, with_texts: bool = True) -> set[str]:
        """Which kinds of known values stand in a text, also where JSON writes signs as escapes."""
        if "\\u" in content:
            content = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), content)
        kinds = {self.numbers[each.upper()] for each in _NUMBERS.findall(content) if each.upper() in self.numbers}
        if with_texts and self.texts:
            if self._pattern is None:
                self._pattern = re.compile("|".join(map(re.escape, sorted(self.texts))))
            if self._pattern.search(content):
                kinds.add(CLASS_A)
        return kinds


class Ear(logging.Handler):
    """Keeps every line that is logged, of every level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line as a file would hold it, with the trace of an exception."""
        self.lines.append((record.name, logging.Formatter().format(record)))


@dataclass(slots=True)
class Search:
    """What is searched during one test; ``findings`` name the source and the kind, never the value."""

    secrets: Secrets = field(default_factory=Secrets)
    ear: Ear = field(default_factory=Ear)
    answers: list[tuple[str, str, bool]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    """Those whose values are known: databases of tests are copies, with the same people in them."""
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    files: list[tuple[str, str]] = field(default_factory=list)

    def hear_answer(self, response: httpx.Response) -> None:
        """Keep what an answer says: all of it where numbers are concerned, its refusals for texts too."""
        if not hasattr(response, "_content"):
            return  # a stream that nobody has read
        path = response.request.url.path
        if path.startswith("/exports/") and response.status_code < 400:
            self.hear_file("file of /exports", response.content)
            return
        body = response.content.decode("utf-8", errors="replace")
        if response.status_code >= 400 or path == "/metrics":
            self.answers.append((f"HTTP body of {path}", body, True))
            return
        # A reveal answers with the value; that is what it is for.
        if b"revealPersonalData" not in _sent(response.request):
            self.answers.append((f"HTTP body of {path}", body, False))
        self.answers += [(f"refusal of {path}", each, True) for each in _refusals(body)]

    def hear_message(self, path: str, message: str | bytes) -> None:
        """Keep what the server says over a socket, or as an event of a stream: as an answer, its refusals as such."""
        body = message.decode("utf-8", errors="replace") if isinstance(message, bytes) else message
        if "revealPersonalData" not in body:
            self.answers.append((f"message of {path}", body, False))
        for line in body.splitlines():
            self.answers += [(f"refusal of {path}", each, True) for each in _refusals(line.removeprefix("data:"))]

    def hear_file(self, source: str, content: bytes) -> None:
        """Keep the texts of a file that was handed out: whatever its level, it shows no number whole."""
        self.files += [(source, each) for each in texts_of_file(content)]

    def findings(self) -> list[str]:
        """What stands in lines and answers kept so far; they are let go."""
        lines, self.ear.lines = self.ear.lines, []
        answers, self.answers = self.answers, []
        self.counts["lines"] += len(lines)
        self.counts["answers"] += len(answers)
        found = [f"log of {name}: {kind}" for name, line in lines for kind in self.secrets.kinds_in(line)]
        for source, content, with_texts in answers:
            found += [f"{source}: {kind}" for kind in self.secrets.kinds_in(content, with_texts=with_texts)]
        files, self.files = self.files, []
        self.counts["texts of files"] += len(files)
        return found + [f"{source}: {kind}" for source, content in files for kind in self._kinds_in_file(content)]

    def _kinds_in_file(self, content: str) -> set[str]:
        """Known values, and every number that looks like one: a file may hold people of whom nothing was encrypted."""
        looks = {ID_NUMBER if len(each) == 18 else PHONE for each in _NUMBERS.findall(content)}
        return looks | self.secrets.kinds_in(content)

    def findings_in_files(self, folder: Path) -> list[str]:
        """What stands in the log files of processes."""
        found: list[str] = []
        for path in sorted(folder.rglob("*.log")):
            self.counts["files"] += 1
            content = path.read_text(encoding="utf-8", errors="replace")
            found += [f"log file {path.name}: {kind}" for kind in self.secrets.kinds_in(content)]
        return found

    def findings_in_tables(self, connection: Connection) -> list[str]:
        """What stands in the tables of the job engine, of runs and of the audit trail."""
        found: set[str] = set()
        for name in _searched_tables(connection):
            for row in connection.execute(text(f"SELECT * FROM {name}")):
                self.counts["rows"] += 1
                for column, value in row._mapping.items():
                    kinds = self._kinds_in_value(value) if value is not None else set()
                    found |= {f"table {name}.{column}: {kind}" for kind in kinds}
        return sorted(found)

    def _kinds_in_value(self, value: object) -> set[str]:
        if isinstance(value, memoryview):
            value = value.tobytes()
        if isinstance(value, bytes) and is_zipfile(BytesIO(value)):
            return {kind for each in texts_of_file(value) for kind in self._kinds_in_file(each)}
        return self.secrets.kinds_in(_readable(value))

    def learn_from(self, connection: Connection, ciphers: Iterable[PersonalDataCipher]) -> None:
        """Learn the values that a database holds, also those that other processes wrote."""
        keys = list(ciphers)
        inspector = inspect(connection)
        present = {name: {each["name"] for each in inspector.get_columns(name)} for name in inspector.get_table_names()}
        for table, columns in encrypted_columns().items():
            # A test of migrations may have left the tables of an older release.
            known = [each.column for each in columns if each.column.name in present.get(table.name, ())]
            if known:
                for row in connection.execute(select(*known).limit(MOST_DECRYPTED)):
                    for token in row:
                        if token is not None and token not in self.tokens:
                            self._learn_token(token, keys)

    def _learn_token(self, token: str, ciphers: list[PersonalDataCipher]) -> None:
        for cipher in ciphers:
            try:
                self.secrets.learn(cipher.decrypt(token))
            except WrongDataKeyError:
                continue
            self.tokens.add(token)
            return


def _sent(request: httpx.Request) -> bytes:
    return request.content if hasattr(request, "_content") else b""


def _refusals(body: str) -> Iterator[str]:
    """The errors and user errors of a GraphQL answer."""
    try:
        answer: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    if isinstance(answer, dict) and "payload" in answer:
        # A message of graphql-transport-ws: the answer inside, or the errors alone.
        answer = {"errors": answer["payload"]} if isinstance(answer["payload"], list) else answer["payload"]
    if not isinstance(answer, dict):
        return
    yield from (orjson.dumps(error).decode() for error in answer.get("errors") or ())
    for payload in (answer.get("data") or {}).values():
        if isinstance(payload, dict):
            yield from (orjson.dumps(error).decode() for error in payload.get("userErrors") or ())


def texts_of_file(content: bytes) -> list[str]:
    """What can be read in a file: each part of a workbook without its tags, or the lines of a text."""
    if not is_zipfile(BytesIO(content)):
        return [content.decode("utf-8", errors="replace")]
    with ZipFile(BytesIO(content)) as archive:
        parts = [archive.read(name).decode("utf-8", errors="replace") for name in archive.namelist()]
    # Also what stands in attributes, and texts that are cut into runs.
    return [each for part in parts for each in (unescape(_TAG.sub("\n", part)), unescape(_TAG.sub("", part)))]


def _searched_tables(connection: Connection) -> list[str]:
    """Those of the job engine, wherever they stand, and ours that hold no people."""
    inspector = inspect(connection)
    ours = set(metadata.tables)
    names = [name for name in inspector.get_table_names() if name in SEARCHED_TABLES or name not in ours]
    schemas = [name for name in inspector.get_schema_names() if name.startswith("dbos")]
    return names + [f'"{schema}"."{name}"' for schema in schemas for name in inspector.get_table_names(schema=schema)]


def _readable(value: object) -> str:
    """A value as text; contents that are compressed are opened."""
    if isinstance(value, memoryview):
        value = value.tobytes()
    if isinstance(value, bytes):
        with suppress(zlib.error):
            value = zlib.decompress(value)
        return value.decode("utf-8", errors="replace")
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return str(value)
