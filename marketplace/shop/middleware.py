"""The basket on the request, and its count without reading it."""

from oscar.apps.basket.middleware import BasketMiddleware

__all__ = ["BasketMiddleware"]
