from django.db import migrations


class Migration(migrations.Migration):
    """The guard keeps its plan for the session: one made while the tables were empty would read them whole for ever."""

    dependencies = [("catalogue", "0036_name_and_unit_of_the_taxonomy")]

    operations = [
        migrations.RunSQL(
            "ALTER FUNCTION refuse_unless_price_book_is_draft() SET enable_seqscan = off;",
            "ALTER FUNCTION refuse_unless_price_book_is_draft() RESET enable_seqscan;",
        ),
    ]
