"""Settings: every field says what it must be, and nothing else is taken, wherever it comes from."""

import dataclasses

import pytest

from basestock.learning import ALGORITHMS, SettingError
from basestock.learning.pathwise import PathwiseConfig
from basestock.learning.settings import Settings, rule_of

WRONG = [
    ("pathwise", {"pathes": 3}, "pathwise: 'pathes' unknown, must be one of seconds, updates"),
    ("pathwise", {"paths": "many"}, "paths is 'many', must be a whole number >= 1. Correct the setting."),
    ("pathwise", {"paths": -1}, "paths is -1, must be a whole number >= 1"),
    ("pathwise", {"paths": 2.0}, "paths is 2.0, must be a whole number >= 1"),
    ("pathwise", {"paths": True}, "paths is True"),
    ("pathwise", {"seconds": True}, "seconds is True, must be a finite number > 0"),
    ("pathwise", {"seconds": 0}, "seconds is 0, must be a finite number > 0"),
    ("pathwise", {"seconds": float("inf")}, "seconds is inf"),
    ("pathwise", {"learning_rate": float("nan")}, "learning_rate is nan"),
    ("pathwise", {"learning_rate": 10**400}, "must be a finite number > 0"),
    ("pathwise", {"updates": 0}, "updates is 0, must be a whole number >= 1"),
    ("pathwise", {"updates": "all"}, "updates is 'all'"),
    ("pathwise", {"hidden": [0]}, r"hidden is \[0\], must be whole numbers >= 1"),
    ("pathwise", {"hidden": []}, r"hidden is \[\], must be whole numbers >= 1, at least one"),
    ("pathwise", {"hidden": 32}, "hidden is 32"),
    ("pathwise", {"momentum": 1.0}, r"momentum is 1.0, must be a number in \[0, 1\)"),
    ("ppo", {"actions": "some"}, "actions is 'some', must be one of continuous, multi_discrete, discrete"),
    ("ppo", {"discount": 0.0}, r"discount is 0.0, must be a number in \(0, 1\]"),
    ("dqn", {"double": 1}, "double is 1, must be true or false"),
    ("dqn", {"levels": 1}, "levels is 1, must be a whole number >= 2"),
    ("sac", {"entropy": "low"}, "entropy is 'low', must be a finite number"),
]


@pytest.mark.parametrize(("name", "given", "told"), WRONG, ids=[str(each[1])[:30] for each in WRONG])
def test_a_wrong_setting_is_refused(name: str, given: dict[str, object], told: str) -> None:
    with pytest.raises(SettingError, match=told):
        ALGORITHMS[name].configured(given)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SettingError, match=r"hidden is .*; paths is .*; seconds is .*Correct the settings\."):
        ALGORITHMS["pathwise"].configured({"paths": 0, "seconds": -1, "hidden": ["a"]})


def test_settings_are_checked_in_python_too() -> None:
    with pytest.raises(SettingError, match="PathwiseConfig: paths is -1"):
        PathwiseConfig(paths=-1)
    with pytest.raises(SettingError, match="updates is -3"):
        dataclasses.replace(PathwiseConfig(), updates=-3)


def test_settings_take_the_type_of_their_field() -> None:
    config = ALGORITHMS["pathwise"].configured({"seconds": 5, "hidden": [8, 8], "final_rate": 0})
    assert config.seconds == 5.0 and isinstance(config.seconds, float) and config.hidden == (8, 8)
    assert isinstance(config.final_rate, float)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_defaults_follow_their_rules(name: str) -> None:
    config = ALGORITHMS[name].configured({})
    assert isinstance(config, Settings)
    assert ALGORITHMS[name].configured(dataclasses.asdict(config)) == config
    assert all(rule_of(field.type).told for field in dataclasses.fields(config))
