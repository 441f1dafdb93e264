"""What becomes of each attribute: merge, null, time, exactness."""

import time


def test_null_removes_an_attribute_and_its_time(cio, item):
    cio.batch(item.identify("1", plan="free"))
    cio.batch(item.identify("1", plan=None, never=None))
    person = cio.person("1")
    assert "plan" not in person["attributes"]
    assert "plan" not in person["times"]
    assert "never" not in person["attributes"]


def test_an_empty_string_stays_unless_switched(cio, item):
    cio.batch(item.identify("1", plan=""))
    assert cio.person("1")["attributes"]["plan"] == ""
    cio.set(empty_string_unsets=True)
    cio.batch(item.identify("1", plan="", other=""))
    cio.batch(item.identify("1", plan="x"), item.identify("1", plan=""))
    assert "plan" not in cio.person("1")["attributes"]
    assert "other" not in cio.person("1")["attributes"]


def test_an_unchanged_value_keeps_its_time(cio, item):
    old = int(time.time()) - 1000
    cio.batch({**item.identify("1", plan="free", city="Rome"), "timestamp": old})
    cio.batch(item.identify("1", plan="free", city="Oslo"))
    times = cio.person("1")["times"]
    assert times["plan"] == old
    assert times["city"] > old


def test_an_older_timestamp_is_dropped_attribute_by_attribute_with_200(cio, item):
    now = int(time.time())
    cio.batch(item.identify("1", plan="pro"))
    stale = {**item.identify("1", plan="free", city="Rome"), "timestamp": now - 5000}
    assert cio.batch(stale).status == 200
    attributes = cio.person("1")["attributes"]
    assert (attributes["plan"], attributes["city"]) == ("pro", "Rome")
    [skipped] = cio.look("activities", type="skipped_update")["activities"]
    assert skipped["data"]["attributes"] == ["plan"]


def test_timestamps_that_are_no_unix_seconds_mean_now(cio, item):
    for odd in (1_700_000_000_000, "1700000000", -5, True):
        cio.batch({**item.identify("1", plan=str(odd)), "timestamp": odd})
        assert abs(cio.person("1")["times"]["plan"] - time.time()) < 5


def test_a_timestamp_among_v1_attributes_orders_updates(cio):
    cio.track("PUT", "/v1/customers/1", {"plan": "pro", "_timestamp": 2000})
    cio.track("PUT", "/v1/customers/1", {"plan": "free", "_timestamp": 1000})
    person = cio.person("1")
    assert person["attributes"]["plan"] == "pro"
    assert "_timestamp" not in person["attributes"]


def test_numbers_are_kept_to_the_letter(cio):
    body = (
        b'{"batch":[{"type":"person","identifiers":{"id":"1"},"action":"identify","attributes":'
        b'{"a":10.50,"b":12345678901234567890123,"c":0.1000000000000000055511151231257827,"d":1e5,"e":{"x":[1.0,true]}}}]}'
    )
    assert cio.track("POST", "/v2/batch", body).status == 200
    wire = cio.person("1")["wire"]
    assert wire["a"] == "10.50"
    assert wire["b"] == "12345678901234567890123"
    assert wire["c"] == "0.1000000000000000055511151231257827"
    assert wire["d"] == "1e5"
    assert wire["e"] == '{"x":[1.0,true]}'


def test_true_and_1_are_different_values(cio, item):
    cio.batch(item.identify("1", flag=1))
    cio.batch(item.identify("1", flag=True))
    assert cio.person("1")["wire"]["flag"] == "true"


def test_nan_is_no_json(cio):
    answered = cio.track("PUT", "/v1/customers/1", b'{"a": NaN}')
    assert answered.status == 400


def test_only_true_and_1_unsubscribe(cio, item):
    for value, expected in (
        (True, True),
        ("TRUE", True),
        (1, True),
        ("1", True),
        ("yes", False),
        ("t", False),
        (0, False),
    ):
        cio.batch(item.identify("1", unsubscribed=value))
        assert cio.person("1")["unsubscribed"] is expected, value


def test_the_whole_preferences_replace_all_topics_and_a_dotted_name_touches_one(cio, item):
    cio.batch(item.identify("1", cio_subscription_preferences={"topics": {"topic_1": True, "topic_2": True}}))
    cio.batch(item.identify("1", **{"cio_subscription_preferences.topics.topic_2": False}))
    topics = cio.person("1")["attributes"]["cio_subscription_preferences"]["topics"]
    assert topics == {"topic_1": True, "topic_2": False}
    cio.batch(item.identify("1", cio_subscription_preferences={"topics": {"topic_3": True}}))
    assert cio.person("1")["attributes"]["cio_subscription_preferences"]["topics"] == {"topic_3": True}


def test_a_person_holds_at_most_300_attributes_and_says_so_only_in_the_log(cio, item):
    cio.batch(item.identify("1", **{f"a{n}": n for n in range(250)}))
    assert cio.batch(item.identify("1", **{f"b{n}": n for n in range(250)})).status == 200
    assert len(cio.person("1")["attributes"]) == 300
    assert cio.failures()


def test_a_change_is_logged_with_old_and_new_value(cio, item):
    cio.batch(item.identify("1", plan="free"))
    cio.batch(item.identify("1", plan="pro"))
    newest = cio.look("activities", type="attribute_change", limit=1)["activities"][0]
    assert newest["data"] == {"plan": {"from": "free", "to": "pro"}}
