import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import assurance.dated

# A number is read out on the phone: short, unique, never reused. Gaps are harmless.
SEQUENCE = "CREATE SEQUENCE incidents_incident_number"
NEVER_DELETED = """BEGIN
    RAISE EXCEPTION 'Cannot delete rows of %: they are kept', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END"""
NEVER_REWRITTEN = """BEGIN
    IF to_jsonb(NEW) - ARRAY[{columns}] IS DISTINCT FROM
       to_jsonb(OLD) - ARRAY[{columns}] THEN
        RAISE EXCEPTION 'Cannot update rows of %: only {spoken} may change',
            TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END"""
INCIDENT = [
    "title",
    "summary",
    "finding",
    "severity",
    "state",
    "lead_id",
    "death",
    "health",
    "infrastructure",
    "rights",
    "property_or_environment",
    "widespread",
    "personal_data",
    "occurred_at",
    "first_signal_at",
    "aware_at",
    "contained_at",
    "corrected_at",
    "closed_at",
    "ended_reason",
]
AFFECTED = [
    "kind",
    "remedy",
    "remedy_reason",
    "remedied_by_id",
    "remedied_at",
]


def _kept(columns: list[str]) -> str:
    listed = ", ".join(f"'{column}'" for column in columns)
    return NEVER_REWRITTEN.format(columns=listed, spoken=", ".join(columns))


# By the name of the trigger: `incidents_<name>()`.
BODIES = {
    "never_deleted": NEVER_DELETED,
    "never_rewritten": _kept(INCIDENT),
    "affected_never_deleted": NEVER_DELETED,
    "affected_never_rewritten": _kept(AFFECTED),
}


def _function(name: str, body: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE FUNCTION incidents_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
        f"DROP FUNCTION incidents_{name}()",
    )


class Migration(migrations.Migration):
    """Incidents, their cases, notes and first acts.

    Why        What went wrong under control is kept with the control behaviour that let it happen.
    This step  Makes the tables, the number's sequence, and the functions of the guards: no row
               goes, notes and acts are written once.
    Backwards  Drops them, and what they hold.
    """

    initial = True

    dependencies = [
        ("accounts", "0002_certifications"),
        ("controls", "0006_guards"),
        ("delivery", "0001_initial"),
        ("record", "0001_initial"),
        ("reviews", "0004_verifying"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(SEQUENCE, "DROP SEQUENCE incidents_incident_number"),
        *(_function(name, body) for name, body in BODIES.items()),
        migrations.CreateModel(
            name="HistoricalIncident",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField(db_index=True, editable=False)),
                ("title", models.CharField(max_length=200)),
                ("summary", models.TextField(blank=True, help_text="What is known of it so far.")),
                (
                    "finding",
                    models.TextField(blank=True, help_text="What failed in the runtime path."),
                ),
                (
                    "severity",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "1, critical"),
                            (2, "2, major"),
                            (3, "3, minor"),
                            (4, "4, slight"),
                        ]
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("detected", "Detected"),
                            ("triaged", "Triaged"),
                            ("contained", "Contained"),
                            ("investigating", "Investigating"),
                            ("correcting", "Correcting"),
                            ("closed", "Closed"),
                            ("rejected", "Rejected"),
                            ("reopened", "Reopened"),
                        ],
                        default="detected",
                        max_length=14,
                    ),
                ),
                (
                    "death",
                    models.BooleanField(
                        default=False, verbose_name="A person died, or may have died of it"
                    ),
                ),
                (
                    "health",
                    models.BooleanField(
                        default=False, verbose_name="Serious harm to a person's health"
                    ),
                ),
                (
                    "infrastructure",
                    models.BooleanField(
                        default=False,
                        verbose_name="Serious and irreversible disruption of critical infrastructure",
                    ),
                ),
                (
                    "rights",
                    models.BooleanField(
                        default=False,
                        verbose_name="Infringement of obligations that protect fundamental rights",
                    ),
                ),
                (
                    "property_or_environment",
                    models.BooleanField(
                        default=False, verbose_name="Serious harm to property or the environment"
                    ),
                ),
                (
                    "widespread",
                    models.BooleanField(default=False, verbose_name="Widespread infringement"),
                ),
                (
                    "personal_data",
                    models.BooleanField(default=False, verbose_name="Personal data breach"),
                ),
                ("occurred_at", models.DateTimeField(blank=True, null=True)),
                ("first_signal_at", models.DateTimeField(blank=True, null=True)),
                ("detected_at", models.DateTimeField(help_text="When it was opened here.")),
                (
                    "aware_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When we became aware of it. Legal clocks run from here.",
                        null=True,
                    ),
                ),
                ("contained_at", models.DateTimeField(blank=True, null=True)),
                ("corrected_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended_reason",
                    models.TextField(blank=True, help_text="Why it was closed or rejected."),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.TextField(null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "alert",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.alert",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.client",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="controls.workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical incident",
                "verbose_name_plural": "historical incidents",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField(editable=False, unique=True)),
                ("title", models.CharField(max_length=200)),
                ("summary", models.TextField(blank=True, help_text="What is known of it so far.")),
                (
                    "finding",
                    models.TextField(blank=True, help_text="What failed in the runtime path."),
                ),
                (
                    "severity",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "1, critical"),
                            (2, "2, major"),
                            (3, "3, minor"),
                            (4, "4, slight"),
                        ]
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("detected", "Detected"),
                            ("triaged", "Triaged"),
                            ("contained", "Contained"),
                            ("investigating", "Investigating"),
                            ("correcting", "Correcting"),
                            ("closed", "Closed"),
                            ("rejected", "Rejected"),
                            ("reopened", "Reopened"),
                        ],
                        default="detected",
                        max_length=14,
                    ),
                ),
                (
                    "death",
                    models.BooleanField(
                        default=False, verbose_name="A person died, or may have died of it"
                    ),
                ),
                (
                    "health",
                    models.BooleanField(
                        default=False, verbose_name="Serious harm to a person's health"
                    ),
                ),
                (
                    "infrastructure",
                    models.BooleanField(
                        default=False,
                        verbose_name="Serious and irreversible disruption of critical infrastructure",
                    ),
                ),
                (
                    "rights",
                    models.BooleanField(
                        default=False,
                        verbose_name="Infringement of obligations that protect fundamental rights",
                    ),
                ),
                (
                    "property_or_environment",
                    models.BooleanField(
                        default=False, verbose_name="Serious harm to property or the environment"
                    ),
                ),
                (
                    "widespread",
                    models.BooleanField(default=False, verbose_name="Widespread infringement"),
                ),
                (
                    "personal_data",
                    models.BooleanField(default=False, verbose_name="Personal data breach"),
                ),
                ("occurred_at", models.DateTimeField(blank=True, null=True)),
                ("first_signal_at", models.DateTimeField(blank=True, null=True)),
                ("detected_at", models.DateTimeField(help_text="When it was opened here.")),
                (
                    "aware_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When we became aware of it. Legal clocks run from here.",
                        null=True,
                    ),
                ),
                ("contained_at", models.DateTimeField(blank=True, null=True)),
                ("corrected_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended_reason",
                    models.TextField(blank=True, help_text="Why it was closed or rejected."),
                ),
                (
                    "alert",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="delivery.alert",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.client",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="controls.workflow",
                    ),
                ),
            ],
            options={
                "ordering": ["-number"],
            },
            bases=(assurance.dated.Dated, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalAffectedCase",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("trigger", "Trigger"),
                            ("affected", "Affected"),
                            ("similar", "Similar"),
                            ("cleared", "Cleared"),
                        ],
                        max_length=8,
                    ),
                ),
                ("added_at", models.DateTimeField()),
                (
                    "remedy",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("none_needed", "None needed"),
                            ("corrected", "Corrected"),
                            ("reversed", "Reversed"),
                            ("compensated", "Compensated"),
                            ("informed", "Informed"),
                        ],
                        max_length=12,
                    ),
                ),
                ("remedy_reason", models.TextField(blank=True)),
                ("remedied_at", models.DateTimeField(blank=True, null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.TextField(null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "added_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="reviews.case",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "remedied_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="incidents.incident",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical affected case",
                "verbose_name_plural": "historical affected cases",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Containment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("pause", "Paused"),
                            ("tighten", "Tightened"),
                            ("reroute", "Rerouted"),
                        ],
                        max_length=8,
                    ),
                ),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "change",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="controls.controlchange",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="containments",
                        to="incidents.incident",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="AffectedCase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("trigger", "Trigger"),
                            ("affected", "Affected"),
                            ("similar", "Similar"),
                            ("cleared", "Cleared"),
                        ],
                        max_length=8,
                    ),
                ),
                ("added_at", models.DateTimeField()),
                (
                    "remedy",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("none_needed", "None needed"),
                            ("corrected", "Corrected"),
                            ("reversed", "Reversed"),
                            ("compensated", "Compensated"),
                            ("informed", "Informed"),
                        ],
                        max_length=12,
                    ),
                ),
                ("remedy_reason", models.TextField(blank=True)),
                ("remedied_at", models.DateTimeField(blank=True, null=True)),
                (
                    "added_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="reviews.case",
                    ),
                ),
                (
                    "remedied_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="incidents.incident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IncidentNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField()),
                ("about_at", models.DateTimeField(help_text="When what it tells happened.")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "corrects",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrected_by",
                        to="incidents.incidentnote",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to="incidents.incident",
                    ),
                ),
            ],
            options={
                "ordering": ["about_at", "pk"],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="historicalincident",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="record_append_only()",
                    func="RAISE EXCEPTION 'The record is append-only: % on % is refused. Record a new event instead.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';",
                    hash="ad05363fb30cd0c8cceeb4ddba3186825294d532",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_e09c9",
                    table="incidents_historicalincident",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["workflow", "state"], name="incident_workflow_state"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["workflow", "detected_at"], name="incident_workflow_at"),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", False), ("state__in", ("closed", "rejected"))),
                    models.Q(
                        models.Q(("state__in", ("closed", "rejected")), _negated=True),
                        ("closed_at", None),
                    ),
                    _connector="OR",
                ),
                name="incident_over_has_its_time",
                violation_error_message="An incident has a time of its end when it is over.",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "closed"), _negated=True),
                    models.Q(("finding", ""), _negated=True),
                    _connector="OR",
                ),
                name="incident_closed_has_a_finding",
                violation_error_message="A closed incident says what failed.",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(("severity__in", [1, 2, 3, 4])),
                name="incident_severity_known",
                violation_error_message="Severity is 1, 2, 3 or 4.",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="incident",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="incidents_never_deleted()",
                    func="\n    RAISE EXCEPTION 'Cannot delete rows of %: they are kept', TG_TABLE_NAME\n        USING ERRCODE = 'restrict_violation';\n",
                    hash="392b2fcb02f141169fbb4218e54fc8975ff0a15e",
                    level="STATEMENT",
                    operation="DELETE OR TRUNCATE",
                    pgid="pgtrigger_never_deleted_b8846",
                    table="incidents_incident",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="incident",
            trigger=pgtrigger.compiler.Trigger(
                name="never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="incidents_never_rewritten()",
                    func="\n    IF to_jsonb(NEW) - ARRAY['title', 'summary', 'finding', 'severity', 'state', 'lead_id', 'death', 'health', 'infrastructure', 'rights', 'property_or_environment', 'widespread', 'personal_data', 'occurred_at', 'first_signal_at', 'aware_at', 'contained_at', 'corrected_at', 'closed_at', 'ended_reason'] IS DISTINCT FROM\n       to_jsonb(OLD) - ARRAY['title', 'summary', 'finding', 'severity', 'state', 'lead_id', 'death', 'health', 'infrastructure', 'rights', 'property_or_environment', 'widespread', 'personal_data', 'occurred_at', 'first_signal_at', 'aware_at', 'contained_at', 'corrected_at', 'closed_at', 'ended_reason'] THEN\n        RAISE EXCEPTION 'Cannot update rows of %: only title, summary, finding, severity, state, lead_id, death, health, infrastructure, rights, property_or_environment, widespread, personal_data, occurred_at, first_signal_at, aware_at, contained_at, corrected_at, closed_at, ended_reason may change',\n            TG_TABLE_NAME USING ERRCODE = 'restrict_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="c3857fff2d4202c99825c7b110f67febb3fef4d7",
                    operation="UPDATE",
                    pgid="pgtrigger_never_rewritten_2bf4a",
                    table="incidents_incident",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="historicalaffectedcase",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="record_append_only()",
                    func="RAISE EXCEPTION 'The record is append-only: % on % is refused. Record a new event instead.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';",
                    hash="88123bbdf8e5356fed06b3e8196d77d9c42ec304",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_bebca",
                    table="incidents_historicalaffectedcase",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="containment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("change", None), ("kind", "pause")),
                    models.Q(models.Q(("kind", "pause"), _negated=True), ("change__isnull", False)),
                    _connector="OR",
                ),
                name="containment_names_its_change",
                violation_error_message="To tighten or reroute is a control change: name it.",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="containment",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="record_append_only()",
                    func="RAISE EXCEPTION 'The record is append-only: % on % is refused. Record a new event instead.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';",
                    hash="87b4228cbaa56d783158535a04682576c7db51c3",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_e3cf2",
                    table="incidents_containment",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="affectedcase",
            constraint=models.UniqueConstraint(
                fields=("incident", "case"),
                name="case_once_per_incident",
                violation_error_message="This case is on the list of the incident already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="affectedcase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("remedy", "none_needed"), _negated=True),
                    models.Q(("remedy_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="no_remedy_needs_a_reason",
                violation_error_message="“None needed” needs its reason.",
            ),
        ),
        migrations.AddConstraint(
            model_name="affectedcase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("remedied_at", None), ("remedy", "")),
                    models.Q(
                        models.Q(("remedy", ""), _negated=True), ("remedied_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="remedy_has_its_time",
                violation_error_message="A remedy has the moment when it was said.",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="affectedcase",
            trigger=pgtrigger.compiler.Trigger(
                name="affected_never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="incidents_affected_never_deleted()",
                    func="\n    RAISE EXCEPTION 'Cannot delete rows of %: they are kept', TG_TABLE_NAME\n        USING ERRCODE = 'restrict_violation';\n",
                    hash="03fd4dfa5c1541914b800a6798b5e56ea50c91e6",
                    level="STATEMENT",
                    operation="DELETE OR TRUNCATE",
                    pgid="pgtrigger_affected_never_deleted_fc7e0",
                    table="incidents_affectedcase",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="affectedcase",
            trigger=pgtrigger.compiler.Trigger(
                name="affected_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="incidents_affected_never_rewritten()",
                    func="\n    IF to_jsonb(NEW) - ARRAY['kind', 'remedy', 'remedy_reason', 'remedied_by_id', 'remedied_at'] IS DISTINCT FROM\n       to_jsonb(OLD) - ARRAY['kind', 'remedy', 'remedy_reason', 'remedied_by_id', 'remedied_at'] THEN\n        RAISE EXCEPTION 'Cannot update rows of %: only kind, remedy, remedy_reason, remedied_by_id, remedied_at may change',\n            TG_TABLE_NAME USING ERRCODE = 'restrict_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="32873fd5370ad26a8fe68eca7b22e4ee068282e4",
                    operation="UPDATE",
                    pgid="pgtrigger_affected_never_rewritten_ed467",
                    table="incidents_affectedcase",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="incidentnote",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    execute="record_append_only()",
                    func="RAISE EXCEPTION 'The record is append-only: % on % is refused. Record a new event instead.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';",
                    hash="eef4bdbf4564acab906eeef74e78bdf9937294f8",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_eb694",
                    table="incidents_incidentnote",
                    when="BEFORE",
                ),
            ),
        ),
    ]
