"""Settings: one file, loud when wrong, safe when forgotten. Every value comes from the environment.

`manage.py up` and `manage.py test` set what they need. In production set SECRET_KEY,
DATABASE_URL, REDIS_URL, ALLOWED_HOSTS and COUNTERMARK_URL; `check --deploy` names the rest.
"""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from assurance import logs

ROOT = Path(__file__).resolve().parent.parent
env = Env()

# --- who we are -----------------------------------------------------------------------------
DEBUG = False
SECRET_KEY = env.str("SECRET_KEY", "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. `manage.py up` makes one; in production set your own."
    )
# Plain http on loopback, as `up` and `test` serve it: no Secure cookies, no redirect, no HSTS.
PLAIN_HTTP = env.bool("COUNTERMARK_PLAIN_HTTP", False)
COUNTERMARK_URL = env.str("COUNTERMARK_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [COUNTERMARK_URL]

ROOT_URLCONF = "assurance.urls"
WSGI_APPLICATION = "assurance.wsgi.application"
INSTALLED_APPS = [
    "assurance.accounts.admin_config.CountermarkAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_filters",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "lucide",
    "pgtrigger",
    "rest_framework",
    "simple_history",
    "assurance.api",
    "assurance.record",
    "assurance.accounts",
    "assurance.delivery",
    "assurance.controls",
    "assurance.monitoring",
    "reviews",
    "incidents",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "assurance.api.middleware.ApiGateMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "assurance.accounts.middleware.SessionLifetimeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "reviews.context.shell",
            ]
        },
    }
]

# --- PostgreSQL: the only truth -------------------------------------------------------------
DATABASES = {
    "default": env.dj_db_url("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
}
DATABASES["default"] |= {
    "CONN_MAX_AGE": None,
    "CONN_HEALTH_CHECKS": True,
    "ATOMIC_REQUESTS": False,
}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        "connect_timeout": 3,
        "tcp_user_timeout": 10_000,
        "options": "-c statement_timeout=15s -c lock_timeout=3s"
        " -c idle_in_transaction_session_timeout=30s -c timezone=UTC",
    }
)

if env.bool("COUNTERMARK_PREPARED_STATEMENTS", True):
    # PostgreSQL plans a statement that comes again and again only once. Off behind a pooler that
    # hands a connection to another after each transaction.
    DATABASES["default"]["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 5}

# --- Redis or Valkey: a doorbell and a cache, nothing that may not be lost --------------------
REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "assurance.api.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cm",
        # A request may never wait for a lost Redis: 0.2 s, then on without it.
        "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
    }
}
CELERY_BROKER_URL = REDIS_URL  # the rest of Celery's is in celery.py

# --- people and sessions ----------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["assurance.accounts.backends.PersonBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/queues/"
ACCOUNT_ADAPTER = "assurance.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "10/m/ip,5/5m/key"}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = int(timedelta(minutes=30).total_seconds())  # idle
SESSION_ABSOLUTE_AGE = timedelta(hours=10)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "assurance.accounts.views.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not PLAIN_HTTP
if not PLAIN_HTTP:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^api/", r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds())
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
COUNTERMARK_BEHIND_PROXY = env.bool("COUNTERMARK_BEHIND_PROXY", False)
if COUNTERMARK_BEHIND_PROXY:  # only where a proxy sets this header itself
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- what a browser may do ----------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "report-uri": ["/csp-reports/"],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
STATIC_ROOT = Path(env.str("COUNTERMARK_STATIC", str(ROOT / ".countermark-static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str("COUNTERMARK_STATICFILES", "assurance.assets.ModuleManifestStorage")
    },
}

# --- REST -------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "assurance.accounts.authentication.ApiKeyAuthentication",
        "assurance.accounts.authentication.PersonAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["assurance.api.permissions.DenyAll"],
    "DEFAULT_THROTTLE_CLASSES": ["assurance.api.throttling.CallerRate"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["assurance.api.parsing.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "assurance.api.negotiation.JSONOnly",
    "EXCEPTION_HANDLER": "assurance.api.problems.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Countermark",
    "VERSION": "v1",
    "POSTPROCESSING_HOOKS": ["assurance.api.description.complete"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/static/favicon.svg",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "OAS_VERSION": "3.1.0",
    "ENUM_NAME_OVERRIDES": {"DispositionEnum": "assurance.controls.choices.Disposition"},
}

# --- checkpoints of the record: what signs them, and where they are published -------------------
COUNTERMARK_DATA = env.str("COUNTERMARK_DATA", "")
COUNTERMARK_SIGNING_KEY = env.str("COUNTERMARK_SIGNING_KEY", "")
COUNTERMARK_FORMER_KEYS: list[str] = env.list("COUNTERMARK_FORMER_KEYS", [])
COUNTERMARK_ANCHOR = env.str("COUNTERMARK_ANCHOR", "")
COUNTERMARK_WITNESSES: list[str] = env.list("COUNTERMARK_WITNESSES", [])

# --- delivery -------------------------------------------------------------------------------------
COUNTERMARK_ALLOWED_NETWORKS: list[str] = env.list("COUNTERMARK_ALLOWED_NETWORKS", [])
COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = env.bool("COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS", False)
COUNTERMARK_CA_BUNDLE = env.str("COUNTERMARK_CA_BUNDLE", "")
COUNTERMARK_EGRESS_PROXY = env.str("COUNTERMARK_EGRESS_PROXY", "")
# Requests a second that one caller may make of the REST API before it is told to wait.
COUNTERMARK_RATE = env.int("COUNTERMARK_RATE", 600)
COUNTERMARK_METRICS_TOKEN = env.str("COUNTERMARK_METRICS_TOKEN", "")
EMAIL_CONFIG = env.dj_email_url("EMAIL_URL", "consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "countermark@localhost")

# --- language, time, logs ----------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True
DJANGO_STRUCTLOG_CELERY_ENABLED = False
PROMETHEUS_EXPORT_MIGRATIONS = False
LOGGING = logs.configuration(env.str("LOG_LEVEL", "INFO"))
