"""The tables of the control store, one file for each noun. Call ``headcount.control.setup.setup`` first."""

from headcount.control.models.alert import Alert, AlertRule
from headcount.control.models.attempt import Attempt
from headcount.control.models.audit import Audit
from headcount.control.models.connection import Connection
from headcount.control.models.exchange import Exchange
from headcount.control.models.form_step import FormStep
from headcount.control.models.lineage import Lineage
from headcount.control.models.masked import MaskedColumn
from headcount.control.models.model import Model
from headcount.control.models.origin import Origin
from headcount.control.models.outlet import Delivery, Outlet
from headcount.control.models.receipt import Intent, Receipt
from headcount.control.models.rejected import Invalid, Rejected, RejectedGroup
from headcount.control.models.run import Run
from headcount.control.models.secret import Secret
from headcount.control.models.setting import Setting
from headcount.control.models.stream import Stream
from headcount.control.models.sync import Sync
from headcount.control.models.tally import Tally
from headcount.control.models.timetable import Timetable
from headcount.control.models.token import ApiToken
from headcount.control.models.user import Role, User

__all__ = [
    "Alert",
    "AlertRule",
    "ApiToken",
    "Attempt",
    "Audit",
    "Connection",
    "Delivery",
    "Exchange",
    "FormStep",
    "Intent",
    "Invalid",
    "Lineage",
    "MaskedColumn",
    "Model",
    "Origin",
    "Outlet",
    "Receipt",
    "Rejected",
    "RejectedGroup",
    "Role",
    "Run",
    "Secret",
    "Setting",
    "Stream",
    "Sync",
    "Tally",
    "Timetable",
    "User",
]
