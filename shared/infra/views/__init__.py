"""Views: tables folded from logs by SQL in files; live, filled anew, or as of a moment."""

from shared.infra.views.filling import ViewUnfillable
from shared.infra.views.reading import Reached, Reading
from shared.infra.views.view import View
from shared.infra.views.views import ViewAway, Views

__all__ = ["Reached", "Reading", "View", "ViewAway", "ViewUnfillable", "Views"]
