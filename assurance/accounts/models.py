"""Accounts, the persons behind them, what they were granted, and the clients that post cases.

An account is a way to sign in; a person is a human being. Every rule that says "somebody else"
compares persons, because one person may have two accounts.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from assurance.accounts.choices import Confirmation, Density, Role, Scope, Theme
from assurance.accounts.querysets import (
    ApiKeyQuerySet,
    ClientQuerySet,
    GrantQuerySet,
    SignInQuerySet,
)
from assurance.dated import Dated
from assurance.record.history import History
from assurance.record.models import AppendOnly


class Person(Dated, models.Model):
    """One human being, known by a reference from outside: an HR number or an SSO subject."""

    ref = models.CharField(
        "reference",
        max_length=200,
        unique=True,
        validators=[
            RegexValidator(
                r"^[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?\Z",
                "Write the reference without spaces around it and without control characters.",
            )
        ],
        help_text="The HR number or SSO subject. Two accounts of one human share one person.",
        error_messages={
            "unique": "A person with this reference exists. Point the account to that person."
        },
    )
    name = models.CharField(max_length=200)
    active = models.BooleanField(
        default=True, help_text="Off: every account of this person is refused at once."
    )

    history = History()

    class Meta:
        ordering = ["name", "ref"]

    def __str__(self) -> str:
        return f"{self.name} ({self.ref})"


class User(AbstractUser):
    """An account: a way to sign in, and how its owner likes the pages."""

    person = models.ForeignKey(
        Person,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="accounts",
        help_text="The human behind this account. Nobody acts as lead, governance owner or "
        "incident lead without one.",
    )
    theme = models.CharField(max_length=5, choices=Theme, default=Theme.AUTO)
    density = models.CharField(max_length=11, choices=Density, default=Density.COMFORTABLE)
    shortcuts = models.BooleanField("keyboard shortcuts", default=True)
    wants_case_email = models.BooleanField("mail about my cases", default=False)
    # Sessions older than this take a new key on their next request.
    rights_changed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(theme__in=Theme.values),
                name="user_theme_known",
                violation_error_message="Choose a theme: auto, light or dark.",
            ),
            models.CheckConstraint(
                condition=Q(density__in=Density.values),
                name="user_density_known",
                violation_error_message="Choose a density: comfortable or compact.",
            ),
        ]

    @property
    def full_name_or_username(self) -> str:
        """What a page calls the owner of this account."""
        return self.get_full_name() or self.username

    @property
    def initials(self) -> str:
        """One or two capital letters for the round badge."""
        words = self.full_name_or_username.replace(".", " ").replace("_", " ").split()
        letters = [word[0] for word in (words[:1] + words[1:][-1:])]
        return "".join(letters).upper() or "?"


class Grant(Dated, models.Model):
    """A role given to a person, for one workflow or for all. Revoked, never deleted."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="grants")
    role = models.CharField(max_length=13, choices=Role)
    workflow = models.SlugField(
        max_length=100, blank=True, help_text="The workflow's slug; empty means all workflows."
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    granted_by_person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmation = models.CharField(
        max_length=10, choices=Confirmation, default=Confirmation.NOT_NEEDED
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_by_person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = GrantQuerySet.as_manager()
    history = History()

    class Meta:
        ordering = ["person", "role", "workflow", "-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role", "workflow"],
                condition=Q(revoked_at=None),
                name="grant_once_per_person_role_workflow",
                violation_error_message="This person holds this role there already.",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values),
                name="grant_role_known",
                violation_error_message=f"Choose a role: {', '.join(Role.values)}.",
            ),
            models.CheckConstraint(
                condition=Q(granted_by_person=None) | ~Q(granted_by_person=F("person")),
                name="grant_not_to_oneself",
                violation_error_message="Nobody changes their own grants. Ask somebody else.",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by_person=None)
                | ~Q(confirmed_by_person=F("person"))
                & (Q(granted_by_person=None) | ~Q(confirmed_by_person=F("granted_by_person"))),
                name="grant_confirmed_by_a_second_person",
                violation_error_message="A second person confirms: neither who granted it nor "
                "who receives it.",
            ),
            models.CheckConstraint(
                condition=Q(
                    confirmation=Confirmation.CONFIRMED,
                    confirmed_by_person__isnull=False,
                    confirmed_by__isnull=False,
                    confirmed_at__isnull=False,
                )
                | ~Q(confirmation=Confirmation.CONFIRMED)
                & Q(confirmed_by_person=None, confirmed_by=None, confirmed_at=None),
                name="grant_confirmed_iff_confirmer",
                violation_error_message="A grant names its confirmer exactly once it is confirmed.",
            ),
            models.CheckConstraint(
                condition=~Q(
                    role=Role.GOVERNANCE, workflow="", confirmation=Confirmation.NOT_NEEDED
                ),
                name="grant_of_all_governance_needs_two",
                violation_error_message="Governance of all workflows needs a second person.",
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")),
                name="grant_expires_after_it_begins",
                violation_error_message="The expiry lies before the grant. Choose a later moment.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person.name}: {self.get_role_display()} of {self.reach}"

    @property
    def reach(self) -> str:
        """Where the grant holds, in words."""
        return self.workflow or "all workflows"


class GrantCertification(models.Model):
    """Somebody else's word that a grant was still right. Never rewritten."""

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="certifications")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by_person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(by_person=F("person")),
                name="grant_not_certified_by_oneself",
                violation_error_message="Nobody confirms their own grants.",
            )
        ]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"{self.grant} confirmed {self.at:%Y-%m-%d}"


class Client(models.Model):
    """A system that posts cases: bound to workflows and scopes, known by its keys."""

    name = models.CharField(max_length=100, unique=True)
    workflows = ArrayField(
        models.SlugField(max_length=100),
        default=list,
        blank=True,
        help_text="Slugs, separated by commas. It reads and posts nothing outside of them.",
    )
    scopes = ArrayField(
        models.CharField(max_length=20, choices=Scope),
        default=list,
        blank=True,
        help_text=f"Any of {', '.join(Scope.values)}, separated by commas.",
    )
    active = models.BooleanField(default=True, help_text="Off: all its keys are refused at once.")

    objects = ClientQuerySet.as_manager()
    history = History()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values),
                name="client_scopes_known",
                violation_error_message=f"Use only these scopes: {', '.join(Scope.values)}.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """One key of a client. Only the SHA-256 of its secret is kept; it was shown once."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="keys")
    key_id = models.CharField(max_length=16, unique=True)
    secret_sha256 = models.CharField(max_length=64)
    # Two keys may live side by side while a system moves from one to the other, never three.
    slot = models.PositiveSmallIntegerField(default=1, choices=[(1, "first"), (2, "second")])
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    leaked_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was first seen in an address. Replace it."
    )

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=Q(slot__in=[1, 2]),
                name="apikey_slot_one_or_two",
                violation_error_message="A client has two living keys at most. Revoke one first.",
            ),
            models.UniqueConstraint(
                fields=["client", "slot"],
                condition=Q(revoked_at=None),
                name="apikey_two_live_at_most",
                violation_error_message="A client has two living keys at most. Revoke one first.",
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")),
                name="apikey_expires_after_it_begins",
                violation_error_message="The expiry lies before the key. Choose a later moment.",
            ),
        ]

    def __str__(self) -> str:
        return f"cm_live_{self.key_id}_…"


class SignIn(models.Model):
    """One browser where an account is signed in, so its owner can see it and end it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    browser = models.CharField(max_length=200, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)

    objects = SignInQuerySet.as_manager()

    class Meta:
        ordering = ["-last_seen_at"]

    def __str__(self) -> str:
        return f"{self.user} since {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def browser_name(self) -> str:
        """“Firefox on Linux”, as far as the browser says so."""
        programs = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome"}
        machines = {"Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "iPad": "iPad"}
        programs |= {"Safari/": "Safari"}
        machines |= {"Mac OS": "macOS", "Linux": "Linux"}
        program = next((name for sign, name in programs.items() if sign in self.browser), None)
        machine = next((name for sign, name in machines.items() if sign in self.browser), None)
        if program is None:
            return self.browser[:60] or "Unknown browser"
        return f"{program} on {machine}" if machine else program
