"""Pages, grouped by the people they are for."""
