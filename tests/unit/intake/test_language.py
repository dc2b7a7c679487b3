"""What language somebody speaks, as they say it or as their words tell."""

# ruff: noqa: RUF001 - the letters of other languages

import pytest

from services.intake.language import guessed, preferred, tag_of, timezone_of


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("de", "de"),
        ("DE_at", "de-AT"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-DE-1996", "de-DE"),
        ("german", ""),
        ("<script>", ""),
        ("", ""),
    ],
)
def test_a_tag_is_written_in_one_way(text: str, tag: str) -> None:
    assert tag_of(text) == tag


def test_the_first_choice_is_the_one_of_the_highest_quality() -> None:
    assert preferred("en;q=0.5, de-DE, fr;q=0.9") == "de-DE"
    assert preferred("*, en;q=0") == ""
    assert preferred("") == ""


def test_only_a_zone_that_there_is_counts() -> None:
    assert timezone_of(" Europe/Vienna ") == "Europe/Vienna"
    assert timezone_of("Vienna") == ""


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The till is not working since this morning, can you please help?"),
        ("de", "Seit heute früh ist die Kasse tot und wir können nicht kassieren, bitte helfen"),
        ("fr", "Bonjour, la caisse ne marche pas depuis ce matin, nous sommes bloqués. Merci"),
        ("es", "Hola, la caja no funciona desde esta mañana y los clientes esperan. Gracias"),
        ("it", "Buongiorno, la cassa non funziona e i clienti sono in coda. Grazie per l'aiuto"),
        ("pt", "Olá, a caixa não funciona desde ontem e os clientes esperam. Obrigado"),
        ("nl", "De kassa doet het niet en wij kunnen niet afrekenen, graag een oplossing"),
        ("sv", "Hej, kassan fungerar inte och vi kan inte ta betalt. Tack för att ni hjälper"),
        ("pl", "Dzień dobry, kasa nie działa od rana. Proszę o pomoc, dziękuję"),
        ("cs", "Dobrý den, pokladna od rána nefunguje, prosím o pomoc, děkuji"),
        ("fi", "Hei, kassa ei toimi ja se on jo toinen päivä. Kiitos"),
        ("tr", "Merhaba, kasa çalışmıyor, lütfen bir çözüm için yardım. Teşekkürler"),
        ("ru", "Касса не работает с утра"),
        ("uk", "Каса не працює, їй потрібен ремонт"),
        ("ja", "レジが今朝から動きません"),
        ("el", "Το ταμείο δεν λειτουργεί"),
    ],
)
def test_words_tell_the_language(language: str, text: str) -> None:
    assert guessed(text) == language


@pytest.mark.parametrize("text", ["", "Error 0x80070005", "Printer", "LD-7KQ4M-2XR9C-5"])
def test_what_tells_nothing_is_not_guessed(text: str) -> None:
    assert guessed(text) == ""
