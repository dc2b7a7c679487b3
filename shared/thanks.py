"""Whether a message is no more than thanks, or a word that it works: by a rule that can be told.

It is, if all of this holds:

- it has a word of thanks, or one that says that it works;
- it asks nothing: no question mark;
- it has no word of objection or of a wish (not, but, still, error, please, …);
- it has at most `WORDS_MAX` words, no number among them, and at most `OTHERS_MAX` that are
  neither thanks, nor words that stand around them, nor the name of whoever wrote it.

What is in doubt is no thanks: then somebody reads it. English and German.
"""

import re
from typing import Final

WORDS_MAX: Final = 40
OTHERS_MAX: Final = 3
TEXT_LENGTH_MAX: Final = 1_000
"""Characters of a text that can be thanks; a longer one is not looked at."""

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.casefold().split())


_THANKS: Final = _words(
    """
    thanks thank thankyou thx ty tnx cheers appreciate appreciated grateful works worked working
    fixed solved resolved sorted great perfect excellent awesome wonderful brilliant fantastic
    danke dankeschön dank dankend bedanke funktioniert geht klappt läuft behoben gelöst erledigt
    super prima perfekt klasse toll wunderbar
    """
)
_OBJECTION: Final = _words(
    """
    no not nor none never nothing but however although though except unless until still yet
    cannot can't cant don't dont doesn't doesnt didn't didnt isn't isnt wasn't wasnt won't wont
    hasn't haven't unfortunately sadly error errors fail fails failed failing failure broken
    break breaks crash crashes crashed down wrong issue issues problem problems bug trouble
    another also other different please could would should can why when where what how who
    which if question ask asking need needs want wait waiting tomorrow monday missing slow only
    partly hardly barely nope hoped hope nicht kein keine keinen keiner nie niemals nichts aber
    jedoch allerdings obwohl außer noch weiterhin passiert gleiche gleichen selbe leider fehler
    happen happens happened occurs occurred returned came reappeared broke same
    fehlt fehlen kaputt defekt absturz stürzt falsch probleme störung außerdem auch andere
    anderes anderer weitere weiterer bitte könnten könnte können kann würde sollte warum wieso
    wann wo was wie wer welche wenn falls ob frage brauche brauchen möchte will warte warten
    morgen montag langsam nur teilweise kaum doch hoffentlich hoffe
    """
)
_AROUND: Final = _words(
    """
    a the it its it's this that all everything you your yours u i i'm me my we our us so very
    much more once lot lots many really now for of to with and on at is was are be been have has
    had just fine good well done quick quickly fast prompt promptly kind help helping support reply
    response team everyone hi hello dear hey yes ok okay confirm confirmed best warm regards
    sincerely greetings br rgds nice day weekend again back up mr mrs ms dr das es ist war alles
    jetzt nun die der den dem für ihre ihren ihr ihnen euch eure sie du dich wieder dir ich wir
    uns mir mich mein meine und mit zu sehr viel vielen vielmals herzlichen herzlich besten
    schnelle schnellen rasche raschen prompte hilfe unterstützung antwort hallo guten tag liebe
    lieber liebes geehrte geehrter damen herren herr frau ja gut einwandfrei freundlichen grüßen
    grüsse grüße gruß gruss freundliche viele lg mfg vg schönes schönen wochenende bestätige
    hiermit
    """
)


def is_thanks(text: str, name: str = "") -> bool:
    """Whether the text, by somebody of this name, is no more than thanks."""
    if len(text) > TEXT_LENGTH_MAX or "?" in text:
        return False
    words = [word.replace("’", "'") for word in _WORD.findall(text.casefold())]
    if not words or len(words) > WORDS_MAX or any(any(map(str.isdigit, w)) for w in words):
        return False
    if not _OBJECTION.isdisjoint(words) or _THANKS.isdisjoint(words):
        return False
    known = _THANKS | _AROUND | {*_WORD.findall(name.casefold())}
    return sum(word not in known for word in words) <= OTHERS_MAX
