"""Reference numbers come from a sequence."""

from django.db import migrations


class Migration(migrations.Migration):
    """Number cases.

    Why        A reference such as CM-48213 is read out on the phone: short, unique, never reused.
    This step  Makes the sequence. Gaps are harmless, so a refused post may leave one.
    Backwards  Safe: drops the sequence.
    """

    dependencies = [("reviews", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE reviews_case_number START WITH 1001",
            "DROP SEQUENCE reviews_case_number",
        )
    ]
