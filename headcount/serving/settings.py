"""Django's settings where pages are served: those of the control store, and what browsers need.

What signs cookies and how they are named depends on the home: ``headcount.control.signing`` and ``serving.cookies``
fill that in.
"""

from __future__ import annotations

import os

from headcount.control.settings import *  # noqa: F403  (Django's settings are names in a module)

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "headcount.control",
    "headcount.web",
    "headcount.api",
    "ninja",  # the page about the API, and its assets
    "django_htmx",
    "django.contrib.staticfiles",
]

PUBLIC_URL = os.environ.get("HEADCOUNT_PUBLIC_URL", "")  # where people reach the pages, behind a proxy
SANDBOX_URL = ""  # of the sandbox that was started with the pages, if one was
_HTTPS = PUBLIC_URL.startswith("https://")

ROOT_URLCONF = "headcount.serving.urls"
MIDDLEWARE = [
    "headcount.serving.log.RequestLog",
    "headcount.web.headers.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "headcount.serving.cookies.OnlyOurs",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "headcount.web.access.SignedIn",
    "headcount.serving.legible.Legible",
    "django_htmx.middleware.HtmxMiddleware",
    "headcount.web.trouble.Troubles",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "headcount.web.frame.frame",
            ],
            "builtins": ["headcount.web.templatetags.words", "django.templatetags.static"],
        },
    }
]
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # served from the installed packages; nothing has to be collected
WHITENOISE_MAX_AGE = 3600

LOGIN_URL = "sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {"user_attributes": ("username", "name")}),
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]

SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = _HTTPS
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL.rstrip("/")] if PUBLIC_URL else []
CSRF_FAILURE_VIEW = "headcount.web.trouble.stale_form"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000  # forms are text; nothing is uploaded
DATA_UPLOAD_MAX_NUMBER_FILES = 0
API_REQUESTS_PER_MINUTE = int(os.environ.get("HEADCOUNT_API_REQUESTS_PER_MINUTE", "1200"))  # for each token
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000  # a sync may have 300 mappings of several inputs each
