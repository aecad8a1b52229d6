"""The text that Postgres would read a JSON value from."""

import msgspec


def text_of(value: object) -> str:
    """Strings bare, everything else as its JSON text."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
