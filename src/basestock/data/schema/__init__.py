"""The canonical schema as data: one row a column."""
