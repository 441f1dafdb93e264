from __future__ import annotations

import pytest

from headcount.model import Behavior, FromColumn, Mapping, Model, NameStyle, Sync, Template
from headcount.names import styled
from headcount.service.masking import Mask
from headcount.service.veil import Veil, veil_over


def sync(*mappings: Mapping, key_column: str = "id", all_columns: NameStyle | None = None) -> Sync:
    return Sync(
        key="people",
        name="People",
        model=Model(key="users", name="Users", connection="company", table="users"),
        destination="production",
        object="person",
        behavior=Behavior.MIRROR,
        identifier="id",
        key_column=key_column,
        mappings=mappings,
        all_columns=all_columns,
    )


def test_masks_hold_regardless_of_case() -> None:
    mapped = sync(
        Mapping(to="contact", source=FromColumn("EMAIL")),
        Mapping(to="greeting", source=Template("Hi {{ record['eMail'] }}")),
        Mapping(to="plan", source=FromColumn("plan")),
        key_column="email",
    )
    veil = veil_over(mapped, Mask(names=frozenset({"Email"})))
    assert [name for name in ("contact", "greeting", "plan") if veil.hides(name)] == ["contact", "greeting"]
    assert veil.over_keys


@pytest.mark.parametrize("style", NameStyle)
def test_a_masked_column_is_hidden_under_every_name_that_sync_all_properties_gives_it(
    style: NameStyle,
) -> None:
    veil = veil_over(sync(all_columns=style), Mask(names=frozenset({"HOMEADDRESS"})))
    assert veil.hides(styled("homeAddress", style))
    assert not veil.hides(styled("home", style))


def test_nothing_of_a_model_that_cannot_be_told_is_shown() -> None:
    mapped = sync(Mapping(to="plan", source=FromColumn("tier")), all_columns=NameStyle.SNAKE)
    veil = veil_over(mapped, Mask(names=frozenset({"email"}), whole=True))
    assert veil.over_keys
    assert all(veil.hides(name) for name in ("plan", "attributes.plan", "anything", "id"))


def test_two_veils_hide_what_one_of_them_hides() -> None:
    one = Veil(fields=frozenset({"a"}), known=frozenset({"a", "b", "c"}))
    other = Veil(fields=frozenset({"b"}), known=frozenset({"b", "c", "d"}))
    assert [name for name in "abcde" if not (one | other).hides(name)] == ["c"]
    assert [name for name in "abcde" if not (one | Veil()).hides(name)] == ["b", "c"]
