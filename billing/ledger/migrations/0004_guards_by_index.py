from django.db import migrations


class Migration(migrations.Migration):
    """The guards keep their plans for the session: ones made while the tables were empty would read them whole for ever."""

    dependencies = [("ledger", "0003_double_entry")]

    operations = [
        migrations.RunSQL(
            """
            ALTER FUNCTION ledger_entry_is_balanced() SET enable_seqscan = off;
            ALTER FUNCTION ledger_posting_matches_account() SET enable_seqscan = off;
            """,
            """
            ALTER FUNCTION ledger_posting_matches_account() RESET enable_seqscan;
            ALTER FUNCTION ledger_entry_is_balanced() RESET enable_seqscan;
            """,
        ),
    ]
