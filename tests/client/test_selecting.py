"""What `select` offers through the real clients: renames, casts, JSON paths, related tables, spreads, aggregates."""

from tests.client.real import Case, Clients, every

COLUMNS = [
    Case(
        "everything",
        'db.from("Genre").select().order("GenreId")',
        lambda db: db.from_("Genre").select().order("GenreId"),
        "SELECT * FROM Genre ORDER BY GenreId",
    ),
    Case(
        "renames and casts",
        'db.from("Track").select("nr:TrackId::text, Name, price:UnitPrice::int").eq("TrackId", 5)',
        lambda db: db.from_("Track").select("nr:TrackId::text, Name, price:UnitPrice::int").eq("TrackId", 5),
        """SELECT CAST(TrackId AS TEXT) AS nr, Name, CAST(round(UnitPrice) AS INTEGER) AS price
           FROM Track WHERE TrackId = 5""",
    ),
    Case(
        "columns one by one",
        None,
        lambda db: db.from_("Track").select("TrackId", "Name").lt("TrackId", 4).order("TrackId"),
        "SELECT TrackId, Name FROM Track WHERE TrackId < 4 ORDER BY TrackId",
    ),
    Case(
        "JSON paths",
        'db.from("gear").select("id,info->body->top,year:info->>year,first:tags->0,last:tags->>-1,info->body").order("id")',
        lambda db: (
            db.from_("gear")
            .select("id,info->body->top,year:info->>year,first:tags->0,last:tags->>-1,info->body")
            .order("id")
        ),
        """SELECT id, info -> '$.body.top' AS "top:json", CAST(info ->> 'year' AS TEXT) AS year,
           tags -> 0 AS "first:json", tags ->> '$[#-1]' AS last, info -> 'body' AS "body:json" FROM gear ORDER BY id""",
    ),
    Case(
        "each type as JSON has it",
        'db.from("gear").select("in_stock,price,tags,made,seen").order("id")',
        lambda db: db.from_("gear").select("in_stock,price,tags,made,seen").order("id"),
        """SELECT in_stock AS "in_stock:bool", price, tags AS "tags:json", made, seen FROM gear ORDER BY id""",
    ),
]

RELATED = [
    Case(
        "to one, two levels",
        'db.from("Track").select("Name, Album(Title, Artist(Name))").eq("TrackId", 77)',
        lambda db: db.from_("Track").select("Name, Album(Title, Artist(Name))").eq("TrackId", 77),
        """SELECT t.Name, json_object('Title', Title, 'Artist', json_object('Name', a.Name)) AS "Album:json"
           FROM Track t JOIN Album USING (AlbumId) JOIN Artist a USING (ArtistId) WHERE TrackId = 77""",
    ),
    Case(
        "to one that is not there",
        'db.from("gear").select("id, Artist(Name)").order("id")',
        lambda db: db.from_("gear").select("id, Artist(Name)").order("id"),
        """SELECT id, iif(ArtistId IS NULL, NULL, json_object('Name', a.Name)) AS "Artist:json"
           FROM gear LEFT JOIN Artist a USING (ArtistId) ORDER BY id""",
    ),
    Case(
        "to many, ordered and limited",
        """db.from("Artist").select("Name, albums:Album(Title)").in("ArtistId", [1, 22, 90]).order("ArtistId")
           .order("Title", { referencedTable: "albums", ascending: false }).limit(2, { referencedTable: "albums" })""",
        lambda db: (
            db.from_("Artist")
            .select("Name, albums:Album(Title)")
            .in_("ArtistId", [1, 22, 90])
            .order("ArtistId")
            .order("Title", desc=True, foreign_table="albums")
            .limit(2, foreign_table="albums")
        ),
        """SELECT Name, (SELECT json_group_array(json_object('Title', Title)) FROM
             (SELECT Title FROM Album b WHERE b.ArtistId = a.ArtistId ORDER BY Title DESC LIMIT 2)) AS "albums:json"
           FROM Artist a WHERE ArtistId IN (1, 22, 90) ORDER BY ArtistId""",
    ),
    Case(
        "to many, a page of each",
        """db.from("Artist").select("ArtistId, Album(AlbumId)").in("ArtistId", [22, 90]).order("ArtistId")
           .order("AlbumId", { foreignTable: "Album" }).range(1, 3, { foreignTable: "Album" })""",
        lambda db: (
            db.from_("Artist")
            .select("ArtistId, Album(AlbumId)")
            .in_("ArtistId", [22, 90])
            .order("ArtistId")
            .order("AlbumId", foreign_table="Album")
            .range(1, 3, foreign_table="Album")
        ),
        """SELECT ArtistId, (SELECT json_group_array(json_object('AlbumId', AlbumId)) FROM (SELECT AlbumId FROM Album b
             WHERE b.ArtistId = a.ArtistId ORDER BY AlbumId LIMIT 3 OFFSET 1)) AS "Album:json"
           FROM Artist a WHERE ArtistId IN (22, 90) ORDER BY ArtistId""",
    ),
    Case(
        "many to many",
        """db.from("Playlist").select("Name, Track(TrackId)").eq("PlaylistId", 16)
           .order("TrackId", { referencedTable: "Track" })""",
        lambda db: (
            db.from_("Playlist")
            .select("Name, Track(TrackId)")
            .eq("PlaylistId", 16)
            .order("TrackId", foreign_table="Track")
        ),
        """SELECT Name, (SELECT json_group_array(json_object('TrackId', TrackId)) FROM
             (SELECT TrackId FROM PlaylistTrack j WHERE j.PlaylistId = p.PlaylistId ORDER BY TrackId)) AS "Track:json"
           FROM Playlist p WHERE PlaylistId = 16""",
    ),
    Case(
        "with a hint",
        'db.from("Track").select("Name, kind:Genre!GenreId(Name)").eq("TrackId", 1)',
        lambda db: db.from_("Track").select("Name, kind:Genre!GenreId(Name)").eq("TrackId", 1),
        """SELECT t.Name, json_object('Name', g.Name) AS "kind:json"
           FROM Track t JOIN Genre g USING (GenreId) WHERE TrackId = 1""",
    ),
    Case(
        "by the key's column, and a table in itself",
        """db.from("Employee").select("LastName, boss:ReportsTo(LastName), Employee(LastName)").order("EmployeeId")
           .order("LastName", { referencedTable: "Employee" })""",
        lambda db: (
            db.from_("Employee")
            .select("LastName, boss:ReportsTo(LastName), Employee(LastName)")
            .order("EmployeeId")
            .order("LastName", foreign_table="Employee")
        ),
        """SELECT e.LastName,
             iif(b.LastName IS NULL, NULL, json_object('LastName', b.LastName)) AS "boss:json",
             (SELECT json_group_array(json_object('LastName', LastName)) FROM
               (SELECT LastName FROM Employee c WHERE c.ReportsTo = e.EmployeeId ORDER BY LastName)) AS "Employee:json"
           FROM Employee e LEFT JOIN Employee b ON b.EmployeeId = e.ReportsTo ORDER BY e.EmployeeId""",
    ),
    Case(
        "inner, filtered by the grandchild",
        """db.from("Track").select("TrackId, Album!inner(Artist!inner(Name))").eq("Album.Artist.Name", "AC/DC")
           .order("TrackId")""",
        lambda db: (
            db.from_("Track")
            .select("TrackId, Album!inner(Artist!inner(Name))")
            .eq("Album.Artist.Name", "AC/DC")
            .order("TrackId")
        ),
        """SELECT TrackId, json_object('Artist', json_object('Name', a.Name)) AS "Album:json" FROM Track
           JOIN Album USING (AlbumId) JOIN Artist a USING (ArtistId) WHERE a.Name = 'AC/DC' ORDER BY TrackId""",
    ),
    Case(
        "filtered without inner",
        'db.from("gear").select("id, Artist(Name)").eq("Artist.Name", "AC/DC").order("id")',
        lambda db: db.from_("gear").select("id, Artist(Name)").eq("Artist.Name", "AC/DC").order("id"),
        """SELECT id, iif(a.Name = 'AC/DC', json_object('Name', a.Name), NULL) AS "Artist:json"
           FROM gear LEFT JOIN Artist a USING (ArtistId) ORDER BY id""",
    ),
    Case(
        "alternatives in the embedded",
        """db.from("Album").select("AlbumId, Track(TrackId)").eq("AlbumId", 1)
           .or("TrackId.eq.1,Name.like.Evil*", { referencedTable: "Track" })""",
        lambda db: (
            db.from_("Album")
            .select("AlbumId, Track(TrackId)")
            .eq("AlbumId", 1)
            .or_("TrackId.eq.1,Name.like.Evil*", reference_table="Track")
        ),
        """SELECT 1 AS AlbumId, json_group_array(json_object('TrackId', TrackId)) AS "Track:json" FROM
           (SELECT TrackId FROM Track WHERE AlbumId = 1 AND (TrackId = 1 OR Name GLOB 'Evil*') ORDER BY TrackId)""",
    ),
    Case(
        "only those without",
        'db.from("Artist").select("ArtistId, Album()").is("Album", null).order("ArtistId")',
        lambda db: db.from_("Artist").select("ArtistId, Album()").is_("Album", "null").order("ArtistId"),
        "SELECT ArtistId FROM Artist WHERE ArtistId NOT IN (SELECT ArtistId FROM Album) ORDER BY ArtistId",
    ),
    Case(
        "only those with",
        'db.from("Genre").select("GenreId, Track()").not("Track", "is", null).order("GenreId")',
        lambda db: db.from_("Genre").select("GenreId, Track()").not_.is_("Track", "null").order("GenreId"),
        "SELECT GenreId FROM Genre WHERE GenreId IN (SELECT GenreId FROM Track) ORDER BY GenreId",
    ),
    Case(
        "ordered by a related column",
        """db.from("Album").select("AlbumId, Artist(Name)").limit(9)
           .order("Artist(Name)", { ascending: false }).order("AlbumId")""",
        lambda db: (
            db.from_("Album").select("AlbumId, Artist(Name)").order("Artist(Name)", desc=True).order("AlbumId").limit(9)
        ),
        """SELECT AlbumId, json_object('Name', Name) AS "Artist:json" FROM Album JOIN Artist USING (ArtistId)
           ORDER BY Name DESC, AlbumId LIMIT 9""",
    ),
    Case(
        "spread from one and from many",
        """db.from("Album").select("Title, ...Artist(by:Name), ...Track(names:Name)").in("AlbumId", [2, 3])
           .order("AlbumId").order("TrackId", { referencedTable: "Track" })""",
        lambda db: (
            db.from_("Album")
            .select("Title, ...Artist(by:Name), ...Track(names:Name)")
            .in_("AlbumId", [2, 3])
            .order("AlbumId")
            .order("TrackId", foreign_table="Track")
        ),
        """SELECT Title, a.Name AS by, (SELECT json_group_array(Name) FROM
             (SELECT Name FROM Track t WHERE t.AlbumId = b.AlbumId ORDER BY TrackId)) AS "names:json"
           FROM Album b JOIN Artist a USING (ArtistId) WHERE AlbumId IN (2, 3) ORDER BY AlbumId""",
    ),
]

AGGREGATES = [
    Case(
        "over everything",
        'db.from("Track").select("count(), Milliseconds.sum(), most:Bytes.max(), with:Composer.count()")',
        lambda db: db.from_("Track").select("count(), Milliseconds.sum(), most:Bytes.max(), with:Composer.count()"),
        'SELECT count(*) AS count, sum(Milliseconds) AS sum, max(Bytes) AS most, count(Composer) AS "with" FROM Track',
    ),
    Case(
        "by group",
        """db.from("Track").select("GenreId, n:count(), Milliseconds.sum(), Bytes.min(), Composer.count()")
           .order("GenreId")""",
        lambda db: (
            db.from_("Track")
            .select("GenreId, n:count(), Milliseconds.sum(), Bytes.min(), Composer.count()")
            .order("GenreId")
        ),
        "SELECT GenreId, count(*) AS n, sum(Milliseconds) AS sum, min(Bytes) AS min, count(Composer) AS count "
        "FROM Track GROUP BY GenreId ORDER BY GenreId",
    ),
    Case(
        "with casts",
        'db.from("Track").select("MediaTypeId, ms:Milliseconds.avg()::int, UnitPrice::int.sum()").order("MediaTypeId")',
        lambda db: (
            db.from_("Track")
            .select("MediaTypeId, ms:Milliseconds.avg()::int, UnitPrice::int.sum()")
            .order("MediaTypeId")
        ),
        """SELECT MediaTypeId, CAST(round(avg(Milliseconds)) AS INTEGER) AS ms,
             sum(CAST(round(UnitPrice) AS INTEGER)) AS sum FROM Track GROUP BY MediaTypeId ORDER BY MediaTypeId""",
    ),
    Case(
        "by a related column",
        'db.from("Track").select("n:count(), ...Genre(Name)").order("Genre(Name)").limit(5)',
        lambda db: db.from_("Track").select("n:count(), ...Genre(Name)").order("Genre(Name)").limit(5),
        "SELECT count(*) AS n, g.Name FROM Track JOIN Genre g USING (GenreId) GROUP BY g.Name ORDER BY g.Name LIMIT 5",
    ),
    Case(
        "for each parent",
        'db.from("Artist").select("ArtistId, Album(count(), AlbumId.max())").lt("ArtistId", 40).order("ArtistId")',
        lambda db: (
            db.from_("Artist").select("ArtistId, Album(count(), AlbumId.max())").lt("ArtistId", 40).order("ArtistId")
        ),
        """SELECT ArtistId, json_array((SELECT json_object('count', count(*), 'max', max(AlbumId))
             FROM Album b WHERE b.ArtistId = a.ArtistId)) AS "Album:json"
           FROM Artist a WHERE ArtistId < 40 ORDER BY ArtistId""",
    ),
    Case(
        "in the old way",
        'db.from("Artist").select("ArtistId, Album(count)").lt("ArtistId", 9).order("ArtistId")',
        lambda db: db.from_("Artist").select("ArtistId, Album(count)").lt("ArtistId", 9).order("ArtistId"),
        """SELECT ArtistId, json_array(json_object('count',
             (SELECT count(*) FROM Album b WHERE b.ArtistId = a.ArtistId))) AS "Album:json"
           FROM Artist a WHERE ArtistId < 9 ORDER BY ArtistId""",
    ),
]


@every([*COLUMNS, *RELATED, *AGGREGATES])
def test_a_selection_gives_what_sqlite_gives(case: Case, client: str, clients: Clients) -> None:
    answer = clients.ask(client, case)
    assert answer.error is None
    wanted = clients.says(case.sql)
    assert wanted, "the question must have an answer, or the test says nothing"
    assert answer.data == wanted
    assert [list(row) for row in answer.data] == [list(row) for row in wanted]  # the keys in the order asked for
