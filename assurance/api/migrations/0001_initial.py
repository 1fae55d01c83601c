from django.db import migrations, models


class Migration(migrations.Migration):
    """Answers to named requests, the canary of the workers, and what browsers refused to load."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Canary",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("touched_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)),
                        name="canary_one_row",
                        violation_error_message="There is one canary.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CspReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("received_at", models.DateTimeField()),
                ("directive", models.CharField(max_length=200)),
                ("blocked", models.CharField(max_length=500)),
                ("document", models.CharField(max_length=500)),
                ("source", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "indexes": [models.Index(fields=["received_at"], name="csp_report_by_time")],
            },
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("caller", models.CharField(max_length=100)),
                ("key", models.CharField(max_length=255)),
                ("request_sha256", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField()),
                ("headers", models.JSONField(default=dict)),
                ("body", models.BinaryField()),
                ("linked_to", models.CharField(blank=True, default="", max_length=100)),
                ("created_at", models.DateTimeField()),
                ("keep_until", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["keep_until"], name="idempotency_by_end"),
                    models.Index(
                        condition=models.Q(("linked_to", ""), _negated=True),
                        fields=["linked_to"],
                        name="idempotency_by_link",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("caller", "key"),
                        name="idempotency_key_once",
                        violation_error_message="This caller has used this key.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__gte", 200),
                            ("status__lt", 500),
                            models.Q(("status", 429), _negated=True),
                        ),
                        name="idempotency_final_answers",
                        violation_error_message="Only answers that stay true are kept.",
                    ),
                ],
            },
        ),
    ]
