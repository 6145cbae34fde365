from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from marketplace.demo import world


@pytest.fixture(scope="module")
def loaded(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any, now: datetime
) -> Iterator[world.World]:
    """The sample world, loaded once for all tests of a file; what each of them adds is taken back after it."""
    media: Path = tmp_path_factory.mktemp("media")  # documents go where the test cleans up
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=media), transaction.atomic():
        yield world.load_world(now=now)
        transaction.set_rollback(True)
