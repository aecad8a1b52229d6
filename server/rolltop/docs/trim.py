"""The document as one caller may use it: operations that need other rights are left out, and what only they used."""

from collections.abc import Iterator
from typing import Any

from rolltop.auth import Grant

JSONObject = dict[str, Any]

METHODS = ("get", "put", "post", "patch", "delete")


def operations(document: JSONObject) -> Iterator[tuple[str, str, JSONObject]]:
    """Each operation with its path and method."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


WHOLE = "x-rolltop-whole"
"""Marks an operation that is only for callers who may use every table, column and row."""


def trimmed(document: JSONObject, grant: Grant) -> JSONObject:
    """`document` without the operations that a caller with `grant` may not use."""
    paths: JSONObject = {}
    for path, method, operation in operations(document):
        if _needed(document, operation) <= grant.scopes and not (grant.limits and operation.get(WHOLE)):
            paths.setdefault(path, {})[method] = operation
    kept = document | {"paths": paths}
    used = {tag for _, _, operation in operations(kept) for tag in operation["tags"]}
    components = document["components"]
    return kept | {
        "tags": [tag for tag in document["tags"] if tag["name"] in used],
        "components": components | {"schemas": _reached(paths, components["schemas"])},
    }


def _needed(document: JSONObject, operation: JSONObject) -> set[str]:
    """The scopes that each way of signing in must bring; all ways name the same."""
    ways = operation["security"] if "security" in operation else document["security"]
    return {scope for way in ways for scopes in way.values() for scope in scopes}


_ALWAYS = ("Error",)  # of which the tables speak, too


def _reached(paths: JSONObject, schemas: JSONObject) -> JSONObject:
    """The schemas that the paths refer to, directly or through others."""
    found: set[str] = set()
    waiting = [*_ALWAYS, *_referred(paths)]
    while waiting:
        name = waiting.pop()
        if name not in found and name in schemas:
            found.add(name)
            waiting += _referred(schemas[name])
    return {name: schema for name, schema in schemas.items() if name in found}


def _referred(value: Any) -> Iterator[str]:
    """The names of the schemas that `value` refers to."""
    if isinstance(value, dict):
        target = value.get("$ref")
        if isinstance(target, str):
            yield target.removeprefix("#/components/schemas/")
        for inner in value.values():
            yield from _referred(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _referred(inner)
