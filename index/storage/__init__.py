"""The catalog's database: schema, connections, transactions, copies and checks."""
