import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

APPEND_ONLY = """
CREATE FUNCTION record_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION
    'The record is append-only: % on % is refused. Record a new event instead.',
    TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


class Migration(migrations.Migration):
    """The tables of the record, and the triggers that refuse every change to what is written.

    The triggers run our own function: one that pgtrigger writes can be switched off by a session
    variable.
    """

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION record_append_only()"),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stream_type", models.CharField(max_length=12)),
                ("stream_id", models.CharField(max_length=100)),
                ("seq", models.PositiveIntegerField()),
                ("type", models.CharField(max_length=60)),
                ("actor_kind", models.CharField(max_length=6)),
                ("actor_ref", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                ("workflow", models.CharField(blank=True, default="", max_length=100)),
                ("commitment", models.CharField(max_length=64)),
                ("prev", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                (
                    "actor_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ClockOffset",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("shift", models.DurationField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)),
                        name="clock_offset_one_row",
                        violation_error_message="There is one clock, so there is one offset.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EventPending",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="record.event",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RecordPayload",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="payload",
                        serialize=False,
                        to="record.event",
                    ),
                ),
                ("salt", models.BinaryField(max_length=32)),
                ("body", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="EventPosition",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("workflow", models.CharField(blank=True, default="", max_length=100)),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="position",
                        to="record.event",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StreamHead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stream_type", models.CharField(max_length=12)),
                ("stream_id", models.CharField(max_length=100)),
                ("seq", models.PositiveIntegerField(default=0)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("stream_type", "stream_id"), name="head_once_per_stream"
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recordpayload",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="record_append_only()",
                    func="RAISE EXCEPTION 'The record is append-only: % on % is refused. Record a new event instead.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';",
                    hash="ae67b16cccc9a1963cef64c7cac8a81ee58480fe",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_9c8be",
                    table="record_recordpayload",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["workflow", "type", "at"], name="event_by_workflow_type"),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.UniqueConstraint(
                fields=("stream_type", "stream_id", "seq"),
                name="event_seq_once",
                violation_error_message="This place of the chain is taken.",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(("seq__gte", 1)), name="event_seq_from_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("stream_type__in", ["case", "workflow", "incident", "installation"])
                ),
                name="event_stream_type_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("actor_kind", "person"), ("actor_user__isnull", False)),
                    models.Q(("actor_kind__in", ["client", "system"]), ("actor_user", None)),
                    _connector="OR",
                ),
                name="event_actor_is_someone",
                violation_error_message="A person's event names the account, no other does.",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="record_append_only()",
                    func="RAISE EXCEPTION 'The record is append-only: % on % is refused. Record a new event instead.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';",
                    hash="fe26a4eb0c2a4e7dc2d3b7326df58467260d49ed",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_b87bb",
                    table="record_event",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="eventposition",
            index=models.Index(fields=["workflow", "position"], name="position_by_workflow"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="eventposition",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="record_append_only()",
                    func="RAISE EXCEPTION 'The record is append-only: % on % is refused. Record a new event instead.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';",
                    hash="95e3e31c602c91cea22b2e6aac5922febf3be51e",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_d47e4",
                    table="record_eventposition",
                    when="BEFORE",
                ),
            ),
        ),
    ]
