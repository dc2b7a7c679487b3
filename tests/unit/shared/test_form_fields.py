"""Which fields of a form are asked for, and which forms can't be."""

from hypothesis import given
from hypothesis import strategies as st

from shared.events.desk import FieldCondition, FormField
from shared.form_fields import asked, in_words, wrong_fields

PRODUCT = FormField(name="product", label="Product", kind="choice", choices=("Till", "Shop"))
NUMBER = FormField(
    name="number", label="Number", required=True,
    shown_when=FieldCondition(field="product", values=("Till",)),
)  # fmt: skip
PHOTO = FormField(
    name="photo", label="Photo", kind="file", required_when=FieldCondition(field="number")
)
FIELDS = (PRODUCT, NUMBER, PHOTO)


def test_a_field_is_asked_for_when_the_one_above_has_the_value() -> None:
    assert asked(FIELDS, {}) == {"product": False, "photo": False}
    assert asked(FIELDS, {"product": "Shop"}) == {"product": False, "photo": False}
    assert asked(FIELDS, {"product": "till"}) == {"product": False, "number": True, "photo": False}
    filled = {"product": "Till", "number": "4"}
    assert asked(FIELDS, filled) == {"product": False, "number": True, "photo": True}


def test_what_stands_in_a_field_that_is_not_asked_for_counts_for_no_other() -> None:
    assert asked(FIELDS, {"product": "Shop", "number": "4"})["photo"] is False


@given(st.dictionaries(st.sampled_from(["product", "number", "photo", "x"]), st.text(max_size=5)))
def test_fields_without_conditions_are_always_asked_for(values: dict[str, str]) -> None:
    found = asked(FIELDS, values)
    assert {"product", "photo"} <= found.keys()
    assert [*found] == [field.name for field in FIELDS if field.name in found]


def test_what_makes_no_form_is_named() -> None:
    def wrong(*fields: FormField) -> list[tuple[int, str]]:
        return list(wrong_fields(fields))

    assert wrong(*FIELDS) == []
    assert wrong(NUMBER, PRODUCT) == [
        (0, "number depends on product, which is no field above it"),
    ]
    itself = NUMBER.model_copy(update={"shown_when": FieldCondition(field="number")})
    assert wrong(itself)[0][1].startswith("number depends on number")
    never = NUMBER.model_copy(
        update={"shown_when": FieldCondition(field="product", values=("Fax",))}
    )
    assert "none of its choices" in wrong(PRODUCT, never)[0][1]
    of_file = FormField(
        name="why", label="Why", required_when=FieldCondition(field="photo", values=("a.png",))
    )
    assert "which is a file" in wrong(*FIELDS, of_file)[0][1]
    assert wrong(FormField(name="x", label="X", kind="colour"))[0][1].startswith("x is a colour")
    assert wrong(FormField(name="x", label="X", kind="choice")) == [(0, "x is a choice of nothing")]
    assert wrong(PRODUCT, PRODUCT) == [(1, "product stands here twice")]


def test_conditions_are_told_in_words() -> None:
    labels = {"product": "Which product?"}
    assert in_words(FieldCondition(field="product"), labels) == "“Which product” is filled in"
    two = FieldCondition(field="product", values=("Till", "Shop"))
    assert in_words(two, labels) == "“Which product” is Till or Shop"
