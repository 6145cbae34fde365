"""Reports usage from a provider's own systems: typed, standard library only, safe to copy out of this project.

    from marketplace.client import UsageClient

    with UsageClient("https://market.example", key="crm_…", source="dc-1/meter", spool="/var/spool/usage") as client:
        client.report(subject="HT-…", meter="vcpu_hours", quantity="1.5", time=datetime.now(UTC))
        client.flush()

An event is on disk here when `report` returns and on disk there when `flush` has answered. In between it may be sent
any number of times: its id is given once, so it counts once.
"""

from marketplace.client.spool import Spool, SpoolInUse
from marketplace.client.usage import Offline, Refused, RefusedEvent, Sent, UsageClient

__all__ = ["Offline", "Refused", "RefusedEvent", "Sent", "Spool", "SpoolInUse", "UsageClient"]
