-- The goods of the example, and two users: ada ("analytical") and grace ("compiler"), of
-- whose passwords there are salts and keys of Argon2id.

INSERT INTO products (id, name, price, stock) VALUES
  (1, 'Acacia honey', 890, 20),
  (2, 'Black tea', 450, 30),
  (3, 'Cast-iron pan', 4900, 1),
  (4, 'Linen towel', 1250, 12);

INSERT INTO users (name, role, salt, password) VALUES
  ('ada', 'customer', X'73616c74206f66206164612030303031',
    X'72813ffe665792dfc09cf6e0d5ce227e4c82e60169ae33576269b44c841efd89'),
  ('grace', 'staff', X'73616c74206f66206772616365203032',
    X'26aeb3c0cce0c65296a379a87cfe4dc4867772686b66d7f3100a15441c37692d');
