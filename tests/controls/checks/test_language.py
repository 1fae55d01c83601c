from __future__ import annotations

import pytest

from assurance.controls.checks.tongues import NAMES, guess
from tests.controls.checks.sample_facts import codes, letter, run

# One plain letter in each language, none of it taken from anywhere.
LETTERS = {
    "en": "Dear customer, we have looked at your claim and we will pay the amount you asked for."
    " Please tell us if anything in this letter is wrong, and we will answer within a week.",
    "de": "Sehr geehrte Kundin, wir haben Ihren Antrag geprüft und werden den Betrag zahlen, um den"
    " Sie gebeten haben. Bitte sagen Sie uns, wenn etwas in diesem Brief nicht richtig ist.",
    "fr": "Madame, nous avons étudié votre demande et nous allons payer le montant que vous avez"
    " demandé. Si une partie de cette lettre est fausse, écrivez-nous et nous répondrons.",
    "es": "Estimada clienta, hemos estudiado su solicitud y vamos a pagar la cantidad que usted ha"
    " pedido. Si algo de esta carta no es correcto, escriba y le contestaremos en una semana.",
    "it": "Gentile cliente, abbiamo esaminato la sua richiesta e pagheremo la somma che ha chiesto."
    " Se qualcosa in questa lettera non è corretto, ci scriva e risponderemo in una settimana.",
    "pt": "Cara cliente, analisámos o seu pedido e vamos pagar a quantia que pediu. Se alguma coisa"
    " nesta carta não está certa, escreva para nós e respondemos em uma semana, sem custos.",
    "nl": "Geachte klant, wij hebben uw aanvraag bekeken en zullen het bedrag betalen dat u heeft"
    " gevraagd. Als er iets in deze brief niet klopt, schrijf ons dan en wij geven antwoord.",
    "sv": "Bästa kund, vi har tittat på din ansökan och kommer att betala det belopp som du bett"
    " om. Om något i detta brev inte är rätt så skriv till oss, och vi svarar inom en vecka.",
    "da": "Kære kunde, vi har set på jeres ansøgning og vil betale det beløb, som I har bedt om."
    " Hvis noget i dette brev ikke er rigtigt, så skriv til os, og vi svarer meget hurtigt.",
    "nb": "Kjære kunde, vi har sett på søknaden deres og vil betale det beløpet dere har bedt om."
    " Hvis noe i dette brevet ikke er riktig, så skriv til oss, og vi svarer mye raskere enn før.",
    "fi": "Hyvä asiakas, me olemme tutkineet hakemuksen ja maksamme summan, jota te pyysitte. Jos"
    " jokin tässä kirjeessä ei ole oikein, niin kirjoittakaa, ja me vastaamme, kun voimme.",
    "pl": "Szanowna Pani, sprawdziliśmy wniosek i wypłacimy kwotę, o którą Pani prosiła. Jeśli coś"
    " w tym liście nie jest zgodne z prawdą, proszę do nas napisać, a odpowiemy w tym tygodniu.",
    "cs": "Vážená paní, prohlédli jsme vaši žádost a zaplatíme částku, o kterou jste žádala. Pokud"
    " v tomto dopise něco není správně, napište nám a my vám odpovíme, jak to bude možné.",
    "ro": "Stimată clientă, am verificat cererea și vom plăti suma pe care ați cerut-o. Dacă ceva"
    " din această scrisoare nu este corect, scrieți-ne și vom răspunde în cel mai scurt timp.",
    "hu": "Tisztelt Ügyfelünk, a kérelmet megnéztük, és azt az összeget fizetjük ki, amely szerepel"
    " a levélben. Ha valami ebben nem helyes, kérjük, hogy írjon, és egy héten belül válaszolunk.",
    "el": "Αγαπητή κυρία, εξετάσαμε την αίτηση και θα πληρώσουμε το ποσό που ζητήσατε. Αν κάτι από"
    " αυτό το γράμμα δεν είναι σωστό, γράψτε μας και θα σας απαντήσουμε μέσα στην εβδομάδα.",
    "ru": "Уважаемая клиентка, мы рассмотрели ваше заявление и выплатим сумму, которую вы просили."
    " Если что-то в этом письме не так, напишите нам, и мы ответим вам в течение недели.",
    "uk": "Шановна клієнтко, ми розглянули вашу заяву і виплатимо суму, про яку ви просили. Якщо"
    " щось у цьому листі не так, напишіть нам, і ми відповімо вам протягом тижня, як зможемо.",
    "bg": "Уважаема клиентко, разгледахме молбата и ще изплатим сумата, която сте поискали. Ако"
    " нещо в това писмо не е вярно, пишете ни и ние ще отговорим до една седмица, като може.",
}


def judge(text, *allowed):
    return run("language", {"field": "output.text", "allowed": list(allowed)}, letter(text))


def test_there_is_a_letter_for_every_language():
    assert set(LETTERS) == set(NAMES)


@pytest.mark.parametrize("code", LETTERS)
def test_a_letter_is_recognised_as_what_it_is(code):
    assert guess(LETTERS[code]).plausible[0] == code


@pytest.mark.parametrize("code", LETTERS)
def test_a_letter_in_an_allowed_language_passes(code):
    relatives = {"da": "nb", "nb": "da"}

    assert judge(LETTERS[code], code, relatives.get(code, code)).outcome == "pass"


@pytest.mark.parametrize("code", sorted(set(LETTERS) - {"en"}))
def test_a_letter_in_another_language_never_passes(code):
    found = judge(LETTERS[code], "en")

    assert found.outcome == "fail"
    assert found.reason_code in ("other_language", "other_script")
    assert found.findings[0].path == "output.text"
    assert found.operands[0]["other"] == ["en"]


@pytest.mark.parametrize("code", sorted(set(LETTERS) - {"de"}))
def test_no_other_letter_passes_as_german(code):
    assert judge(LETTERS[code], "de").outcome != "pass"


def test_close_relatives_are_told_apart_or_admitted_to_be_too_close():
    for code, other in (("da", "nb"), ("nb", "da"), ("ru", "uk"), ("uk", "ru"), ("es", "pt")):
        assert judge(LETTERS[code], other).outcome in ("fail", "inconclusive")


@pytest.mark.parametrize("text", ["", "Yes.", "We will pay.", "4,820.00 EUR", "🙂🙂🙂"])
def test_a_text_of_a_few_words_is_inconclusive(text):
    found = judge(text, "en", "de")

    assert found.outcome == "inconclusive"


@pytest.mark.parametrize(
    "text",
    [
        "Anna Berta Carla Dora Emma Frieda Greta Hanna Ida Jana Klara Lena Maria Nora",
        "qwe rty uio pas dfg hjk lzx cvb nmq wer tyu iop asd fgh",
    ],
)
def test_what_is_no_known_language_is_inconclusive(text):
    found = judge(text, "en")

    assert (found.outcome, found.reason_code) == ("inconclusive", "unrecognised")


@pytest.mark.parametrize(
    "text", ["これは手紙です。" * 5, "这是一封信。" * 5, "هذه رسالة إلى العميل"]
)
def test_another_script_fails_even_in_a_short_text(text):
    found = judge(text, "en", "el")

    assert (found.outcome, found.reason_code) == ("fail", "other_script")


def test_a_mix_of_scripts_is_inconclusive():
    found = judge(LETTERS["en"] + LETTERS["ru"], "en")

    assert (found.outcome, found.reason_code) == ("inconclusive", "mixed_scripts")


@pytest.mark.parametrize("value", [None, 3, ["We pay."], {}])
def test_what_is_no_text_is_inconclusive(value):
    params = {"field": "output.text", "allowed": ["en"]}

    assert run("language", params, {"output": {"text": value}}).outcome == "inconclusive"


def test_the_guess_does_not_hang_on_the_order_of_words_or_on_capitals():
    words = LETTERS["it"].split()

    assert guess(" ".join(reversed(words)).upper()).plausible[0] == "it"


def test_parameters_are_checked_when_saved():
    good = {"field": "output.text", "allowed": ["en", "de"]}

    assert codes("language", good) == {}
    assert codes("language", {**good, "allowed": []}) == {"/allowed": "wrong_parameter"}
    assert codes("language", {**good, "allowed": ["tlh"]}) == {"/allowed/0": "wrong_parameter"}
    assert codes("language", {**good, "field": "output.amount"}) == {"/field": "wrong_field_type"}
