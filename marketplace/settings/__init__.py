"""Django's settings. What differs between machines comes from `environment`; the rest stands here."""

import celery.schedules  # noqa: F401  (fails early when the lock file was not installed)
from django.utils.translation import gettext_lazy as _
from oscar.defaults import *  # noqa: F403

from marketplace.settings.environment import ROOT, read_environment

ENV = read_environment()

SECRET_KEY = ENV.secret_key
CREDENTIALS_KEYS = ENV.credentials_keys  # see marketplace.organisations.sealed
DEBUG = ENV.debug
IS_DEMO = ENV.is_demo
ALLOWED_HOSTS = ENV.allowed_hosts
CSRF_TRUSTED_ORIGINS = ENV.csrf_trusted_origins
ROOT_URLCONF = "marketplace.urls"
WSGI_APPLICATION = "marketplace.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "organisations.User"
SITE_ID = 1

INSTALLED_APPS = [
    # bed
    "marketplace.organisations",
    "billing.ledger",
    # banks
    "providers.apps.ProvidersConfig",
    "providers.documents",
    "providers.onboarding",
    "providers.service",
    "providers.webhooks",
    "providers.fulfilment",
    "providers.provisioning",
    "listings.apps.ListingsConfig",
    "listings.reviews.apps.ReviewsConfig",
    "marketplace.procurement",
    # river
    "billing.contracts",
    "billing.metering",
    "billing.rating",
    "billing.invoicing",
    "billing.payments",
    "billing.payments.gateways",
    "billing.payments.statements",
    "billing.payments.dunning",
    "billing.settlement",
    "billing.exports",
    "marketplace.statistics",
    # doors
    "marketplace.api",
    "marketplace.demo.apps.DemoConfig",
    "marketplace.shop.apps.Shop",
    "marketplace.shop.analytics.apps.AnalyticsConfig",
    "marketplace.shop.basket.apps.BasketConfig",
    "marketplace.shop.checkout.apps.CheckoutConfig",
    "marketplace.shop.offer.apps.OfferConfig",
    "marketplace.shop.order.apps.OrderConfig",
    "frontend",
    # Django
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.contrib.flatpages",
    "django.contrib.postgres",
    # Oscar: none of these can be left out; what is not wanted is hidden by marketplace.shop
    "oscar.apps.shipping.apps.ShippingConfig",
    "oscar.apps.communication.apps.CommunicationConfig",
    "oscar.apps.payment.apps.PaymentConfig",
    "oscar.apps.address.apps.AddressConfig",
    "oscar.apps.customer.apps.CustomerConfig",
    "oscar.apps.search.apps.SearchConfig",
    "oscar.apps.voucher.apps.VoucherConfig",
    "oscar.apps.wishlists.apps.WishlistsConfig",
    "oscar.apps.dashboard.apps.DashboardConfig",
    "oscar.apps.dashboard.reports.apps.ReportsDashboardConfig",
    "oscar.apps.dashboard.users.apps.UsersDashboardConfig",
    "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig",
    "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig",
    "oscar.apps.dashboard.offers.apps.OffersDashboardConfig",
    "oscar.apps.dashboard.partners.apps.PartnersDashboardConfig",
    "oscar.apps.dashboard.pages.apps.PagesDashboardConfig",
    "oscar.apps.dashboard.ranges.apps.RangesDashboardConfig",
    "oscar.apps.dashboard.reviews.apps.ReviewsDashboardConfig",
    "oscar.apps.dashboard.vouchers.apps.VouchersDashboardConfig",
    "oscar.apps.dashboard.communications.apps.CommunicationsDashboardConfig",
    "oscar.apps.dashboard.shipping.apps.ShippingDashboardConfig",
    "treebeard",
    "sorl.thumbnail",
    "django_tables2",
    "widget_tweaks",
    # libraries
    "django_cotton.apps.SimpleAppConfig",
    "django_htmx",
    "django_vite",
    "lucide",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "frontend.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "marketplace.organisations.middleware.ActorMiddleware",
    "marketplace.shop.middleware.BasketMiddleware",
    "frontend.tray.TrayMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "frontend" / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "frontend.context.frame",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "django.templatetags.i18n",
                "django.templatetags.static",
                "frontend.templatetags.marketplace_ui",
            ],
        },
    }
]

# --- people and their sessions ---------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = ENV.https
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_SECURE = ENV.https
CSRF_FAILURE_VIEW = "frontend.pages.errors.csrf_failure"
SECURE_SSL_REDIRECT = ENV.https
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if ENV.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENV.https
SECURE_HSTS_PRELOAD = ENV.https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.https else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- storage ---------------------------------------------------------------------------------------
DATABASES = {
    "default": {
        **ENV.database,
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {
            **ENV.database.get("OPTIONS", {}),
            "options": "-c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s",
            "connect_timeout": 5,
        },
    }
}
CACHES = {
    "default": {
        "BACKEND": "marketplace.cache.SharedCache",
        "LOCATION": ENV.cache_url,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        "KEY_PREFIX": "marketplace",
        "TIMEOUT": 300,
    }
}
# The back office logs in by the form that limits tries.
UNFOLD = {"LOGIN": {"image": None, "redirect_after": None, "form": "frontend.log_in.BackOfficeLogInForm"}}
MEDIA_ROOT = ENV.media_root
STATIC_URL = "/static/"
STATIC_ROOT = ENV.static_root
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "frontend.storage.StaticStorage"},
}
WHITENOISE_USE_FINDERS = ENV.name != "production"
# names with Vite's hash or Django's never change
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/(build/assets/.+-[\w-]{8}|.+\.[0-9a-f]{12})\.\w+$"
DJANGO_VITE = {
    "default": {
        "dev_mode": False,
        "manifest_path": ROOT / "frontend" / "static" / "build" / "manifest.json",
        "static_url_prefix": "build",
    }
}
COTTON_DIR = "cotton"
COTTON_ISOLATE_BY_DEFAULT = True  # a component sees its own attributes, not the page's variables
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- language and time: people live in Asia/Shanghai, the database in UTC -----------------------------
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [ROOT / "frontend" / "locale"]
FORMAT_MODULE_PATH = ["frontend.formats"]
USE_THOUSAND_SEPARATOR = True

# --- Oscar -----------------------------------------------------------------------------------------
OSCAR_SHOP_NAME = "云资源交易市场"
OSCAR_DEFAULT_CURRENCY = "CNY"
OSCAR_REQUIRED_ADDRESS_FIELDS: tuple[str, ...] = ()
OSCAR_ALLOW_ANON_CHECKOUT = False
OSCAR_ALLOW_ANON_REVIEWS = False
OSCAR_HIDDEN_FEATURES = ["reviews", "wishlists"]
OSCAR_INITIAL_ORDER_STATUS = "placed"
OSCAR_INITIAL_LINE_STATUS = "placed"
OSCAR_ORDER_STATUS_PIPELINE: dict[str, tuple[str, ...]] = {"placed": ()}
OSCAR_LINE_STATUS_PIPELINE: dict[str, tuple[str, ...]] = {"placed": ()}
OSCAR_MISSING_IMAGE_URL = "oscar/img/image_not_found.jpg"
OSCAR_SLUG_ALLOW_UNICODE = True
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
MIGRATION_MODULES = {
    # forks without fields of their own use Oscar's migrations
    "analytics": "oscar.apps.analytics.migrations",
    "basket": "oscar.apps.basket.migrations",
    "offer": "oscar.apps.offer.migrations",
    "order": "oscar.apps.order.migrations",
}

# --- background work ---------------------------------------------------------------------------------
CELERY_BROKER_URL = ENV.broker_url
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "retry_on_timeout": True,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {"advance": {"task": "marketplace.pipeline.advance_now", "schedule": 60.0}}
CELERY_BEAT_SCHEDULE_FILENAME = str(ROOT / ".private" / "celerybeat-schedule")

# --- API -------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["marketplace.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["marketplace.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": None,
    "EXCEPTION_HANDLER": "marketplace.api.errors.handle_exception",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Cloud resource marketplace API",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [],  # choices stand where they are used; many fields are called status
}

# --- what the operator may tune ------------------------------------------------------------------------
BILLING_GRACE_HOURS = 24  # usage of a month is accepted this long after its end before the month is rated
INVOICE_DUE_DAYS = 30
USAGE_CALLS_PER_MINUTE = 60_000  # of one API key to the address for usage events, over all processes
# How long a process remembers a key and a contract there: a revoked key works this much longer. Tests remember nothing.
USAGE_KEPT_SECONDS = 0 if ENV.name == "test" else 2
# Where buyers send their transfers; stands on every open invoice.
CLIENT_MONEY_BANK = ENV.client_money_bank
CLIENT_MONEY_ACCOUNT = ENV.client_money_account
# Payment services by name, each in one mode; see docs/payments.md. The address of this site as the services see it.
GATEWAYS = ENV.gateways
PUBLIC_URL = ENV.public_url
# host:port of receivers on this machine, for tests and the demo; production reads none (providers.connectors).
OUTBOUND_EXCEPTIONS = ENV.outbound_exceptions

EMAIL_CONFIG = ENV.email_url
vars().update(EMAIL_CONFIG)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"marketplace": {"level": "INFO"}, "billing": {"level": "INFO"}},
}
