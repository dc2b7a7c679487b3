"""What a mail adds: given a mail with quotes and a signature, then only the answer is left."""

# ruff: noqa: RUF001 - the letters of other alphabets are meant

import pytest

from services.intake.mail import understand
from services.intake.mail.reply import extract_reply

# Announcements of a quote, in the words of many mail programs; each stands before a quote.
ATTRIBUTIONS = [
    "On Mon, Mar 4, 2024 at 9:15 AM Desk <support@desk.example> wrote:",
    "On 4 Mar 2024, at 09:15, Desk <support@desk.example> wrote:",
    "On Mon, Mar 4, 2024 at 9:15 AM Desk <\nsupport@desk.example> wrote:",
    "On 04/03/2024 09:15, Desk wrote:",
    "On Monday, 4 March 2024 at 09:15:02 GMT, Desk <support@desk.example> wrote:",
    "Am Mo., 4. März 2024 um 09:15 Uhr schrieb Desk <support@desk.example>:",
    "Am 04.03.2024 um 09:15 schrieb Desk:",
    "Desk <support@desk.example> schrieb am Mo., 4. März 2024, 09:15:",
    "Le lun. 4 mars 2024 à 09:15, Desk <support@desk.example> a écrit\u00a0:",
    "Le 04/03/2024 à 09:15, Desk a écrit :",
    "El lun, 4 mar 2024 a las 9:15, Desk (<support@desk.example>) escribió:",
    "Em seg., 4 de mar. de 2024 às 09:15, Desk <support@desk.example> escreveu:",
    "Il giorno lun 4 mar 2024 alle ore 09:15 Desk <support@desk.example> ha scritto:",
    "Il 04/03/2024 09:15, Desk ha scritto:",
    "Op ma 4 mrt 2024 om 09:15 schreef Desk <support@desk.example>:",
    "Op 4 mrt. 2024, om 09:15 heeft Desk <support@desk.example> het volgende geschreven:",
    "Den mån 4 mars 2024 kl 09:15 skrev Desk <support@desk.example>:",
    "Den 04.03.2024 09.15, skrev Desk:",
    "man. 4. mar. 2024 kl. 09.15 skrev Desk <support@desk.example>:",
    "ma 4. maalisk. 2024 klo 9.15 Desk (support@desk.example) kirjoitti:",
    "pon., 4 mar 2024 o 09:15 Desk <support@desk.example> napisał(a):",
    "W dniu 4.03.2024 o 09:15, Desk pisze:",
    "po 4. 3. 2024 v 9:15 odesílatel Desk <support@desk.example> napsal:",
    "пн, 4 мар. 2024 г. в 09:15, Desk <support@desk.example>:",
    "04.03.2024 09:15, Desk пишет:",
    "4 Mar 2024 Pzt, 09:15 tarihinde Desk <support@desk.example> şunu yazdı:",
    "2024年3月4日(月) 9:15 Desk <support@desk.example>:",
    "Desk <support@desk.example> 于2024年3月4日周一 09:15写道：",
    "2024년 3월 4일 (월) 오전 9:15, Desk <support@desk.example>님이 작성:",
    "Vào Th 2, 4 thg 3, 2024 vào lúc 09:15 Desk <support@desk.example> đã viết:",
    "---- On Mon, 04 Mar 2024 09:15:00 +0000 Desk <support@desk.example> wrote ----",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_an_attribution_and_its_quote_are_left_out(attribution: str) -> None:
    marked = f"It burns again.\n\n{attribution}\n\n> Is it off?\n> Yours, Desk\n"
    assert extract_reply(marked).text == "It burns again."


@pytest.mark.parametrize("attribution", [one for one in ATTRIBUTIONS if "<" in one])
def test_an_attribution_with_an_address_needs_no_marks_below(attribution: str) -> None:
    unmarked = f"It burns again.\n\n{attribution}\n\nIs it off?\nYours, Desk\n"
    assert extract_reply(unmarked).text == "It burns again."


@pytest.mark.parametrize(
    "block",
    [
        (
            "From: Desk <support@desk.example>\nSent: Monday, March 4, 2024 9:15 AM\nTo: Anna\n"
            "Subject: Printer"
        ),
        (
            "________________________________\nFrom: Desk <support@desk.example>\nDate: Monday\n"
            "To: Anna\nSubject: P"
        ),
        "*From:* Desk <support@desk.example>\n*Sent:* Monday\n*To:* Anna\n*Subject:* Printer",
        "-----Original Message-----\nFrom: Desk\nTo: Anna\nSubject: Printer",
        (
            "Von: Desk <support@desk.example>\nGesendet: Montag, 4. März 2024 09:15\nAn: Anna\n"
            "Betreff: Drucker"
        ),
        (
            "-----Ursprüngliche Nachricht-----\nVon: Desk\nGesendet: Montag\nAn: Anna\nBetreff:"
            " Drucker"
        ),
        (
            "De : Desk <support@desk.example>\nEnvoyé : lundi 4 mars 2024 09:15\nÀ : Anna\nObjet"
            " : Imprimante"
        ),
        "-------- Message d'origine --------\nDe : Desk",
        "De: Desk\nEnviado: lunes, 4 de marzo de 2024\nPara: Anna\nAsunto: Impresora",
        "De: Desk\nEnviada em: segunda-feira\nPara: Anna\nAssunto: Impressora",
        "Da: Desk\nInviato: lunedì 4 marzo 2024\nA: Anna\nOggetto: Stampante",
        "Van: Desk\nVerzonden: maandag 4 maart 2024\nAan: Anna\nOnderwerp: Printer",
        "Från: Desk\nSkickat: den 4 mars 2024\nTill: Anna\nÄmne: Skrivare",
        "Fra: Desk\nSendt: 4. mars 2024\nTil: Anna\nEmne: Skriver",
        "Lähettäjä: Desk\nLähetetty: maanantai\nVastaanottaja: Anna\nAihe: Tulostin",
        "Od: Desk\nWysłano: poniedziałek\nDo: Anna\nTemat: Drukarka",
        "Od: Desk\nOdesláno: pondělí\nKomu: Anna\nPředmět: Tiskárna",
        "От: Desk\nОтправлено: 4 марта\nКому: Anna\nТема: Принтер",
        "发件人: Desk\n发送时间: 2024年3月4日\n收件人: Anna\n主题: 打印机",
        "差出人: Desk\n送信日時: 2024年3月4日\n宛先: Anna\n件名: プリンタ",
    ],
)  # fmt: skip
def test_all_that_follows_a_copied_header_is_left_out(block: str) -> None:
    assert extract_reply(f"It burns again.\n\n{block}\n\nIs it off?\n").text == "It burns again."


def test_an_answer_below_the_quote_is_found() -> None:
    text = "On 04/03/2024 09:15, Desk wrote:\n> Is it off?\n> Really?\n\nYes, since noon.\n"
    assert extract_reply(text).text.strip() == "Yes, since noon."


def test_answers_between_the_questions_keep_the_questions() -> None:
    text = "On 04/03/2024 09:15, Desk wrote:\n> Is it off?\nYes.\n> Does it smoke?\nNo.\n"
    reply = extract_reply(text).text
    assert "> Is it off?\nYes." in reply
    assert "> Does it smoke?\nNo." in reply


def test_a_forwarded_message_is_what_the_writer_wants_read() -> None:
    text = (
        "FYI\n\n---------- Forwarded message ---------\nFrom: Bert <b@x.example>\nDate: x\n"
        "Subject: y\nTo: z\n\nIt burns."
    )
    assert "It burns." in extract_reply(text).text


def test_a_copied_header_in_a_forward_hides_nothing() -> None:
    text = "See below\n\nFrom: Bert <b@x.example>\nSent: x\nTo: z\nSubject: y\n\nIt burns."
    assert "It burns." in extract_reply(text, subject="FW: y").text


def test_a_mail_that_is_all_quote_is_left_alone() -> None:
    text = "On 04/03/2024 09:15, Desk <support@desk.example> wrote:\n\nIs it off?"
    assert extract_reply(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "I wrote: it burns.\nAnd it does.",
        "On Monday the printer wrote nonsense.\nSince then it is silent.",
        "The log says\n> error 5\nWhat now?",
        "From: Berlin\nTo: Paris\nDate: 4 March\nA ticket, please.",
        "Subject: maths\nI can't print it.",
        "We met on 04/03/2024 at 09:15:\nthen it burned.",
        "Best printers burn:\n- mine\n- yours",
        "Date: Wednesday\nTime: 7:00\nAddress: 130 Fox St\n\nPlease come.",
        "See >>> here <<<\nor not",
        "Thanks",
        "Please call me:\n+49 30 1234567",
    ],
)
def test_a_writers_own_words_are_kept(text: str) -> None:
    assert extract_reply(text).text == text


@pytest.mark.parametrize(
    ("signature", "sender"),
    [
        ("-- \nAnna Berg\nExample Ltd", ""),
        ("--\nAnna Berg\n+49 30 1234567", ""),
        ("Sent from my iPhone", ""),
        ("Von meinem iPhone gesendet", ""),
        ("Envoyé de mon iPhone", ""),
        ("Enviado desde mi iPhone", ""),
        ("Get Outlook for iOS", ""),
        ("Kind regards,\nAnna Berg\nHead of Printing", ""),
        ("Thanks,\nAnna", ""),
        ("Mit freundlichen Grüßen\nAnna Berg", ""),
        ("Viele Grüße\n\nAnna", ""),
        ("Cordialement,\nAnna Berg", ""),
        ("Saludos,\nAnna", ""),
        ("Met vriendelijke groet,\n\nAnna Berg", ""),
        ("Med vänlig hälsning\nAnna", ""),
        ("Pozdrawiam\nAnna", ""),
        ("С уважением,\nАнна", ""),
        ("Anna Berg\nvia telephone", "Anna Berg anna@customer.example"),
        ("Anna Berg\nanna@customer.example\n+49 30 1234567\nwww.customer.example", ""),
    ],
)  # fmt: skip
def test_a_signature_is_set_apart(signature: str, sender: str) -> None:
    reply = extract_reply(f"It burns again.\n\n{signature}\n", sender=sender)
    assert (reply.text, reply.signature) == ("It burns again.", signature)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks,\nAnna",
        "Hello,\n\nthe printer burns.\nThanks for looking into it.",
        (
            "- one\n- two\n\n-- three\nfour things are broken, as you can see in the picture"
            " below here"
        ),
        "Anna is away.\nWho can help?",
    ],
)
def test_what_only_looks_like_a_signature_is_kept(text: str) -> None:
    assert extract_reply(text, sender="Anna").signature == ""


HTML = [
    (
        '<div dir="ltr">It burns.</div><br><div class="gmail_quote gmail_quote_container">'
        '<div dir="ltr"'
        ' class="gmail_attr">On Mon, Mar 4, 2024 at 9:15 AM Desk wrote:<br></div><blockquote'
        ' class="gmail_quote" style="margin:0"><p>Off?</p></blockquote></div>'
    ),
    (
        '<html><body>It burns.<br><br><div><blockquote type="cite"><div>On 4 Mar 2024, Desk'
        " wrote:</div>"
        "<div>Off?</div></blockquote></div></body></html>"
    ),
    (
        '<p>It burns.</p><div class="moz-cite-prefix">Am 04.03.2024 um 09:15 schrieb Desk:</div>'
        '<blockquote type="cite" cite="mid:1">Off?</blockquote>'
    ),
    (
        '<div>It burns.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">'
        "<b>From:</b> Desk"
        "<br><b>Sent:</b> Monday</div><div>Off?</div>"
    ),
    (
        '<div>It burns.</div><div style="border:none;border-top:solid #E1E1E1'
        ' 1.0pt;padding:3.0pt 0 0 0">'
        "<p><b>From:</b> Desk</p></div><p>Off?</p>"
    ),
    '<div>It burns.</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>Off?</div></div>',
    (
        '<div>It burns.</div><div class="protonmail_quote">On Monday Desk wrote:<blockquote>Off?'
        "</blockquote></div>"
    ),
    '<div>It burns.</div><div name="quote" style="margin:10px">Gesendet: Montag<br>Off?</div>',
    (
        "<p>It burns.</p><p>Am 04.03.2024 um 09:15 schrieb Desk &lt;support@desk.example&gt;:</p>"
        "<blockquote>Off?</blockquote>"
    ),
    (
        "<p>It burns.</p><p><b>Von:</b> Desk<br><b>Gesendet:</b> Montag<br><b>An:</b> Anna<br>"
        "<b>Betreff:</b> Drucker</p><p>Off?</p>"
    ),
]


@pytest.mark.parametrize("source", HTML)
def test_a_quote_in_html_is_left_out(source: str) -> None:
    raw = b"From: a@x.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + source.encode()
    mail = understand(raw)
    assert mail.reply_text == "It burns."
    assert "Off?" in mail.text


def test_a_forward_in_html_is_kept() -> None:
    source = (
        '<div>FYI</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded'
        " message"
        " ---------<br>From: Bert</div>It burns.</div>"
    )
    raw = (
        b"From: a@x.example\r\nSubject: Fwd: x\r\nContent-Type: text/html\r\n\r\n" + source.encode()
    )
    assert "It burns." in understand(raw).reply_text


def test_a_quote_that_only_the_html_marks_is_left_out_of_the_plain_text_too() -> None:
    raw = (
        b"From: a@x.example\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n"
        b"It burns.\r\nOff?\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        b'It burns.<blockquote type="cite">Off?</blockquote>\r\n--b--'
    )
    assert understand(raw).reply_text == "It burns."
