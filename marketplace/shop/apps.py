from django.urls import URLPattern, URLResolver, path
from oscar import config


class Shop(config.Shop):
    """Oscar's root app with our pages' URLs only: what we do not want has no address."""

    name = "oscar"  # Oscar finds its own modules by this name

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            path("basket/", self.basket_app.urls),
            path("checkout/", self.checkout_app.urls),
        ]
