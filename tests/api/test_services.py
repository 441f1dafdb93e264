"""What connections can be made to, with the fields that forms and checks come from."""

from __future__ import annotations

from headcount.project.kinds import KINDS
from tests.api.caller import Caller


def test_every_type_is_listed_with_the_fields_it_declares(owner: Caller) -> None:
    sources, connectors = owner.get("/source_types").data, owner.get("/connectors").data
    assert [each["service_name"] for each in connectors] == ["customerio"]
    assert {each["service_name"] for each in sources + connectors} == set(KINDS)
    for each in sources + connectors:
        kind = KINDS[each["service_name"]]
        assert [field["name"] for field in each["configuration_fields"]] == [f.name for f in kind.fields]
        assert [f["name"] for f in each["configuration_fields"] if f["secret"]] == list(kind.secrets)
        assert each["models"] == list(kind.models)
