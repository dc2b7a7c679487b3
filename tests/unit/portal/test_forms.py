"""Tokens of forms, and files kept for a form's next try."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.portal.acting import ACTIONS
from services.portal.drafts import COUNTED_BYTES_MIN, Drafts, TooLarge, TooMany
from services.portal.forms import Filled, FormTokens, FormTooOld, Upload
from services.portal.owners import Answer
from services.portal.rendering import paragraphs, place, size
from services.portal.speaking import say
from services.portal.topic_fields import shown
from shared.clock import utc_now
from shared.events.desk import FieldCondition, FormField

TOKENS = FormTokens("secret")


def filled(**values: str) -> Filled:
    return Filled(values, (), ())


def upload(content: bytes, name: str = "a.png", kind: str = "image/png") -> Upload:
    return Upload(name, kind, content)


def files_in(folder: Path) -> list[Path]:
    return [*folder.glob("??/*")]


def test_a_forms_token_is_good_for_its_purpose_only() -> None:
    token = TOKENS.make("reply abc")
    assert TOKENS.read("reply abc", token) == token.partition(".")[0]
    for purpose, wrong in (
        ("reply abd", token),
        ("confirm abc", token),
        ("reply abc", token[:-1]),
        ("reply abc", ""),
        ("reply abc", "é.ü"),
        ("reply abc", FormTokens("other").make("reply abc")),
    ):
        with pytest.raises(FormTooOld):
            TOKENS.read(purpose, wrong)


def test_every_form_has_a_token_of_its_own() -> None:
    assert len({TOKENS.make("x") for _ in range(50)}) == 50


async def test_files_of_a_form_are_kept_for_its_next_try_only(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path, "secret", 1000, 3)
    files = await drafts.gather("form", [upload(b"png"), upload(b"txt", "C:\\x\\b.txt", "bad")], ())
    assert [(f.name, f.content_type, f.size_bytes) for f in files] == [
        ("a.png", "image/png", 3), ("b.txt", "application/octet-stream", 3),
    ]  # fmt: skip
    kept = [token for token, _ in await drafts.keep("form", files)]
    again = await drafts.gather("form", [upload(b"third")], kept)
    assert [f.content for f in again] == [b"png", b"txt", b"third"]
    assert await drafts.gather("another form", [], kept) == []
    assert await drafts.gather("form", [], [kept[0] + "0", "x", "", "a.b.c"]) == []
    drafts.forget(utc_now() + timedelta(seconds=5))
    assert await drafts.gather("form", [], kept) == []


async def test_too_large_and_too_many_files_are_named(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path, "secret", 10, 1)
    with pytest.raises(TooLarge, match=r"a\.png is too large"):
        await drafts.gather("form", [upload(b"x" * 11)], ())
    with pytest.raises(TooMany):
        await drafts.gather("form", [upload(b"x"), upload(b"y")], ())


async def test_no_kept_file_is_read_before_they_are_few(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path, "secret", 10, 2)
    files = await drafts.gather("form", [upload(b"x", name) for name in ("a", "b")], ())
    tokens = [token for token, _ in await drafts.keep("form", files)]
    third = [token for token, _ in await drafts.keep("form", [replace(files[0], name="c")])]
    assert len(await drafts.gather("form", [], tokens * 40)) == 2
    for path in files_in(tmp_path):
        path.write_bytes(b"damaged, so that reading it would be told")
    with pytest.raises(TooMany):
        await drafts.gather("form", [], tokens + third)
    with pytest.raises(TooMany):
        await drafts.gather("form", [upload(b"y")], tokens)


async def test_a_full_folder_keeps_no_more(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path, "secret", 10, 5, bytes_max=2 * COUNTED_BYTES_MIN)
    for number in range(4):
        kept = await drafts.keep("form", await drafts.gather("form", [upload(b"%d" % number)], ()))
        assert len(kept) == (number < 2)
    assert len(files_in(tmp_path)) == 2


async def test_young_drafts_are_kept(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path, "secret", 10, 1)
    files = await drafts.gather("form", [upload(b"x")], ())
    await drafts.keep("form", files)
    path = tmp_path / files[0].file_id[:2] / files[0].file_id
    drafts.forget(utc_now() - timedelta(hours=24))
    assert path.exists()
    os.utime(path, (0, 0))
    drafts.forget(utc_now() - timedelta(hours=24))
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "form", "field"),
    [
        ("reply", filled(text="  "), "text"),
        ("clarify", filled(**{"answers.a": " "}), "answers"),
        ("reject", filled(), "reason"),
        ("reopen", filled(reason=""), "reason"),
        ("feedback", filled(rating="6"), "rating"),
    ],
)
def test_what_is_missing_is_named_beside_its_field(name: str, form: Filled, field: str) -> None:
    assert list(ACTIONS[name].missing(form, ())) == [field]


def test_what_is_filled_in_goes_to_the_owner_as_it_takes_it() -> None:
    answers = filled(**{"answers.order": " 4711 ", "answers.x": "", "form": "t", "text": "t"})
    told = {"answers": {"order": "4711"}, "text": "t", "attachments": []}
    assert ACTIONS["clarify"].body(answers, ()) == told
    feedback = filled(rating="5", comment="good", recurred="yes")
    assert ACTIONS["feedback"].body(feedback, ()) == {
        "rating": 5, "comment": "good", "recurred": True,
    }  # fmt: skip
    assert ACTIONS["confirm"].missing(filled(), ()) == {}


def test_an_owners_trouble_is_told_without_its_details() -> None:
    def told(answer: Answer, language: str = "en") -> str:
        return say(language, answer.message)

    assert "send it again" in told(Answer(500, {"detail": "secret"}))
    assert told(Answer(409, {"detail": "It is closed."})) == "It is closed."
    assert told(Answer(409, {"detail": "It is closed."}), "de").startswith("Das ging nicht.")
    archived = Answer(409, {"detail": "This ticket is archived: open a new one."})
    assert told(archived, "de") == "Dieses Ticket ist archiviert: Bitte öffnen Sie ein neues."


def test_what_is_wrong_with_a_field_is_told_in_each_language() -> None:
    messages = {"text": "is required", "name": "must be at most 9 characters long; it has 10"}
    errors = [{"field": name, "message": message} for name, message in messages.items()]
    troubles = Answer(422, {"errors": errors}).troubles
    assert {name: say("en", trouble) for name, trouble in troubles.items()} == messages
    assert {name: say("de", trouble) for name, trouble in troubles.items()} == {
        "text": "bitte ausfüllen",
        "name": "höchstens 9 Zeichen, es sind 10",
    }


def test_words_in_pages() -> None:
    assert paragraphs("<b>\nx\n\n\n\ny") == "<p>&lt;b&gt;<br>x</p><p>y</p>"
    assert place("requester.e mail") == "f-requester-e-mail"
    assert (size(10), size(15_400), size(2_500_000)) == ("1 kB", "15 kB", "2.5 MB")
    assert (size(2_500_000, "de"), size(3_000_000, "de")) == ("2,5 MB", "3 MB")


async def test_a_files_field_is_kept_with_it_and_told_to_intake(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path, "secret", 10, 3)
    chosen = Upload("a.png", "image/png", b"png", "custom_fields.photo")
    (token,) = [t for t, _ in await drafts.keep("f", await drafts.gather("f", [chosen], ()))]
    (again,) = await drafts.gather("f", [], [token])
    assert (again.field, again.attachment["field"]) == ("custom_fields.photo", "photo")
    (loose,) = await drafts.gather("f", [Upload("a.png", "image/png", b"", "attachments")], ())
    assert "field" not in loose.attachment
    with pytest.raises(TooLarge) as large:
        await drafts.gather("f", [Upload("b", "", b"x" * 11, "custom_fields.photo")], ())
    assert large.value.field == "custom_fields.photo"


def test_the_hint_of_a_field_says_on_what_it_depends() -> None:
    fields = [
        FormField(name="product", label="Product").model_dump(mode="json"),
        FormField(
            name="number", label="Number",
            shown_when=FieldCondition(field="product", values=("A",)),
            required_when=FieldCondition(field="product"),
        ).model_dump(mode="json"),
    ]  # fmt: skip
    first, second = shown(fields)
    assert (say("en", first.hint), first.shown_when) == ("", None)
    assert say("en", second.hint) == "Only if “Product” is A. Needed if “Product” is filled in."
    assert say("de", second.hint) == (
        "Nur, wenn bei „Product“ A steht. Nötig, wenn „Product“ ausgefüllt ist."
    )
    assert second.shown_when == {"field": "custom_fields.product", "values": ["A"]}
