"""`manage advance --to 2026-12-02T09:00`: move the demo's clock and let the river flow up to it."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace import clock, pipeline


class Command(BaseCommand):
    help = "Run the pipeline now, or move the demo's clock first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--to", type=datetime.fromisoformat, help="A moment, e.g. 2026-12-02T09:00 (Asia/Shanghai)."
        )
        parser.add_argument("--real", action="store_true", help="Let the clock show the real time again.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["real"]:
            clock.reset()
        if (moment := options["to"]) is not None:
            if timezone.is_naive(moment):
                moment = timezone.make_aware(moment)
            try:
                clock.move_to(moment)
            except RuntimeError as error:
                raise CommandError(str(error)) from error
        now = clock.now()
        self.stdout.write(f"It is {timezone.localtime(now):%Y-%m-%d %H:%M}.")
        for stage, count in pipeline.advance(now=now).items():
            self.stdout.write(f"  {stage:<24} {count:>8,}")
