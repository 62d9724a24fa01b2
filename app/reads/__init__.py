"""Read statements: plain functions over a session and a viewer that return rows, always inside the territory."""
