"""Requests that need more than ``--memory-mb`` leaves, one after another and many at once: ``python faults_memory.py``.

The server is given the least that it takes and 64 and 256 MB more. Each attack is answered (200, or refused by 4xx or 503);
after it a body of 12 MB and a small one must be answered, and the process must live.
"""

from __future__ import annotations

import http.client
import io
import json
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from client import Client
from record import record
from served_client import ROW, server

TABLES = "application/vnd.apache.{}"
FORM = 'multipart/form-data; boundary="b"'
PART = b'--b\r\ncontent-disposition: form-data; name="file"; filename="%b"\r\n\r\n%b\r\n--b--\r\n'
MANY = 24  # at once


def attacks() -> dict[str, tuple[str, str, bytes]]:
    """Path, content type and body of each."""
    row, mb12 = json.dumps(ROW).encode(), 12 * 10**6
    long = json.dumps({**ROW, "note": "y" * 1_500}).encode()
    table = pa.table({name: [value] * 400_000 for name, value in ROW.items()})
    texts = pa.table({"id": [1] * 100_000, "x": [0.5] * 100_000, "shop": ["y" * 2_000] * 100_000})
    csv = b"id,x,shop\n" + b"7,0.5,a\n" * (mb12 // 8)
    return {
        "12 MB, few rows of long texts": ("/predict", "", rows(long, mb12 // len(long))),
        "10,000 rows": ("/predict", "", rows(row, 10_000)),
        "12 MB of short rows": ("/predict", "", rows(row, mb12 // len(row))),
        "12 MB of lists in lists": ("/predict", "", b"[" + b"[]," * (mb12 // 3) + b"1]"),
        "12 MB of objects": ("/explain", "", rows(b'{"a":1}', mb12 // 8)),
        "12 MB of characters of four bytes": (
            "/predict",
            "",
            b'{"x": "' + "\U0001f600".encode() * 3_000_000 + b'"}',
        ),
        "12 MB that are no JSON": ("/predict", "", b'{"rows": [' + b"NaN," * (mb12 // 4)),
        "300 rows": ("/predict", "", rows(row, 300)),
        "1,000 what-ifs": ("/what-if", "", json.dumps({"row": ROW, "changes": [{"x": 1.0}] * 1_000}).encode()),
        "stream of a line of 12 MB": ("/predict/stream", "", b'{"x": "' + b"y" * mb12 + b'"}\n'),
        "Arrow, 400,000 rows": ("/predict/batch", TABLES.format("arrow.stream"), arrow(table)),
        "Parquet, 400,000 rows": ("/predict/batch", TABLES.format("parquet"), parquet(table)),
        "Parquet that unpacks to 200 MB": ("/predict/batch", TABLES.format("parquet"), parquet(texts)),
        "CSV of 12 MB by the page": ("/pages/batch", FORM, PART % (b"rows.csv", csv)),
        "Parquet of 200 MB by the page": ("/pages/batch", FORM, PART % (b"rows.parquet", parquet(texts))),
    }


def rows(row: bytes, n: int) -> bytes:
    return b'{"rows": [' + b",".join([row] * n) + b"]}"


def arrow(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, use_dictionary=False, compression="zstd")
    return sink.getvalue()


def asked(port: int, path: str, kind: str, body: bytes) -> str:
    """The status, or how the connection ended."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        connection.request("POST", path, body, {"content-type": kind} if kind else {})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        refused = b'"errors"' in text and b"more memory" in text
        return f"{answer.status}" + (" as a line" if refused and answer.status == 200 else "")
    except OSError as error:
        return type(error).__name__
    except http.client.HTTPException as error:
        return type(error).__name__


def attacked(port: int, path: str, kind: str, body: bytes, n: int) -> Counter[str]:
    """How so many were answered that came at once."""
    found: Counter[str] = Counter()

    def ask() -> None:
        found[asked(port, path, kind, body)] += 1

    threads = [threading.Thread(target=ask) for _ in range(n)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return found


def least(brief: Path) -> int:
    """Of --memory-mb, as the command tells it."""
    command = [sys.executable, "-m", "artificer", "serve", str(brief), "--port", "0", "--memory-mb", "1"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60).stderr
    found = re.search(r"name (\d+) or more", said)
    assert found, said
    return int(found[1])


def main() -> None:
    """All attacks; ends with 3 when a connection was cut, or a body was not answered afterwards."""
    with tempfile.TemporaryDirectory() as held:
        brief = Client(Path(held)).ask().ship().serve().brief
        needs, kinds, harm = least(brief), attacks(), 0
        _, _, long = kinds["12 MB, few rows of long texts"]
        for more in (64, 256):
            for name, attack in kinds.items():
                if sys.argv[1:] and not any(one in name for one in sys.argv[1:]):
                    continue
                with server(brief, "--memory-mb", needs + more) as (process, address):
                    port = int(address.rsplit(":", 1)[1])
                    one = attacked(port, *attack, 1)
                    many = attacked(port, *attack, MANY)
                    after = [asked(port, "/predict", "", body) for body in (long, json.dumps(ROW).encode())]
                    lives = process.poll() is None
                told = {
                    f"{n} at once": ", ".join(f"{k} × {status}" for status, k in sorted(found.items()))
                    for n, found in ((1, one), (MANY, many))
                }
                record("faults_memory", f"{name}; {more} MB more than the least", **told, after=after, lives=lives)
                harm += not lives or after != ["200", "200"] or any(not status[0].isdigit() for status in one | many)
    raise SystemExit(3 if harm else 0)


if __name__ == "__main__":
    main()
