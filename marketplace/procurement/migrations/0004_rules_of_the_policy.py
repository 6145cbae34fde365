from datetime import UTC, date, datetime
from typing import Any

from django.db import migrations

from marketplace.organisations import append_only

# The action plan of 28 May 2015, chapter 2, section 2. Permissive: 可优先采用, 可采用; so it warns.
SOURCE = "《内蒙古自治区云计算创新发展行动方案》（2015年5月28日）第二章（二）"
PUBLIC_FIRST = {
    "models": ["public", "private", "hybrid", "community"],
    "advice": "承载非涉密公开信息的一般业务，可优先采用公共云服务。",
    "advice_en": "General business on public information may prefer the public cloud.",
}


def _private(business: str, business_en: str) -> dict[str, Any]:
    return {
        "models": ["private", "hybrid"],
        "advice": f"{business}，可采用私有云或混合云服务。",
        "advice_en": f"{business_en} may use a private or hybrid cloud.",
    }


TABLE = {
    "public": {
        "general": PUBLIC_FIRST,
        "important": _private("承载公开信息的重要业务", "Important business on public information"),
        "critical": _private("关键业务系统", "Critical business systems"),
    },
    "sensitive": {
        "general": _private("承载敏感信息的一般业务", "General business on sensitive information"),
        "important": _private("承载敏感信息的重要业务", "Important business on sensitive information"),
        "critical": _private("关键业务系统", "Critical business systems"),
    },
}


def write_first_version(apps: Any, schema_editor: Any) -> None:
    apps.get_model("procurement", "AdviserRules").objects.create(
        version=1,
        announced_at=datetime(2015, 5, 28, 4, 0, tzinfo=UTC),
        effective_date=date(2015, 6, 4),
        mode="warn",
        table=TABLE,
        source=SOURCE,
    )


# The day of the announcement is a civil day of Asia/Shanghai, wherever the server stands.
SEVEN_DAYS = """
ALTER TABLE procurement_adviserrules ADD CONSTRAINT adviser_rules_seven_days_ahead
    CHECK (effective_date >= (announced_at AT TIME ZONE 'Asia/Shanghai')::date + 7);
"""


class Migration(migrations.Migration):
    dependencies = [("procurement", "0003_deployment_adviser")]

    operations = [
        migrations.RunSQL(
            SEVEN_DAYS, "ALTER TABLE procurement_adviserrules DROP CONSTRAINT adviser_rules_seven_days_ahead"
        ),
        migrations.RunPython(write_first_version, migrations.RunPython.noop),
        append_only.append_only("procurement_adviserrules"),
        append_only.append_only("procurement_deploymentadvice"),
    ]
