"""`manage demo`: load the sample world once, drive it through its months, and serve it."""

import io
import subprocess
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from marketplace import clock
from marketplace.demo import desk, imports, month, onboarding, people, proof, recommended, sandbox, serve, state, world


class Command(BaseCommand):
    help = "Load the sample month (once), serve it and print the log-ins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--load-only", action="store_true", help="Load and stop, without serving.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_DEMO:
            raise CommandError("This is not a demo. Set ENVIRONMENT=demo; the demo never touches other data.")
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)  # progress is seen in a log file as well
        port = options["port"]
        if serve.listens(port=port):
            raise CommandError(f"Port {port} is in use by another program. Choose another: make demo PORT={port + 1}")
        self._migrate()
        if state.is_loaded():
            self.stdout.write("The sample world is loaded already.")
        else:
            self._load()
        if options["load_only"]:
            return
        with sandbox.running(port=port):
            status = serve.run_together(
                [
                    ["-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
                     "--blocking-threads", "8", "--log-level", "warning", "marketplace.wsgi:application"],
                    ["-m", "celery", "--app", "marketplace.celery", "worker", "--beat", "--concurrency", "1",
                     "--loglevel", "WARNING"],
                ],
                port=port,
                when_open=lambda: self._print_welcome(port=port),
            )  # fmt: skip
        if status:
            raise CommandError(f"A part of the demo ended with status {status}; its last lines above say why.")

    def _migrate(self) -> None:
        """In a process of its own: migrations connect as the role that owns the tables."""
        self.stdout.write("Preparing the database …")
        self._manage("migrate", "--verbosity", "0")

    def _manage(self, *arguments: str) -> None:
        connection.close()
        subprocess.run([sys.executable, "-m", "marketplace.manage", *arguments], check=True)

    def _load(self) -> None:
        if state.is_begun():
            self.stdout.write("An earlier load was interrupted: starting over.")
            self._manage("start_over")
            self._migrate()
        today = clock.now()
        state.mark_begun(now=today)
        self.stdout.write("Loading the sample world …")
        loaded = world.load_world(now=month.opening(today))
        recommended.begin(world=loaded, opening=month.opening(today), today=today)
        onboarding.recognise(world=loaded, data=world.read_data(), at=month.opening(today))
        month.drive(world=loaded, now=today, say=self.stdout.write)
        recommended.go_on(today=today)
        imports.load(world=loaded, now=today)
        desk.load(world=loaded, now=today)
        onboarding.load_applicants(now=today)
        operator = people.actor_of(email="operator@demo.example")
        proof.raise_alert(product=loaded.offerings["OF038"], partner=loaded.partners["P06"], actor=operator, now=today)
        state.mark_loaded(now=today)

    def _print_welcome(self, *, port: int) -> None:
        lines = [f"  {person.title:<22} {person.email:<28} {people.PASSWORD}" for person in people.DEMO_LOG_INS]
        self.stdout.write(
            self.style.SUCCESS(f"\nhttp://127.0.0.1:{port}/   (Ctrl-C ends it; all data is invented)\n\n")
            + "\n".join(lines)
            + "\n"
        )
