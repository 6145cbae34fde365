"""With both URLs set, nothing embedded is imported."""

import os
import subprocess
import sys

SCRIPT = """
import sys
import marketplace.settings as settings
print(settings.DATABASES["default"]["HOST"], "marketplace.embedded" in sys.modules)
"""


def test_settings_with_both_urls_import_nothing_embedded() -> None:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={
            "PATH": os.environ["PATH"],
            "ENVIRONMENT": "demo",
            "SECRET_KEY": "only-for-this-test-" + "x" * 50,
            "DATABASE_URL": "postgres://app:secret@database.invalid:5432/marketplace",
            "REDIS_URL": "redis://broker.invalid:6379/0",
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "database.invalid False\n"
