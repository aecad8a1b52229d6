"""What was acknowledged survives `kill -9`; what was not took effect wholly or not at all."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rolltop.data import Data

WRITER = """
import os, sys, threading
from pathlib import Path
from rolltop.data import Data

data = Data.open(Path(sys.argv[1]))
first = int(sys.argv[2])

def write(lane):
    number = first + lane * 1_000_000
    while True:
        def pair(connection):
            connection.execute("INSERT INTO t VALUES (?, 'one')", (number,))
            connection.execute("INSERT INTO t VALUES (?, 'two')", (-number,))
        data.submit(pair).result()
        os.write(1, f"{number}\\n".encode())
        number += 1

threads = [threading.Thread(target=write, args=(lane,)) for lane in range(4)]
for thread in threads:
    thread.start()
"""


@pytest.mark.parametrize("seed", range(3))
def test_acknowledged_writes_survive(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "data.db"
    data = Data.open(path)
    data.submit(lambda connection: connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, part TEXT)")).result()
    data.close()
    chance = random.Random(seed)
    acknowledged: set[int] = set()
    for round_number in range(3):
        command = [sys.executable, "-c", WRITER, str(path), str(1 + round_number * 100_000)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            wanted = chance.randint(20, 200)
            for line in process.stdout:
                acknowledged.add(int(line))
                if len(acknowledged) % wanted == 0:
                    break
            process.kill()
            acknowledged |= {int(line) for line in process.stdout if line.endswith("\n")}
        started = time.monotonic()
        data = Data.open(path)
        assert time.monotonic() - started < 10
        kept = {row[0] for row in data.read_now("SELECT id FROM t")}
        assert acknowledged <= kept
        assert {-number for number in kept} == kept
        assert data.read_now("PRAGMA integrity_check") == [("ok",)]
        data.close()
    assert len(acknowledged) > 50
