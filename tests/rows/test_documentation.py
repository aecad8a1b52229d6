"""The examples of docs/rows-api.md, run in their order on the library: what the page says is what is answered."""

import json
import re
import shlex
from pathlib import Path

from starlette.testclient import TestClient

PAGE = Path(__file__).parents[2] / "docs" / "rows-api.md"
EXAMPLE = re.compile(r"```sh\n(curl .*?)```\n```(json|csv|http)\n(.*?)```", re.DOTALL)


def run(client: TestClient, command: str) -> tuple[int, dict[str, str], str]:
    """Do what curl would do."""
    words = shlex.split(command.replace("\\\n", " ").replace("$API", "API"))
    method, headers, body, path = "GET", {}, None, ""
    position = 1
    while position < len(words):
        word = words[position]
        if word in ("-H", "-X", "-d"):
            position += 1
            value = words[position]
            if word == "-X":
                method = value
            elif word == "-d":
                body, method = value, method if method != "GET" else "POST"
            elif value != "$AUTH":
                name, _, text = value.partition(":")
                headers[name] = text.strip()
        elif word != "-i":
            path = word
        position += 1
    response = client.request(method, path.removeprefix("API/"), headers=headers, content=body)
    return response.status_code, dict(response.headers), response.text


def test_the_examples_answer_as_written(library: TestClient) -> None:
    examples = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    assert len(examples) == 17
    for command, kind, wanted in examples:
        status, headers, text = run(library, command)
        if kind == "json":
            assert json.loads(text) == json.loads(wanted), command
        elif kind == "csv":
            assert text == wanted, command
        else:
            head, _, body = wanted.partition("\n\n")
            first, *lines = head.strip().splitlines()
            assert first == f"HTTP/1.1 {status}", command
            for line in lines:
                name, _, value = line.partition(": ")
                assert headers[name.lower()] == value, command
            assert text == body.strip(), command
