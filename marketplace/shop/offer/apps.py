from oscar.apps.offer import apps


class OfferConfig(apps.OfferConfig):
    """Kept because Oscar needs it; prices come from price books, never from site offers."""

    name = "marketplace.shop.offer"

    def ready(self) -> None:
        """Leave Oscar's receivers and views out."""
