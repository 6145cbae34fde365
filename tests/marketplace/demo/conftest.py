from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _store(settings: Any, tmp_path: Path) -> None:
    """Documents of the sample world go where the test cleans up."""
    settings.MEDIA_ROOT = tmp_path
