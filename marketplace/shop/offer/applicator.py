"""Site offers are never contract prices, and 10 of them cost 464 queries a page: there are none."""

from typing import Any

from oscar.apps.offer import applicator


class Applicator(applicator.Applicator):
    def get_offers(self, basket: Any, user: Any = None, request: Any = None) -> list[Any]:
        return []
