"""Every filter method of supabase-js and postgrest-py, held against the same condition in SQL."""

from collections.abc import Callable
from typing import Any

from tests.client.real import Case, Clients, every
from tests.rows.test_page_tables import table

Filtered = Callable[[Any], Any]


def on(table: str, key: str, js: str | None, python: Filtered | None, condition: str) -> Case:
    """The rows of a table that a method chooses, and those that the condition chooses."""
    return Case(
        name=f"{table} {condition}",
        js=js and f'db.from("{table}").select("{key}").order("{key}"){js}',
        python=python and (lambda db: python(db.from_(table).select(key).order(key))),
        sql=f"SELECT {key} FROM {table} WHERE {condition} ORDER BY {key}",
    )


def tracks(js: str | None, python: Filtered | None, condition: str) -> Case:
    return on("Track", "TrackId", js, python, condition)


def gear(js: str | None, python: Filtered | None, condition: str) -> Case:
    return on("gear", "id", js, python, condition)


def has(column: str, value: str) -> str:
    """The condition that a JSON array holds a text."""
    return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = '{value}')"


COMPARISONS = [
    tracks('.eq("AlbumId", 1)', lambda q: q.eq("AlbumId", 1), "AlbumId = 1"),
    tracks('.neq("MediaTypeId", 1)', lambda q: q.neq("MediaTypeId", 1), "MediaTypeId <> 1"),
    tracks('.gt("Milliseconds", 2e6)', lambda q: q.gt("Milliseconds", 2000000), "Milliseconds > 2000000"),
    tracks('.gte("TrackId", 3500)', lambda q: q.gte("TrackId", 3500), "TrackId >= 3500"),
    tracks('.lt("Bytes", 200000)', lambda q: q.lt("Bytes", 200_000), "Bytes < 200000"),
    tracks('.lte("UnitPrice", 0.99)', lambda q: q.lte("UnitPrice", 0.99), "UnitPrice <= 0.99"),
    gear('.eq("in_stock", true)', lambda q: q.eq("in_stock", True), "in_stock = 1"),
    gear('.lt("made", "1970-12-01")', lambda q: q.lt("made", "1970-12-01"), "made < '1970-12-01'"),
    gear('.eq("name", \'Snare, 14"\')', lambda q: q.eq("name", 'Snare, 14"'), "name = 'Snare, 14\"'"),
    gear('.eq("name", "Ünikat")', lambda q: q.eq("name", "Ünikat"), "name = 'Ünikat'"),
    tracks('.is("Composer", null)', lambda q: q.is_("Composer", None), "Composer IS NULL"),
    gear('.is("in_stock", false)', lambda q: q.is_("in_stock", False), "in_stock IS FALSE"),
    gear('.is("in_stock", null)', lambda q: q.is_("in_stock", "null"), "in_stock IS NULL"),
    gear('.isDistinct("price", 900)', lambda q: q.filter("price", "isdistinct", "900"), "price IS NOT 900"),
    gear('.isDistinct("in_stock", true)', None, "in_stock IS NOT TRUE"),
    tracks('.in("AlbumId", [1, 3, 3])', lambda q: q.in_("AlbumId", [1, 3, 3]), "AlbumId IN (1, 3)"),
    tracks(
        '.in("TrackId", Array.from({ length: 6000 }, (_, i) => 2 * i + 1))',
        lambda q: q.in_("TrackId", range(1, 12_000, 2)),
        "TrackId % 2 = 1",
    ),
    tracks('.in("AlbumId", [])', lambda q: q.in_("AlbumId", []), "AlbumId IN ()"),
    gear(
        '.in("name", ["DX7", "Ünikat", "a,b", "(x)"])',
        lambda q: q.in_("name", ["DX7", "Ünikat", "a,b", "(x)"]),
        "name IN ('DX7', 'Ünikat')",
    ),
    gear(None, lambda q: q.in_("name", ['Snare, 14"', "x:y"]), "name IN ('Snare, 14\"', 'x:y')"),
    gear('.notIn("id", [1, 2])', lambda q: q.not_.in_("id", [1, 2]), "id NOT IN (1, 2)"),
    tracks(
        ".match({ AlbumId: 1, GenreId: 1, MediaTypeId: undefined })",
        lambda q: q.match({"AlbumId": 1, "GenreId": 1}),
        "AlbumId = 1 AND GenreId = 1",
    ),
    tracks('.not("AlbumId", "gt", 2)', lambda q: q.not_.gt("AlbumId", 2), "NOT AlbumId > 2"),
    tracks('.not("Composer", "is", null)', lambda q: q.not_.is_("Composer", "null"), "Composer IS NOT NULL"),
    tracks('.filter("AlbumId", "eq", 5)', lambda q: q.filter("AlbumId", "eq", "5"), "AlbumId = 5"),
    tracks('.filter("AlbumId", "not.in", "(1,2)")', None, "AlbumId NOT IN (1, 2)"),
]

PATTERNS = [
    tracks('.like("Name", "The %")', lambda q: q.like("Name", "The %"), "Name GLOB 'The *'"),
    tracks('.like("Name", "the *")', lambda q: q.like("Name", "the *"), "Name GLOB 'the *'"),
    tracks('.like("Name", "_e_p")', lambda q: q.like("Name", "_e_p"), "Name GLOB '?e?p'"),
    tracks('.ilike("Name", "%LOVE%")', lambda q: q.ilike("Name", "%LOVE%"), "Name LIKE '%love%'"),
    gear('.ilike("name", "ü%")', lambda q: q.ilike("name", "ü%"), "name GLOB 'Ü*'"),
    gear(None, lambda q: q.like("note", "%\\\\%"), "instr(note, '\\')"),
    tracks(
        '.likeAnyOf("Name", ["Love*", "*Rock"])',
        lambda q: q.like_any_of("Name", "Love*,*Rock"),
        "(Name GLOB 'Love*' OR Name GLOB '*Rock')",
    ),
    tracks(
        '.likeAllOf("Name", ["The*", "*Love*"])',
        lambda q: q.like_all_of("Name", "The*,*Love*"),
        "Name GLOB 'The*' AND Name GLOB '*Love*'",
    ),
    tracks(
        '.ilikeAnyOf("Name", ["love*", "*ROCK"])',
        lambda q: q.ilike_any_of("Name", "love*,*ROCK"),
        "(Name LIKE 'love%' OR Name LIKE '%rock')",
    ),
    tracks(
        '.ilikeAllOf("Name", ["the*", "*LOVE*"])',
        lambda q: q.ilike_all_of("Name", "the*,*LOVE*"),
        "Name LIKE 'the%' AND Name LIKE '%love%'",
    ),
    tracks(
        '.regexMatch("Name", "^[QZ].*e$")', lambda q: q.filter("Name", "match", "^[QZ].*e$"), "Name REGEXP '^[QZ].*e$'"
    ),
    tracks(
        '.regexIMatch("Name", "^ANGEL")', lambda q: q.filter("Name", "imatch", "^ANGEL"), "Name REGEXP '(?i)^angel'"
    ),
    tracks('.not("Name", "like", "%a%")', lambda q: q.not_.like("Name", "%a%"), "Name NOT GLOB '*a*'"),
]

TREES = [
    tracks(
        '.or("AlbumId.eq.1,GenreId.eq.25")',
        lambda q: q.or_("AlbumId.eq.1,GenreId.eq.25"),
        "(AlbumId = 1 OR GenreId = 25)",
    ),
    tracks(
        '.or("AlbumId.eq.1,and(GenreId.eq.7,Milliseconds.gt.400000,not.or(MediaTypeId.eq.2,Composer.is.null))")',
        lambda q: q.or_(
            "AlbumId.eq.1,and(GenreId.eq.7,Milliseconds.gt.400000,not.or(MediaTypeId.eq.2,Composer.is.null))"
        ),
        "(AlbumId = 1 OR (GenreId = 7 AND Milliseconds > 400000 AND NOT (MediaTypeId = 2 OR Composer IS NULL)))",
    ),
    tracks(None, lambda q: q.not_.or_("AlbumId.gt.1,GenreId.gt.1"), "NOT (AlbumId > 1 OR GenreId > 1)"),
    gear(
        '.or(\'name.eq."Snare, 14\\\\"",price.in.(900,3.25),note.eq."a {b} \\\\"c\\\\" \\\\\\\\d"\')',
        lambda q: q.or_('name.eq."Snare, 14\\"",price.in.(900,3.25),note.eq."a {b} \\"c\\" \\\\d"'),
        "(name = 'Snare, 14\"' OR price IN (900, 3.25) OR note = 'a {b} \"c\" \\d')",
    ),
    gear(
        '.or("tags.cs.{keys},id.eq.4")', lambda q: q.or_("tags.cs.{keys},id.eq.4"), f"({has('tags', 'keys')} OR id = 4)"
    ),
    gear(
        '.or("id.eq.1,id.eq.2").or("id.eq.2,id.eq.3")',
        lambda q: q.or_("id.eq.1,id.eq.2").or_("id.eq.2,id.eq.3"),
        "id IN (1, 2) AND id IN (2, 3)",
    ),
]

JSONS = [
    gear('.contains("tags", ["wood"])', lambda q: q.contains("tags", ["wood"]), has("tags", "wood")),
    gear(
        '.contains("tags", ["wood", "loud"])',
        lambda q: q.cs("tags", ["wood", "loud"]),
        f"{has('tags', 'wood')} AND {has('tags', 'loud')}",
    ),
    gear('.contains("tags", [])', lambda q: q.cs("tags", []), "tags IS NOT NULL"),
    gear(
        '.contains("info", { body: { top: "maple" } })',
        lambda q: q.contains("info", {"body": {"top": "maple"}}),
        "info ->> '$.body.top' = 'maple'",
    ),
    gear('.contains("info", \'{"pickups":["PAF"]}\')', lambda q: q.contains("info", '{"pickups":["PAF"]}'), "id = 1"),
    gear(
        '.containedBy("tags", ["wood", "skin", "loud", "keys"])',
        lambda q: q.contained_by("tags", ["wood", "skin", "loud", "keys"]),
        "tags IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM json_each(tags) WHERE value NOT IN ('wood', 'skin', 'loud', 'keys'))",
    ),
    gear(
        '.containedBy("info", { year: "1959", more: 1 })',
        lambda q: q.contained_by("info", {"year": "1959", "more": 1}),
        'info = \'{"year":"1959"}\'',
    ),
    gear(
        '.overlaps("tags", ["keys", "skin"])',
        lambda q: q.overlaps("tags", ["keys", "skin"]),
        f"({has('tags', 'keys')} OR {has('tags', 'skin')})",
    ),
    gear(
        '.not("tags", "ov", "{wood,keys}")',
        lambda q: q.not_.ov("tags", ["wood", "keys"]),
        f"NOT ({has('tags', 'wood')} OR {has('tags', 'keys')}) AND tags IS NOT NULL",
    ),
    gear(
        '.gt("info->year", 1960)',
        lambda q: q.gt("info->year", 1960),
        "json_type(info, '$.year') = 'integer' AND info ->> 'year' > 1960",
    ),
    gear('.eq("info->>year", "1959")', lambda q: q.eq("info->>year", "1959"), "CAST(info ->> 'year' AS TEXT) = '1959'"),
    gear(
        '.is("info->body->top", null)',
        lambda q: q.is_("info->body->top", None),
        "json_type(info, '$.body.top') IS NULL",
    ),
    gear(
        '.like("info->body->>top", "m*")',
        lambda q: q.like("info->body->>top", "m*"),
        "info ->> '$.body.top' GLOB 'm*'",
    ),
    gear('.eq("tags->>0", "wood")', lambda q: q.eq("tags->>0", "wood"), "tags ->> '$[0]' = 'wood'"),
    gear('.eq("tags->>-1", "strings")', lambda q: q.eq("tags->>-1", "strings"), "tags ->> '$[#-1]' = 'strings'"),
]


def found(words: str, table: str = "words") -> str:
    """The condition that SQLite's own full text index finds the words."""
    return f"TrackId IN (SELECT rowid FROM {table} WHERE {table} MATCH '{words}')"


TEXTS = [
    tracks('.textSearch("Name", "love & me")', lambda q: q.text_search("Name", "love & me"), found("love AND me")),
    tracks('.textSearch("Name", "rain | snow")', lambda q: q.fts("Name", "rain | snow"), found("rain OR snow")),
    tracks('.textSearch("Name", "love & !me")', lambda q: q.fts("Name", "love & !me"), found("love NOT me")),
    tracks('.textSearch("Name", "rock <-> roll")', lambda q: q.fts("Name", "rock <-> roll"), found('"rock roll"')),
    tracks('.textSearch("Name", "ange:*")', lambda q: q.fts("Name", "ange:*"), found("ange*")),
    tracks(
        '.textSearch("Name", "wasting, year!", { type: "plain" })',
        lambda q: q.text_search("Name", "wasting, year!", options={"type": "plain"}),
        found("wast AND year"),
    ),
    tracks(
        '.textSearch("Name", "the end", { type: "phrase" })',
        lambda q: q.text_search("Name", "the end", options={"type": "phrase"}),
        found('"the end"'),
    ),
    tracks(
        '.textSearch("Name", \'"the end" or angels -fallen\', { type: "websearch" })',
        lambda q: q.text_search("Name", '"the end" or angels -fallen', options={"type": "web_search"}),
        found('"the end" OR (angels NOT fallen)'),
    ),
    tracks(
        '.textSearch("Name", "dreams", { config: "simple" })',
        lambda q: q.text_search("Name", "dreams", options={"config": "simple"}),
        found("dreams", "plain"),
    ),
    tracks(
        '.textSearch("Name", "dreaming", { config: "english", type: "plain" })',
        lambda q: q.text_search("Name", "dreaming", options={"config": "english", "type": "plain"}),
        found("dream"),
    ),
    tracks(
        '.textSearch("Name", "sunday love", { type: "plain" })',
        lambda q: q.plfts("Name", "sunday love"),
        found("sunday AND love"),
    ),
    tracks('.filter("Name", "phfts", "the sun")', lambda q: q.phfts("Name", "the sun"), found('"the sun"')),
    tracks('.filter("Name", "wfts", "moon -blue")', lambda q: q.wfts("Name", "moon -blue"), found("moon NOT blue")),
]


@every([*COMPARISONS, *PATTERNS, *TREES, *JSONS, *TEXTS])
def test_a_filter_chooses_what_sqlite_chooses(case: Case, client: str, clients: Clients) -> None:
    answer = clients.ask(client, case)
    assert answer.error is None
    assert answer.data == clients.says(case.sql)


ODD = [
    Case(
        "a table and columns with any name",
        'db.from("Loud & Quiet, (all)").select(\'id, "a, b", n:"x.y"\').eq(\'"a, b"\', "x,y").gt(\'"x.y"\', 2)',
        lambda db: db.from_("Loud & Quiet, (all)").select('id, "a, b", n:"x.y"').eq("a, b", "x,y"),
        'SELECT id, "a, b", "x.y" AS n FROM "Loud & Quiet, (all)" WHERE "a, b" = \'x,y\' AND "x.y" > 2',
    ),
    Case(
        "a view",
        'db.from("louder").select().order("id")',
        lambda db: db.from_("louder").select().order("id"),
        "SELECT * FROM louder ORDER BY id",
    ),
]


@every(ODD)
def test_reads_by_any_name(case: Case, client: str, clients: Clients) -> None:
    answer = clients.ask(client, case)
    assert answer.error is None
    assert answer.data == clients.says(case.sql)


RANGES = [
    Case(name, f'db.from("gear").select().{name}("price", "[1,2)")', python)
    for name, python in [
        ("rangeGt", lambda db: db.from_("gear").select().range_gt("price", (1, 2))),
        ("rangeGte", lambda db: db.from_("gear").select().range_gte("price", (1, 2))),
        ("rangeLt", lambda db: db.from_("gear").select().range_lt("price", (1, 2))),
        ("rangeLte", lambda db: db.from_("gear").select().range_lte("price", (1, 2))),
        ("rangeAdjacent", lambda db: db.from_("gear").select().range_adjacent("price", (1, 2))),
    ]
]


@every(RANGES)
def test_ranges_are_refused(case: Case, client: str, clients: Clients) -> None:
    answer = clients.ask(client, case)
    assert answer.error is not None
    assert (answer.error["code"], answer.error["message"]) == ("PGRST127", "Feature not implemented")


def test_the_page_names_methods_that_are_there(clients: Clients) -> None:
    names = [name for row in table("operator | chooses") for name in row[3]]
    missing = 'names.filter((name) => typeof db.from("gear").select()[name] !== "function")'
    assert clients.js.evaluate(missing, names=names) == []
