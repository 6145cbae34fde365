"""The product's Celery application with a clock that strikes every two seconds, so that there is more to kill."""

from typing import Final

from marketplace.celery import app

EVERY_S: Final = 2.0

app.conf.beat_schedule = {
    "advance": {
        "task": "marketplace.pipeline.advance_now",
        "schedule": EVERY_S,
        # Strokes that nobody had time for are not made up for.
        "options": {"expires": 10},
    }
}
