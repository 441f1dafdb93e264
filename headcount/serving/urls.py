"""The root of all addresses."""

from __future__ import annotations

from headcount.web.trouble import failed, forbidden, not_found, unacceptable
from headcount.web.urls import urlpatterns as pages

urlpatterns = [*pages]

handler400 = unacceptable
handler403 = forbidden
handler404 = not_found
handler500 = failed
