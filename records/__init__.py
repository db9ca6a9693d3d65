"""What remains of a call: one record each, in SQLite or PostgreSQL. The worker writes it, the console reads it."""
