"""Load the standard taxonomy: service types, categories, specifications, solution domains, synonyms."""

from typing import Any

from django.core.management.base import BaseCommand

from listings.taxonomy import operations
from marketplace import clock
from marketplace.organisations import actors


class Command(BaseCommand):
    help = "Load the standard taxonomy. Can be run again; what was edited in the back office is kept and named."

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = operations.load_taxonomy(**operations.read_standard(), actor=actors.VISITOR, now=clock.now())
        self.stdout.write(f"{loaded.changed} rows written.")
        for key in loaded.kept:
            self.stdout.write(f"Kept as edited or removed in the back office: {key}")
