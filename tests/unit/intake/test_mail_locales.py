"""Replies and notices of absence as mail programs write them in the languages of the world."""

# ruff: noqa: RUF001, E501 - the letters of other languages, on lines as they come

import pytest

from services.intake.mail.away import seems_away
from services.intake.mail.out_of_office import is_automatic_subject
from services.intake.mail.reply import extract_reply

SAID = "Thanks, it works now."

ATTRIBUTIONS = """
Le lun. 3 mars 2025 à 10:15, Support <support@desk.example> a écrit :
Le 03/03/2025 à 10:15, Support Desk a écrit :
Am Mo., 3. März 2025 um 10:15 Uhr schrieb Support <support@desk.example>:
Am 03.03.25 um 10:15 schrieb Support:
Am 3. März 2025 10:15:00 MEZ schrieb Support <support@desk.example>:
El lun, 3 mar 2025 a las 10:15, Support (<support@desk.example>) escribió:
El 3/3/25 a las 10:15, Support escribió:
Il giorno lun 3 mar 2025 alle ore 10:15 Support <support@desk.example> ha scritto:
Il 03/03/2025 10:15, Support ha scritto:
Em seg., 3 de mar. de 2025 às 10:15, Support <support@desk.example> escreveu:
Em 03/03/2025 10:15, Support escreveu:
A segunda, 3/03/2025, 10:15, Support <support@desk.example> escreveu:
Op ma 3 mrt 2025 om 10:15 schreef Support <support@desk.example>:
Op 03-03-2025 om 10:15 schreef Support:
Den mån 3 mars 2025 kl 10:15 skrev Support <support@desk.example>:
Den 2025-03-03 kl. 10:15, skrev Support:
man. 3. mar. 2025 kl. 10:15 skrev Support <support@desk.example>:
Den man. 3. mar. 2025 kl. 10.15 skrev Support <support@desk.example>:
ma 3. maalisk. 2025 klo 10.15 Support (support@desk.example) kirjoitti:
Support kirjoitti 3.3.2025 klo 10.15:
pon., 3 mar 2025 o 10:15 Support <support@desk.example> napisał(a):
W dniu 3.03.2025 o 10:15, Support pisze:
po 3. 3. 2025 v 10:15 odesílatel Support <support@desk.example> napsal:
Dne 03. 03. 25 v 10:15 Support napsal(a):
po 3. 3. 2025 o 10:15 Support <support@desk.example> napísal(a):
Support <support@desk.example> ezt írta (időpont: 2025. márc. 3., H, 10:15):
2025. 03. 03. 10:15 keltezéssel, Support írta:
lun., 3 mar. 2025 la 10:15, Support <support@desk.example> a scris:
На пн, 3.03.2025 г. в 10:15 Support <support@desk.example> написа:
пн, 3 мар. 2025 г. в 10:15, Support <support@desk.example>:
03.03.2025 10:15, Support пишет:
Понедельник, 3 марта 2025, 10:15 +03:00 от Support <support@desk.example>:
пн, 3 бер. 2025 р. о 10:15 Support <support@desk.example> пише:
Στις Δευ 3 Μαρ 2025 στις 10:15 π.μ., ο χρήστης Support <support@desk.example> έγραψε:
3 Mar 2025 Pzt, 10:15 tarihinde Support <support@desk.example> şunu yazdı:
Support <support@desk.example>, 3 Mar 2025 Pzt, 10:15 tarihinde şunu yazdı:
pon, 3. ožu 2025. u 10:15 Support <support@desk.example> napisao je:
pon., 3. mar. 2025 ob 10:15 je oseba Support <support@desk.example> napisala:
2025-03-03, pr, 10:15 Support <support@desk.example> rašė:
pirmd., 2025. g. 3. marts, plkst. 10:15 — lietotājs Support (<support@desk.example>) rakstīja:
Kuupäev E, 3. märts 2025 kell 10:15 kirjutas Support <support@desk.example>:
2025年3月3日(月) 10:15 Support <support@desk.example>:
2025/03/03 10:15、Support <support@desk.example>のメール:
Support <support@desk.example> 于2025年3月3日周一 10:15写道：
在 2025年3月3日，10:15，Support <support@desk.example> 写道：
Support <support@desk.example> 於 2025年3月3日 週一 上午10:15寫道：
2025년 3월 3일 (월) 오전 10:15, Support <support@desk.example>님이 작성:
Vào Th 2, 3 thg 3, 2025 vào lúc 10:15 Support <support@desk.example> đã viết:
Pada Sen, 3 Mar 2025 pukul 10.15 Support <support@desk.example> menulis:
ในวันที่ จ. 3 มี.ค. 2025 เวลา 10:15 Support <support@desk.example> เขียนว่า:
בתאריך יום ב׳, 3 במרץ 2025 ב-10:15 מאת Support <support@desk.example>:
في الاثنين، 3 مارس 2025 في 10:15 ص تمت كتابة ما يلي بواسطة Support <support@desk.example>:
On Mon, Mar 3, 2025 at 10:15 AM Support <support@desk.example> wrote:
On 03/03/2025 10:15, Support wrote:
Support <support@desk.example> wrote on Mon, 03 Mar 2025 10:15:
---- On Mon, 03 Mar 2025 10:15:00 +0100 Support <support@desk.example> wrote ----
On Monday, March 3rd, 2025 at 10:15 AM, Support <support@desk.example> wrote:
Support via Desk <support@desk.example> schrieb am Mo., 3. März 2025, 10:15:
Support <support@desk.example> schrieb am 03.03.2025 10:15 CET:
Dňa 3. 3. 2025 o 10:15 Support napísal(a):
El dl., 3 de març 2025, 10:15, Support <support@desk.example> va escriure:
mán., 3. mar. 2025 kl. 10:15 skrifaði Support <support@desk.example>:
""".strip().split("\n")

HEADERS = """
From: Support <support@desk.example>
Sent: Monday, March 3, 2025 10:15 AM
To: Carla
Subject: [LD-1] Shop

Von: Support <support@desk.example>
Gesendet: Montag, 3. März 2025 10:15
An: Carla
Betreff: Shop

De : Support <support@desk.example>
Envoyé : lundi 3 mars 2025 10:15
À : Carla
Objet : Shop

De: Support <support@desk.example>
Enviado el: lunes, 3 de marzo de 2025 10:15
Para: Carla
Asunto: Shop

De: Support <support@desk.example>
Enviada: segunda-feira, 3 de março de 2025 10:15
Para: Carla
Assunto: Shop

Da: Support <support@desk.example>
Inviato: lunedì 3 marzo 2025 10:15
A: Carla
Oggetto: Shop

Van: Support <support@desk.example>
Verzonden: maandag 3 maart 2025 10:15
Aan: Carla
Onderwerp: Shop

Från: Support <support@desk.example>
Skickat: den 3 mars 2025 10:15
Till: Carla
Ämne: Shop

Fra: Support <support@desk.example>
Sendt: 3. marts 2025 10:15
Til: Carla
Emne: Shop

Lähettäjä: Support <support@desk.example>
Lähetetty: maanantai 3. maaliskuuta 2025 10.15
Vastaanottaja: Carla
Aihe: Shop

Od: Support <support@desk.example>
Wysłano: poniedziałek, 3 marca 2025 10:15
Do: Carla
Temat: Shop

Od: Support <support@desk.example>
Odesláno: pondělí 3. března 2025 10:15
Komu: Carla
Předmět: Shop

Od: Support <support@desk.example>
Odoslané: pondelok 3. marca 2025 10:15
Komu: Carla
Predmet: Shop

Feladó: Support <support@desk.example>
Elküldve: 2025. március 3., hétfő 10:15
Címzett: Carla
Tárgy: Shop

De la: Support <support@desk.example>
Trimis: luni, 3 martie 2025 10:15
Către: Carla
Subiect: Shop

Kimden: Support <support@desk.example>
Gönderildi: 3 Mart 2025 Pazartesi 10:15
Kime: Carla
Konu: Shop

От: Support <support@desk.example>
Отправлено: 3 марта 2025 г. 10:15
Кому: Carla
Тема: Shop

Від: Support <support@desk.example>
Надіслано: 3 березня 2025 р. 10:15
Кому: Carla
Тема: Shop

Από: Support <support@desk.example>
Στάλθηκε: Δευτέρα, 3 Μαρτίου 2025 10:15
Προς: Carla
Θέμα: Shop

差出人: Support <support@desk.example>
送信日時: 2025年3月3日 10:15
宛先: Carla
件名: Shop

发件人: Support <support@desk.example>
发送时间: 2025年3月3日 10:15
收件人: Carla
主题: Shop

寄件者: Support <support@desk.example>
寄件日期: 2025年3月3日 10:15
收件者: Carla
主旨: Shop

보낸 사람: Support <support@desk.example>
보낸 날짜: 2025년 3월 3일 10:15
받는 사람: Carla
제목: Shop

מאת: Support <support@desk.example>
נשלח: יום שני 3 מרץ 2025 10:15
אל: Carla
נושא: Shop

من: Support <support@desk.example>
تاريخ الإرسال: 03/مارس/2025 10:15
إلى: Carla
الموضوع: Shop

*From:* Support <support@desk.example>
*Date:* Monday, March 3, 2025 at 10:15
*To:* Carla
*Subject:* Shop

________________________________
From: Support <support@desk.example>
Sent: Monday, March 3, 2025 10:15
To: Carla
Subject: Shop

Pošiljatelj: Support <support@desk.example>
Poslano: 3. ožujka 2025. 10:15
Prima: Carla
Predmet: Shop

Pošiljatelj: Support <support@desk.example>
Poslano: ponedeljek, 3. marec 2025 10:15
Za: Carla
Zadeva: Shop

Nuo: Support <support@desk.example>
Išsiųsta: 2025 m. kovo 3 d. 10:15
Kam: Carla
Tema: Shop

No: Support <support@desk.example>
Nosūtīts: pirmdiena, 2025. gada 3. marts 10:15
Kam: Carla
Tēma: Shop

Saatja: Support <support@desk.example>
Saadetud: esmaspäev, 3. märts 2025 10:15
Adressaat: Carla
Teema: Shop

От: Support <support@desk.example>
Изпратено: понеделник, 3 март 2025 10:15
До: Carla
Относно: Shop

Šalje: Support <support@desk.example>
Poslato: 3. mart 2025. 10:15
Prima: Carla
Tema: Shop

De: Support <support@desk.example>
Enviat el: dilluns, 3 de març de 2025 10:15
Per a: Carla
Tema: Shop

Pengirim: Support <support@desk.example>
Tanggal: 3 Maret 2025 10:15
Kepada: Carla
Subjek: Shop

Dari: Support <support@desk.example>
Dikirim: 3 Maret 2025 10:15
Kepada: Carla
Subjek: Shop

Từ: Support <support@desk.example>
Đã gửi: 3 Tháng Ba 2025 10:15
Đến: Carla
Chủ đề: Shop

จาก: Support <support@desk.example>
ส่ง: 3 มีนาคม 2025 10:15
ถึง: Carla
เรื่อง: Shop
""".strip().split("\n\n")


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
@pytest.mark.parametrize("mark", ["> ", ""])
def test_what_is_announced_as_a_quote_is_left_out(attribution: str, mark: str) -> None:
    gap = "" if mark else "\n"
    text = f"{SAID}\n\n{attribution}\n{gap}{mark}Your ticket was opened.\n{mark}We look at it.\n"
    assert extract_reply(text).text == SAID


@pytest.mark.parametrize("header", HEADERS)
def test_what_follows_a_copied_header_is_left_out(header: str) -> None:
    assert extract_reply(f"{SAID}\n\n{header}\n\nYour ticket was opened.\n").text == SAID


def test_marks_of_direction_hide_no_quote() -> None:
    line = "\u202bבתאריך יום ב׳, 3 במרץ 2025 ב-10:15 מאת Support <\u202asupport@desk.example\u202c>:\u202c"
    assert extract_reply(f"{SAID}\n\n{line}\n> Your ticket was opened.\n").text == SAID


@pytest.mark.parametrize(
    "line",
    [
        "The tills stop at these times: 2025-03-03 at 10:15:",
        "Please call Anna <anna@shop.example> about it:",
        "Order: 4711\nArrived: 2025-03-03 10:15\nMissing: two tills",
        "On Monday 3 March 2025 the error was:",
    ],
)
def test_what_only_looks_like_a_quote_is_kept(line: str) -> None:
    text = f"It is down again.\n\n{line}\n\nIt says E42."
    assert extract_reply(text).text == text


@pytest.mark.parametrize(
    "subject",
    [
        "OOO: Your ticket",
        "[Auto-Reply] Your ticket",
        "Auto: Re: Your ticket",
        "Réponse d'absence : Votre ticket",
        "Resposta automàtica: Tiquet",
        "Erantzun automatikoa: Tiketa",
        "Sjálfvirkt svar: Miði",
        "Eingangsbestätigung: Ihre Nachricht",
        "Accusé de réception",
        "We have received your message",
        "Your request #123 has been received",
        "Thank you for contacting Hafenlicht!",
    ],
)
def test_a_machines_subject_is_known(subject: str) -> None:
    assert is_automatic_subject(subject)


@pytest.mark.parametrize(
    "subject",
    [
        "Re: We have received your message",
        "Re: Thank you for contacting Hafenlicht!",
        "Our automatic reply does not work",
        "Eingangsbestätigung fehlt",
        "Auto: Reparatur der Kasse im Lieferwagen",
        "Automatic door broken",
        "Office door is out of order",
        "Absence management module: login fails",
    ],
)
def test_a_customers_subject_is_no_machines(subject: str) -> None:
    assert not is_automatic_subject(subject)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Urlaub bis 03.03.", "Ich bin ab dem 4. März wieder erreichbar."),
        ("Abwesend: Ihr Ticket", "In dringenden Fällen wenden Sie sich an Herrn Otto."),
        ("En congés jusqu'au 3 mars", "Je serai de retour le 4 mars."),
        ("De vacaciones: Su ticket", "En caso de urgencia, llame a Ana."),
        ("Ferie fino al 3 marzo", "Rientro il 4 marzo."),
        ("De férias: Ticket", "Em caso de urgência ligue para a Rita."),
        ("Op vakantie Re: Ticket", "Ik ben terug op 4 maart."),
        ("På semester t.o.m. 3 mars", "Jag är tillbaka den 4 mars."),
        ("Urlop: Zgłoszenie", "Wracam 4 marca. W pilnych sprawach proszę dzwonić."),
        ("Dovolená: Tiket", "Vrátím se 4. března."),
        ("Szabadság: Jegy", "Sürgős esetben hívja kollégámat."),
        ("В отпуске: Заявка", "Вернусь 4 марта."),
        ("I'm on vacation Re: ticket", "I will be back on 4 March."),
    ],
)
def test_who_is_away_says_so_in_subject_and_text(subject: str, text: str) -> None:
    assert seems_away(subject, text)
    assert not seems_away(subject, "The calendar shows the wrong days.")
    assert not seems_away(f"Wrong entry: {subject}", text)
