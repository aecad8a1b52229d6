"""How names are written into SQL."""


def quote(name: str) -> str:
    """The identifier `name` in double quotes, whatever it contains: a name from the catalog or one made by us."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """The SQL string literal of `text`: for JSON keys and the like that belong to a statement's shape."""
    return "'" + text.replace("'", "''") + "'"
