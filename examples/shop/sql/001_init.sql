CREATE TABLE users (
  name TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  salt BLOB NOT NULL,
  password BLOB NOT NULL
);

CREATE TABLE products (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  price INTEGER NOT NULL CHECK (price > 0),
  stock INTEGER NOT NULL CHECK (stock >= 0)
);

CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  customer TEXT NOT NULL REFERENCES users (name),
  placed TEXT NOT NULL
);

CREATE TABLE lines (
  order_id INTEGER NOT NULL REFERENCES orders (id),
  product INTEGER NOT NULL REFERENCES products (id),
  count INTEGER NOT NULL CHECK (count > 0),
  price INTEGER NOT NULL,
  PRIMARY KEY (order_id, product)
);

CREATE TABLE receipts (
  order_id INTEGER PRIMARY KEY REFERENCES orders (id),
  text TEXT NOT NULL
);
