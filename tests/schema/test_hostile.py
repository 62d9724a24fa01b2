"""Hostile requests against a real server: none is a fault, and afterwards it answers as fast as before."""

import json
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import httpx
import psutil
import pytest

from tests.jobs.machine import Machine, machine
from tests.servers import opened

pytestmark = [pytest.mark.slow, pytest.mark.alone]

SOON_S = 0.1
MOST_MIB = 120
"""What the server may grow by, of which a part is caches that fill once."""
ROLE = "{ viewer { role } }"
POST = (
    "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\nConnection: close\r\n\r\n"
)


@pytest.fixture(scope="module")
def office(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("hostile")
    path = folder / "touyan.db"
    shutil.copyfile(sqlite_template, path)
    database = opened(f"sqlite:///{path}")
    with machine(database, folder, n_candidates=2) as made:
        made.server()
        yield made
    database.dispose()


def exchange(office: Machine, request: bytes, *, timeout_s: float = 30.0) -> bytes:
    """What the server says to the bytes of a request."""
    with socket.create_connection(("127.0.0.1", office.port), timeout=timeout_s) as line:
        said = b""
        try:
            line.sendall(request)
            while part := line.recv(65_536):
                said += part
        except (ConnectionResetError, BrokenPipeError):
            pass  # it answered, or closed, before all was sent
    return said


def post(office: Machine, body: bytes) -> bytes:
    head = POST.format(token=office.token, length=len(body)).encode()
    return exchange(office, head + body)


def status_of(said: bytes) -> int:
    """The status of an answer; 0 where the server only closed the connection."""
    return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/") else 0


def answers_soon(office: Machine) -> None:
    """A normal query is answered within the tenth of a second, at the fifth attempt at the latest."""
    normal = query("{ viewer { role } reserveCandidates(first: 2) { nodes { person { name } } } }")
    times = []
    for _ in range(5):
        started = time.perf_counter()
        answer = post(office, normal)
        times.append(time.perf_counter() - started)
        assert status_of(answer) == 200
        assert b"errors" not in answer
        if times[-1] <= SOON_S:
            return
    raise AssertionError(f"answered after {times} s")


def memory_mib(office: Machine) -> float:
    return float(psutil.Process(office.processes[0].popen.pid).memory_info().rss / 2**20)


def query(text: str, **rest: object) -> bytes:
    return json.dumps({"query": text, **rest}).encode()


CHAIN = "".join(f" fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(200))
TWICE = "".join(f" fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(150))
WIDE = "".join(f" fragment g{n} on Cadre {{ name division {{ code }} }}" for n in range(90))
BODIES: dict[str, bytes] = {
    "number": b"1",
    "null": b"null",
    "text": b'"query"',
    "true": b"true",
    "list": b"[]",
    "batch": b"[" + query(ROLE) + b"," + query(ROLE) + b"]",
    "empty": b"",
    "blank": b"  \n",
    "truncated": query(ROLE)[:-3],
    "truncated in a text": b'{"query": "{ viewer',
    "two objects": query(ROLE) + query(ROLE),
    "not UTF-8": b'{"query": "\xff\xfe"}',
    "UTF-16": query(ROLE).decode().encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf" + query(ROLE),
    "lone surrogate": b'{"query": "\\ud800"}',
    "NUL in the document": b'{"query": "{ viewer { role } } # \\u0000"}',
    "NUL in a variable": query(ROLE, variables={"a": "b\0"}),
    "no query": b"{}",
    "query null": b'{"query": null}',
    "query a list": b'{"query": ["a"]}',
    "variables a text": query(ROLE, variables="{}"),
    "variables a list": query(ROLE, variables=[1]),
    "extensions a number": query(ROLE, extensions=1),
    "name an object": query(ROLE, operationName={}),
    "unknown operation": query(ROLE, operationName="Other"),
    "NaN": b'{"query": "{ viewer { role } }", "variables": {"a": NaN}}',
    "huge number": b'{"query": "{ viewer { role } }", "variables": {"a": ' + b"9" * 5_000 + b"}}",
    "huge exponent": query("query($n: Int) { cadres(first: $n) { totalCount } }", variables={"n": 1e300}),
    "nested lists": b"[" * 100_000,
    "nested objects": b'{"a":' * 50_000,
    "nested variables": query(
        ROLE, variables=json.loads("[" * 900 + "]" * 900) and {"a": json.loads("[" * 900 + "]" * 900)}
    ),
    "a syntax error": query("{ viewer { role }"),
    "unfinished text": query('{ cadre(code: "'),
    "only a comment": query("# nothing"),
    "only a fragment": query("fragment a on Query { viewer { role } }"),
    "a type": query("type Query { a: Int }"),
    "unknown field": query("{ nothing }"),
    "unknown directive": query("{ viewer @nothing { role } }"),
    "a subscription": query('subscription { matchRunProgress(runId: "x") { offset } }'),
    "two operations": query("query A { viewer { role } } query B { viewer { role } }"),
    "90,000 tokens": query("{" + " viewer" * 90_000 + "}"),
    "10,000 aliases": query("{" + " ".join(f"a{n}: viewer {{ role }}" for n in range(10_000)) + "}"),
    "10,000 directives": query("{ viewer " + "@skip(if: true) " * 10_000 + "{ role } }"),
    "deep selections": query("{" + "a{" * 10_000 + "b" + "}" * 10_000 + "}"),
    "selections as deep as tokens allow": query("{" + "viewer{" * 600 + "role" + "}" * 600 + "}"),
    "deep inline fragments": query("{" + "...{" * 600 + "viewer{role}" + "}" * 600 + "}"),
    "deep list": query("{ node(id: " + "[" * 900 + "]" * 900 + ") { id } }"),
    "deep object": query("{ node(id: " + "{a:" * 450 + "1" + "}" * 450 + ") { id } }"),
    "deep type": query("query($a: " + "[" * 900 + "Int" + "]" * 900 + ") { viewer { role } }"),
    "fragment inside itself": query("{ ...A } fragment A on Query { ...A }"),
    "cycle of two fragments": query("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"),
    "cycle of many fragments": query("{ ...f0 }" + CHAIN + " fragment f200 on Query { ...f0 }"),
    "chain of fragments": query("{ ...f0 }" + CHAIN + " fragment f200 on Query { viewer { role } }"),
    "doubling fragments": query("{ ...f0 }" + TWICE + " fragment f150 on Query { viewer { role } }"),
    "fields merged ninety times": query(
        "{ cadres { nodes {" + " ".join(f"...g{n}" for n in range(90)) + "} } }" + WIDE
    ),
    "fan out": query(
        "{ divisions(first: 200) { nodes { ... on County { townships { villages { reserveCandidates { "
        "village { reserveCandidates { id } } } } } } } } }"
    ),
    "450 arguments": query("{ node(" + " ".join(f"a{n}: 1" for n in range(450)) + ") { id } }"),
    "450 variables": query("query(" + " ".join(f"$a{n}: Int" for n in range(450)) + ") { viewer { role } }"),
    "101 ids": query("query($i: [ID!]!) { nodes(ids: $i) { id } }", variables={"i": ["x"] * 101}),
    "a foreign cursor": query('{ cadres(after: "AAAA") { totalCount nodes { id } } }'),
}
RAW: dict[str, bytes] = {
    "garbage": b"\x00\x01\x02\xff" * 100 + b"\r\n\r\n",
    "another protocol": b"SSH-2.0-client\r\n\r\n",
    "no version": b"GET /graphql\r\n\r\n",
    "negative length": b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\nConnection: close\r\n\r\n",
    "length no number": b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\nConnection: close\r\n\r\n",
    "bad chunk": b"POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
    "long address": b"GET /graphql?query=" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "long header": b"GET /graphql HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 200_000 + b"\r\nConnection: close\r\n\r\n",
    "bad escapes": b"GET /graphql?query=%zz%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "climbing path": b"GET /exports/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "wrong upgrade": b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 99\r\nSec-WebSocket-Key: x\r\n\r\n",
}


def test_no_hostile_request_is_a_fault_and_none_slows_the_next_one_down(office: Machine) -> None:
    assert len(BODIES) + len(RAW) >= 40
    answers_soon(office)
    before = memory_mib(office)
    statuses: dict[str, int] = {}
    for name, body in BODIES.items():
        said = post(office, body)
        statuses[name] = status_of(said)
        assert b"INTERNAL" not in said, name
        answers_soon(office)
    for name, request in RAW.items():
        statuses[name] = status_of(exchange(office, request))
        answers_soon(office)
    assert {name: status for name, status in statuses.items() if status >= 500} == {}
    refused = {name for name, status in statuses.items() if 400 <= status < 500}
    assert {"number", "null", "truncated", "not UTF-8", "nested variables", "batch", "empty"} <= refused
    assert memory_mib(office) - before < MOST_MIB


def test_hostile_addresses_are_no_fault(office: Machine) -> None:
    for variables in ("{", "[]", "5", "null", '{"a":' * 300, quote("\0")):
        url = f"http://127.0.0.1:{office.port}/graphql?query={quote(ROLE)}&variables={quote(variables)}"
        headers = {"Authorization": f"Bearer {office.token}", "graphql-require-preflight": "1"}
        assert httpx.get(url, headers=headers).status_code < 500
    answers_soon(office)


def test_a_body_of_fifty_megabytes_is_refused_before_it_is_read(office: Machine) -> None:
    before = memory_mib(office)
    body = b'{"query": "' + b"a" * 50_000_000 + b'"}'
    said = post(office, body)
    assert status_of(said) in (413, 0)
    answers_soon(office)
    assert memory_mib(office) - before < 30


def test_a_body_that_hardly_comes_holds_nobody_up(office: Machine) -> None:
    head = POST.format(token=office.token, length=1_000).encode()
    with ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection(("127.0.0.1", office.port))) for _ in range(50)]
        for line in lines:
            line.sendall(head + b"{")
        started = time.monotonic()
        while time.monotonic() - started < 12:
            for line in lines:
                try:
                    line.sendall(b" ")
                except OSError:
                    continue  # it was refused
            answers_soon(office)
            time.sleep(0.5)
        for line in lines:
            line.settimeout(5)
            assert status_of(line.recv(4_096)) == 408


def test_a_thousand_idle_sockets_hold_nobody_up_and_are_closed(office: Machine) -> None:
    before = memory_mib(office)
    handshake = (
        b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    with ExitStack() as stack:
        lines = []
        for _ in range(1_000):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", office.port), timeout=30))
            line.sendall(handshake)
            lines.append(line)
        for line in lines:
            assert line.recv(4_096).startswith(b"HTTP/1.1 101")
        answers_soon(office)
        assert memory_mib(office) - before < MOST_MIB
        # None of them has said who it is: after ten seconds each is closed with the code for that.
        for line in lines:
            assert line.recv(4_096)[2:4] == (4408).to_bytes(2, "big")
    answers_soon(office)
