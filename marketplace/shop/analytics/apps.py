from oscar.apps.analytics import apps


class AnalyticsConfig(apps.AnalyticsConfig):
    """Oscar writes a row per product view; a page that only reads must not write."""

    name = "marketplace.shop.analytics"

    def ready(self) -> None:
        """Leave Oscar's receivers unconnected."""
