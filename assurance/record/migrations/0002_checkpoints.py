import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("record", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="CheckpointLeaf",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.PositiveIntegerField()),
                ("stream_type", models.CharField(max_length=12)),
                ("stream_id", models.CharField(max_length=100)),
                ("seq", models.PositiveIntegerField()),
                ("hash", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("last_position", models.BigIntegerField(unique=True)),
                ("body", models.BinaryField()),
                ("hash", models.CharField(max_length=64, unique=True)),
                ("signature", models.BinaryField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("last_position__gte", models.F("number")), ("number__gte", 1)
                        ),
                        name="checkpoint_covers_something",
                        violation_error_message="Each checkpoint covers at least one entry more.",
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="checkpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="record_append_only()",
                    func="RAISE EXCEPTION 'The record is append-only: % on % is refused. Record a new event instead.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';",
                    hash="a907aa0f5dcd8401bdc8b54ce6c97d5b12696f83",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_de7a8",
                    table="record_checkpoint",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddField(
            model_name="checkpointleaf",
            name="checkpoint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="leaves",
                to="record.checkpoint",
            ),
        ),
        migrations.AddIndex(
            model_name="checkpointleaf",
            index=models.Index(fields=["stream_type", "stream_id", "seq"], name="leaf_by_stream"),
        ),
        migrations.AddConstraint(
            model_name="checkpointleaf",
            constraint=models.UniqueConstraint(
                fields=("checkpoint", "place"),
                name="leaf_place_once",
                violation_error_message="This place of the tree is taken.",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="checkpointleaf",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="record_append_only()",
                    func="RAISE EXCEPTION 'The record is append-only: % on % is refused. Record a new event instead.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';",
                    hash="01409e5fc78d99c158efdd7e7bf4588b4690467f",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_64e21",
                    table="record_checkpointleaf",
                    when="BEFORE",
                ),
            ),
        ),
    ]
