-- The library of the dialect's appendix A.
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born INTEGER);
CREATE TABLE books (
  id INTEGER PRIMARY KEY, title TEXT NOT NULL, author_id INTEGER REFERENCES authors (id),
  pages INTEGER DEFAULT 100, price NUMERIC, in_print BOOLEAN DEFAULT TRUE, tags JSON, info JSON, out_on DATE,
  CONSTRAINT pages_positive CHECK (pages > 0));
CREATE TABLE covers (book_id INTEGER PRIMARY KEY REFERENCES books (id), colour TEXT);
CREATE TABLE shelves (id INTEGER PRIMARY KEY, label TEXT UNIQUE);
CREATE TABLE placements (book_id INTEGER REFERENCES books (id), shelf_id INTEGER REFERENCES shelves (id), row INTEGER,
  PRIMARY KEY (book_id, shelf_id));
CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT NOT NULL, invited_by INTEGER REFERENCES members (id));
CREATE TABLE loans (
  id INTEGER PRIMARY KEY, book_id INTEGER NOT NULL REFERENCES books (id), lender_id INTEGER NOT NULL, borrower_id INTEGER NOT NULL,
  CONSTRAINT loan_lender FOREIGN KEY (lender_id) REFERENCES members (id),
  CONSTRAINT loan_borrower FOREIGN KEY (borrower_id) REFERENCES members (id));
INSERT INTO authors VALUES (1, 'Ruiz', 1950), (2, 'Okafor', NULL), (3, 'Lind', 1971);
INSERT INTO books VALUES
  (1, 'Salt', 1, 210, 12.5, TRUE, '["sea","travel"]', '{"isbn":"111","dim":{"h":20}}', '2001-05-01'),
  (2, 'Pepper, Ground', 1, 180, 9, FALSE, '["food"]', '{"isbn":"222"}', '2004-09-15'),
  (3, 'North', 2, 320, NULL, NULL, '[]', NULL, NULL);
INSERT INTO covers VALUES (1, 'blue');
INSERT INTO shelves VALUES (1, 'A'), (2, 'B');
INSERT INTO placements VALUES (1, 1, 3), (2, 1, 4), (1, 2, 1);
INSERT INTO members VALUES (1, 'Ivo', NULL), (2, 'Mia', 1), (3, 'Tom', 1);
INSERT INTO loans VALUES (1, 1, 1, 2), (2, 3, 1, 3);
