-- Equipment for the music of Chinook, with the types that Chinook itself lacks, and a table of odd names.
CREATE TABLE gear (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, tags JSON, info JSON, in_stock BOOLEAN, price NUMERIC DEFAULT 10,
  made DATE, seen TIMESTAMP, note TEXT DEFAULT 'new', ArtistId INTEGER REFERENCES Artist (ArtistId),
  photo BLOB,
  CONSTRAINT price_positive CHECK (price > 0));
CREATE TABLE "Loud & Quiet, (all)" (id INTEGER PRIMARY KEY, "a, b" TEXT, "x.y" INTEGER, "say ""hi""" TEXT);
CREATE VIEW louder AS SELECT id, name, price FROM gear WHERE price > 100;
INSERT INTO gear (id, name, tags, info, in_stock, price, made, seen, note, ArtistId) VALUES
  (1, 'Les Paul', '["wood","strings"]', '{"year":1959,"body":{"top":"maple","kg":4.1},"pickups":["P90","PAF"]}', TRUE,
   2500, '1959-03-01', '2024-05-01T12:30:00Z', NULL, 1),
  (2, 'Snare, 14"', '["skin","wood","loud"]', '{"year":1970,"body":{"top":null}}', FALSE, 180.5, '1970-11-30', NULL,
   'with (all) parts', 90),
  (3, 'DX7', '["keys"]', NULL, NULL, 900, NULL, '2023-01-31T23:59:59Z', 'new', 90),
  (4, 'kazoo', '[]', '{"body":{"top":"tin"},"pickups":[]}', TRUE, 3.25, '2001-01-01', NULL, 'a {b} "c" \d', NULL),
  (5, 'Ünikat', NULL, '{"year":"1959"}', TRUE, 40, '1999-12-31', NULL, NULL, NULL);
INSERT INTO "Loud & Quiet, (all)" VALUES (1, 'x,y', 3, 'h'), (2, 'z', NULL, NULL);
