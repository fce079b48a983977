"""The route label: the template of the route that a request was for, in any framework, and the label of its method."""

from inflight.routes.method import method_label
from inflight.routes.routes import UNMATCHED, Routes

__all__ = ["UNMATCHED", "Routes", "method_label"]
