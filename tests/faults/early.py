"""Control: a web process that answers before it commits. Everything else is the product's own."""

import queue
import threading
import time
from typing import Any, Final

from marketplace.wsgi import application

from billing.metering import operations  # isort: skip  (after Django is set up)
from django.db import connection, transaction  # isort: skip

__all__ = ["application"]

COMMITS_AFTER_S: Final = 0.5
_record = operations.record_usage


def record_early(**wanted: Any) -> Any:
    """The outcomes as soon as they are known, while the transaction that they stand in goes on."""
    answers: queue.Queue[Any] = queue.Queue()

    def work() -> None:
        try:
            with transaction.atomic():
                answers.put(_record(**wanted))
                time.sleep(COMMITS_AFTER_S)
        except Exception as error:
            answers.put(error)
        finally:
            connection.close()

    threading.Thread(target=work, daemon=True).start()
    answer = answers.get()
    if isinstance(answer, Exception):
        raise answer
    return answer


operations.record_usage = record_early
