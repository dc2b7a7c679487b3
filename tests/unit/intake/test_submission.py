import base64
from typing import Any

import orjson
import pytest

from services.intake.domain.topics import Topics
from services.intake.fields import FILE_BYTES_MAX
from services.intake.submission import Submission, read_submission
from shared.events import TicketType
from shared.events.desk import EntitlementDefined, FieldCondition, FormField, TopicDefined
from shared.ids import person_id
from shared.web import Invalid

TOPIC = TopicDefined(
    topic_id="orders",
    name="Orders & returns",
    type=TicketType.BILLING,
    team_id="billing",
    team_name="Billing",
    entitled_plans=("premium",),
    fields=(
        FormField(name="order", label="Order", kind="number", required=True),
        FormField(name="shop", label="Shop", kind="choice", choices=("Berlin", "Bonn")),
        FormField(name="since", label="Since", kind="date"),
    ),
    revision=1,
)
GONE = TOPIC.model_copy(update={"topic_id": "gone", "name": "Gone", "active": False})
TOPICS = Topics({"orders": TOPIC, "gone": GONE})


def body(**changes: Any) -> dict[str, Any]:
    return {
        "topic": "orders",
        "requester": {"name": "Carla", "email": "carla@example.com"},
        "subject": "Wrong sum",
        "description": "The sum is wrong.",
        "custom_fields": {"order": 4711},
    } | changes


def read(**changes: Any) -> Submission:
    return read_submission(orjson.dumps(body(**changes)), TOPICS)[0]


def troubles(**changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as invalid:
        read(**changes)
    return dict(invalid.value.errors)


def test_too_many_fields_are_refused_before_each_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.intake.submission.difflib", None)
    many = {f"subjec{number:x}": 1 for number in range(51)}
    assert troubles(**many) == {"body": "may hold 50; there are 56"}
    assert troubles(requester=many) == {"requester": "may hold 50; there are 51"}
    assert troubles(attachments=[many]) == {"attachments.0": "may hold 50; there are 51"}
    assert troubles(attachments=[1] * 51) == {"attachments": "may hold 10; there are 51"}


def test_no_more_than_fifty_mistakes_are_named_by_the_model() -> None:
    many = {f"f{number}": 1 for number in range(40)}
    assert len(troubles(requester=many, attachments=[many] * 3)) == 50


def test_a_good_submission_is_tidied() -> None:
    made = read(
        subject="  Wrong sum 🔥 ",
        description="One\r\ntwo\rthree\n",
        requester={"name": " Carla ", "email": "Carla@EXAMPLE.com", "phone": ""},
        custom_fields={"order": 4711, "shop": "Bonn", "since": "2026-03-01"},
        impact="",
        plan="premium",
    )
    assert made.subject == "Wrong sum 🔥"
    assert made.description == "One\ntwo\nthree"
    assert made.requester.email == "Carla@example.com"
    assert made.requester.phone is None
    assert made.custom_fields == {"order": "4711", "shop": "Bonn", "since": "2026-03-01"}
    assert (made.impact, made.plan) == (None, "premium")


@pytest.mark.parametrize("name", ["orders", "ORDERS", "orders & Returns", " orders "])
def test_a_topic_is_known_by_its_id_and_by_its_name(name: str) -> None:
    assert read_submission(orjson.dumps(body(topic=name)), TOPICS)[1] == TOPIC


def test_a_plan_that_the_requester_is_not_entitled_to_is_refused_by_name() -> None:
    only = EntitlementDefined(
        plan_id="premium",
        people=(person_id("rosa@flowers.example"),),
        domains=("big.example",),
        revision=1,
    )
    topics = Topics({"orders": TOPIC}, {"premium": only})

    def read(email: str) -> Submission:
        sent = body(plan="premium", requester={"name": "Carla", "email": email})
        return read_submission(orjson.dumps(sent), topics)[0]

    for email in ("Rosa@flowers.example", "anyone@BIG.example"):
        assert read(email).plan == "premium"
    for email in ("carla@flowers.example", "x@not-big.example", "x@sub.big.example"):
        with pytest.raises(Invalid) as invalid:
            read(email)
        told = f"is for customers who have it by contract, not for {email}; can be chosen: none"
        assert invalid.value.errors == [("plan", told)]


def test_a_topic_that_is_gone_or_was_never_there_is_named_with_the_choice() -> None:
    for name in ("gone", "nonsense"):
        assert troubles(topic=name) == {"topic": "is unknown; choose one of: orders"}


@pytest.mark.parametrize(
    ("field", "value", "trouble"),
    [
        ("subject", {"a": 1}, "must be text, not an object"),
        ("subject", ["a"], "must be text, not a list"),
        ("subject", None, "must be text, not null"),
        ("subject", 7, "must be text, not a number"),
        ("subject", " ", "must not be empty"),
        ("subject", "a\nb", "must not contain control characters (U+000A at character 2)"),
        ("subject", "a\x00b", "must not contain control characters (U+0000 at character 2)"),
        ("subject", "x" * 301, "must be at most 300 characters long; it has 301"),
        ("description", "x" * 100_001, "must be at most 100,000 characters long; it has 100,001"),
        ("description", "bell\x07", "must not contain control characters (U+0007 at character 5)"),
        ("impact", "enormous", "must be one of: low, medium, high"),
        ("type", 3, "must be one of: technical, billing, general"),
        ("plan", "gold", "is not offered under Orders & returns; can be chosen: premium"),
        ("priority", "critical", "is not a field we know"),
        ("subjct", "x", "is not a field we know; did you mean subject?"),
        ("custom_fields", [], "must be an object"),
        ("attachments", {}, "must be a list"),
        ("requester", "carla", "must be an object"),
        ("channel", "fax", "must be one of: web, api"),
    ],
)
def test_a_wrong_field_is_told_what_is_wrong(field: str, value: object, trouble: str) -> None:
    assert troubles(**{field: value}) == {field: trouble}


def test_the_limits_themselves_are_allowed() -> None:
    assert len(read(subject="x" * 300).subject) == 300
    assert len(read(description="x" * 100_000).description) == 100_000


@pytest.mark.parametrize("email", ["carla", "carla@", "a b@example.com", "@example.com", "a@b@c.d"])
def test_what_is_no_mail_address_is_refused(email: str) -> None:
    told = troubles(requester={"name": "Carla", "email": email})
    assert told["requester.email"].startswith("is not a mail address: ")


@pytest.mark.parametrize("email", ["carla@shop.local", "ü@exämple.de", "o'hara+x@a.co", "a@x.test"])
def test_unusual_addresses_are_good_addresses(email: str) -> None:
    assert read(requester={"name": "Carla", "email": email}).requester.email == email


@pytest.mark.parametrize("phone", ["+49 30 901820", "(0228) 123-45", "555 ext. 12"])
def test_phone_numbers_are_taken_as_people_write_them(phone: str) -> None:
    requester = {"name": "Carla", "email": "carla@example.com", "phone": phone}
    assert read(requester=requester).requester.phone == phone


def test_custom_fields_are_checked_by_the_topic() -> None:
    assert troubles(custom_fields={}) == {"custom_fields.order": "is required"}
    assert troubles(
        custom_fields={"order": "many", "shop": "Hamburg", "since": "yesterday", "oder": 1}
    ) == {
        "custom_fields.order": "must be a number",
        "custom_fields.shop": "must be one of: Berlin, Bonn",
        "custom_fields.since": "must be a date such as 2026-03-31",
        "custom_fields.oder": "is not a field of Orders & returns; did you mean order?",
    }
    assert troubles(custom_fields={"order": {"n": 1}}) == {
        "custom_fields.order": "must be text, not an object"
    }


def test_files_are_checked_one_by_one() -> None:
    good = {"name": "C:\\tmp\\log.txt", "content_base64": base64.b64encode(b"log").decode()}
    (file,) = read(attachments=[good]).attachments
    assert (file.name, file.content_type) == ("log.txt", "application/octet-stream")
    assert file.content_base64 == b"log"

    large = base64.b64encode(b"x" * (FILE_BYTES_MAX + 1)).decode()
    told = troubles(
        attachments=[
            good,
            good | {"content_base64": "not base 64!"},
            good | {"content_base64": large, "content_type": "image\r\nx"},
            {"content_base64": ""},
        ]
    )
    assert set(told) == {
        "attachments.1.content_base64",
        "attachments.2.content_base64",
        "attachments.2.content_type",
        "attachments.3.name",
    }
    assert "10,000,000" in told["attachments.2.content_base64"]
    assert troubles(attachments=[good] * 11) == {"attachments": "may hold 10; there are 11"}


def test_without_topics_the_desk_says_so() -> None:
    with pytest.raises(Invalid) as invalid:
        read_submission(orjson.dumps(body()), Topics({}))
    assert invalid.value.errors == [("topic", "is unknown: this desk has no topics yet")]


def test_the_digest_tells_submissions_apart_however_they_came() -> None:
    assert read().digest("orders") == read(channel="web").digest("orders")
    assert read().digest("orders") != read(subject="Other").digest("orders")
    file = {"name": "a", "content_base64": "YQ=="}
    assert read(attachments=[file]).digest("orders") != read().digest("orders")
    other = {"name": "a", "content_base64": "Yg=="}
    assert read(attachments=[file]).digest("orders") != read(attachments=[other]).digest("orders")


DEPENDING = TOPIC.model_copy(
    update={
        "fields": (
            FormField(name="product", label="Product", kind="choice", choices=("Till", "Shop")),
            FormField(
                name="number", label="Number", kind="number", required=True,
                shown_when=FieldCondition(field="product", values=("Till",)),
            ),
            FormField(
                name="photo", label="Photo", kind="file",
                required_when=FieldCondition(field="product"),
            ),
        )
    }
)  # fmt: skip
PHOTO = {"name": "x\\till.png", "content_base64": "eA==", "field": "photo"}


def depending(**changes: Any) -> Submission:
    raw = orjson.dumps(body(custom_fields={}) | changes)
    return read_submission(raw, Topics({"orders": DEPENDING}))[0]


def depending_troubles(**changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as invalid:
        depending(**changes)
    return dict(invalid.value.errors)


def test_a_field_is_required_only_when_it_is_asked_for() -> None:
    assert depending().custom_fields == {}
    assert depending_troubles(custom_fields={"product": "Till"}) == {
        "custom_fields.number": "is required", "custom_fields.photo": "is required",
    }  # fmt: skip
    number = {"product": "Till", "number": "x"}
    assert depending_troubles(custom_fields=number, attachments=[PHOTO]) == {
        "custom_fields.number": "must be a number",
    }


def test_what_is_not_asked_for_is_refused_and_not_dropped() -> None:
    fields = {"product": "Shop", "number": "4"}
    assert depending_troubles(custom_fields=fields, attachments=[PHOTO]) == {
        "custom_fields.number": "is asked for only when “Product” is Till",
    }


def test_the_value_of_a_file_field_is_the_names_of_its_files() -> None:
    two = [PHOTO, PHOTO | {"name": "two.png"}, {"name": "log.txt", "content_base64": "eA=="}]
    made = depending(custom_fields={"product": "Shop"}, attachments=two)
    assert made.custom_fields == {"product": "Shop", "photo": "till.png, two.png"}
    assert made.attachments[0].field == "photo"


def test_a_file_is_no_text_and_belongs_to_a_file_field() -> None:
    assert depending_troubles(custom_fields={"photo": "till.png"}) == {
        "custom_fields.photo": "is a file: send it among attachments, with field: photo",
    }
    assert depending_troubles(attachments=[PHOTO | {"field": "foto"}]) == {
        "attachments.0.field": "is no file field of Orders & returns; did you mean photo?",
    }
    assert "attachments.0.name" in depending_troubles(attachments=[PHOTO | {"name": 4}])
