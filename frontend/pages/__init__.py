"""The views, by audience. Each parses, calls one operation or query and answers."""
