"""The examples of docs/schema.md, run in their order: what the page says is in what is answered."""

import json
import re
import shlex
from pathlib import Path

from starlette.testclient import TestClient

PAGE = Path(__file__).parents[2] / "docs" / "schema.md"
EXAMPLE = re.compile(r"```sh\n(curl .*?)```\n```json\n(.*?)```", re.DOTALL)
ROWS = [{"title": "Metropolis", "minutes": "153"}, {"title": "Faust", "minutes": "two hours"}]


def test_the_examples_answer_as_written(client: TestClient) -> None:
    examples = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    assert len(examples) == 4
    for command, wanted in examples:
        words = shlex.split(command)
        address = next(word for word in words if word.startswith("$API"))
        answer = client.post(address.replace("$API", "/api/collections"), json=json.loads(words[words.index("-d") + 1]))
        expected = json.loads(wanted)
        assert {key: answer.json()[key] for key in expected} == expected, command
        if answer.status_code == 201:
            assert client.post("/rest/v1/films", json=ROWS).status_code == 201
