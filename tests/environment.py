"""What a test process is told about itself, before pytest-django reads the settings (`-p tests.environment`)."""

import os

# Each worker has servers of its own: the roll-up waits for every transaction of its server.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
os.environ["ENVIRONMENT"] = "test"
os.environ["MARKETPLACE_SERVICES"] = f"{os.environ.get('PYTEST_SERVICES', 'test')}-{_worker}"
os.environ["DATABASE_AS_OWNER"] = "true"  # tests create their database; what the web may do is tested as the web's role
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright runs an event loop beside the tests
