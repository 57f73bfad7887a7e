"""Customers as authored: checks, messages, round trips."""

import pytest

from basestock.network import (
    Goodwill,
    Item,
    Lane,
    NetworkError,
    Node,
    PriceResponse,
    ReturnFlow,
    Substitution,
    Supplier,
    SupplyNetwork,
    from_toml,
    load,
    save,
    to_toml,
)


def shop(**customers: object) -> SupplyNetwork:
    return SupplyNetwork(
        items=(Item("milk"), Item("cream")),
        nodes=(Node("shop"),),
        suppliers=(Supplier("dairy"),),
        lanes=(Lane("dairy", "shop"),),
        **customers,  # type: ignore[arg-type]
    )


FULL = {
    "responses": (PriceResponse("shop", "milk", 2.0, -1.5, law="logit", reference_share=0.4),),
    "substitutions": (Substitution("shop", "milk", "cream", 0.5),),
    "returns": (ReturnFlow("shop", "milk", 0.1, delay=3, restock_share=0.5),),
    "goodwill": (Goodwill("shop", "cream", memory=0.8),),
}


def test_round_trip_of_text_and_folder(tmp_path) -> None:
    network = shop(**FULL)
    assert from_toml(to_toml(network)) == network
    save(network, tmp_path)
    assert load(tmp_path) == network


@pytest.mark.parametrize(
    ("part", "arguments", "message"),
    [
        (PriceResponse, ("shop", "milk", 2.0, 0.5), "elasticity is 0.5, must be a number <= 0"),
        (PriceResponse, ("shop", "milk", 0.0, -1.0), "reference_price is 0.0, must be"),
        (Substitution, ("shop", "milk", "milk", 0.5), "substitute is 'milk', must differ from the item"),
        (Substitution, ("shop", "milk", "cream", 1.5), "share is 1.5, must be a share"),
        (ReturnFlow, ("shop", "milk", 0.5, 0), "delay is 0, must be a whole number of periods >= 1"),
        (Goodwill, ("shop", "milk", 1.0), "memory is 1.0, must be a share"),
    ],
)
def test_wrong_attributes_are_named(part, arguments, message: str) -> None:
    with pytest.raises(NetworkError, match=message.replace("(", r"\(")):
        part(*arguments)


def test_bounds_and_shares_must_agree() -> None:
    with pytest.raises(NetworkError, match=r"lowest_price is 3.0, must be <= reference_price"):
        PriceResponse("shop", "milk", 2.0, -1.0, lowest_price=3.0)
    with pytest.raises(NetworkError, match=r"the sum of share and overtime_share is 1.1"):
        ReturnFlow("shop", "milk", 0.6, overtime_share=0.5)
    with pytest.raises(NetworkError, match=r"reference_share and competitor_share is 1.1"):
        PriceResponse("shop", "milk", 2.0, -1.0, law="logit", reference_share=0.6, competitor_share=0.5)


def test_unknown_places_and_repeated_entries_are_all_reported() -> None:
    with pytest.raises(NetworkError) as caught:
        shop(
            responses=(PriceResponse("shop", "mulk", 2.0, -1.0), PriceResponse("shop", "mulk", 2.0, -1.0)),
            goodwill=(Goodwill("stop", "milk"),),
        )
    text = str(caught.value)
    assert "Did you mean 'milk'?" in text
    assert "must occur once" in text
    assert "Goodwill 'milk at stop': node is 'stop'" in text


def test_shares_of_all_substitutes_stay_below_one() -> None:
    pairs = (Substitution("shop", "milk", "cream", 0.7), Substitution("shop", "milk", "butter", 0.7))
    with pytest.raises(NetworkError, match=r"the sum of share is 1.4, must be <= 1"):
        SupplyNetwork(
            items=(Item("milk"), Item("cream"), Item("butter")), nodes=(Node("shop"),), substitutions=pairs
        )
