-- Items; the first one is tea.
CREATE TABLE items (name TEXT PRIMARY KEY);
INSERT INTO items VALUES ('tea');
