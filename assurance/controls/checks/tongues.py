"""In which language a text is written, by its script and its small words. No model, no download:
lists of our own of the commonest function words, and letters that few languages have.

It is an estimate for whole letters, not for a line: `guess` says how sure it is by naming every
language that comes close. Nothing is guessed from fewer than MIN_WORDS words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

MIN_WORDS = 12
# Below this share of known small words nothing is recognised: a list of names, another tongue.
LEAST_SHARE = 0.08
# Whatever scores at least this share of the best is plausible too.
CLOSE = 0.7
# A text is in one script if so much of its letters are.
ONE_SCRIPT = 0.8
_MOST_WORDS = 5_000  # the start of a long letter tells enough, and keeps the check quick

NAMES = {
    "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "fi": "Finnish", "fr": "French", "hu": "Hungarian",
    "it": "Italian", "nb": "Norwegian", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "uk": "Ukrainian",
}  # fmt: skip
SCRIPTS = {"bg": "CYRILLIC", "el": "GREEK", "ru": "CYRILLIC", "uk": "CYRILLIC"}

_WORDS = {
    "en": "the of and to in is that for it with as was on are be this by not have from or which you"
    " your we our will has been would their they there can if but all any at an were what when"
    " please do does about more",
    "de": "der die das und ist nicht ein eine einen einem einer zu den dem des mit für von auf sie"
    " wir ihr ihre ihren ihnen sich auch als an werden wird wurde haben hat sind bei nach aus oder"
    " aber dass wenn nur noch über durch im zum zur uns unser bitte kann können diese dieser",
    "fr": "le la les des du une est et que qui dans pour pas sur par avec au aux ce cette ces nous"
    " vous votre notre vos nos il elle ils sont été être avoir ont mais ou où plus ne se sa son ses"
    " leur leurs comme si tout je cela très fait d l",
    "es": "el la los las de del que en un una es por con para no se su sus al lo como más pero este"
    " esta estos está están ha han sido ser si porque cuando muy sin sobre también nos usted le les"
    " nuestro nuestra entre hasta desde donde y",
    "it": "il lo la gli le di del della dei delle che è in un una per con non si su da al alla ai"
    " come più ma questo questa questi anche sono essere stato ha hanno se nel nella dal dalla ci"
    " vi loro suo sua nostro vostro molto quando perché ed quale e",
    "pt": "o os as de do da dos das que em um uma é por com para não se na no nas nos ao à mais mas"
    " este esta isso está estão foi ser ter tem como também sua seu suas seus quando muito nós você"
    " pelo pela até sem são há e",
    "nl": "de het een en van is dat die in op te niet met voor zijn er aan om ook als maar bij of"
    " uit naar dan nog wordt worden werd heeft hebben door over deze dit wij we u uw ons onze ik je"
    " kan kunnen zal geen wel hun meer",
    "sv": "och att det som en är på för av med den till inte har de ett om vi var kan från men"
    " eller så ska skall detta denna dessa när vara vid också efter han hon du ni er vår vårt våra"
    " sig sin sitt mycket alla hade än",
    "da": "og at det som en er på for af med den til ikke har de et om vi var kan fra men eller så"
    " skal dette denne disse når være ved også efter han hun du jeg jer vores sig sin sit meget"
    " alle havde end blev hvis hvor nogle deres",
    "nb": "og at det som en er på for av med den til ikke har de et om vi var kan fra men eller så"
    " skal dette denne disse når være ved også etter han hun du jeg dere vår vårt våre seg sin sitt"
    " mye alle hadde enn ble hvis hvor noen deres",
    "fi": "ja on ei että se oli hän ovat mutta myös kun niin tai jos mitä joka jotka tämä nämä sen"
    " sitä me te he meidän teidän heidän voi voidaan ole olla olemme olette kuin vain jo vielä"
    " mukaan kanssa sekä siitä tämän ilman",
    "pl": "i w na z do nie się że jest to o po za od dla przez jak oraz ale czy tak co który która"
    " które są był była było być może można ten ta te tego tej tym przy ich jego jej nas nasz"
    " już tylko jeśli także",
    "cs": "a v na se že je to z do s o po za od pro jako ale nebo tak co který která které jsou byl"
    " byla bylo být může ten ta tato toto tento této při jejich jeho její nás náš vás váš již jen"
    " pokud také k ve",
    "ro": "și în de la cu pe nu o un este sunt că pentru din care ce mai să se al ale a au fost fi"
    " prin dar sau dacă acest această aceste acestea când cum foarte dumneavoastră noi voi lor"
    " său sa după fără între până",
    "hu": "a az és hogy nem is egy ez azt van volt lesz de meg csak vagy mint már ha kell lehet"
    " minden ami aki amely ezt ön önök mi ők között után szerint során által nagyon még itt ott"
    " nincs fel ki el be",
    "el": "και το η ο του της την των τον να με για από που είναι δεν σε στο στη στην στον τα τις"
    " τους οι ένα μια ότι θα έχει έχουν αλλά ή αν όπως σας μας αυτό αυτή αυτά κατά μετά χωρίς",
    "ru": "и в не на что с по это как из для от за к но или он она они мы вы вас нас его её их был"
    " была были быть может если так также при о у же бы все этот эта эти который которые до после",
    "uk": "і й в у не на що з із по це як для від за до але або він вона вони ми ви вас нас його її"
    " їх був була були бути може якщо так також при про ж би всі цей ця ці який які та є після",
    "bg": "и в на не че с по това как от за до но или той тя те ние вие вас нас го я ги беше бяха"
    " бъде може ако така също при ще се да са е със във който които този тази тези след",
}
# Letters that few languages write: each word with one counts for those that do.
_LETTERS = {
    "de": "ß", "fr": "œçêèù", "es": "ñ¿¡", "pt": "ãõ", "sv": "", "da": "æø", "nb": "æø",
    "pl": "łąęśźżń", "cs": "řěůčšž", "ro": "șțăşţ", "hu": "őű", "uk": "іїєґ", "ru": "ыэё",
    "bg": "", "it": "", "nl": "", "en": "", "fi": "", "el": "",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Guess:
    """What a text seems to be: every plausible language, the best first, none where nothing was
    recognised. `scripts` gives the share of its letters in each script, the most first; `words`
    counts what was looked at."""

    plausible: tuple[str, ...]
    scripts: Mapping[str, float]
    words: int

    @property
    def script(self) -> str:
        """The script of most letters, empty where there is none."""
        return next(iter(self.scripts), "")


def guess(text: str) -> Guess:
    """The languages that a text may be in."""
    words = [match[0] for match in _WORD.finditer(unicodedata.normalize("NFC", text).lower())]
    words = words[:_MOST_WORDS]
    unsure = Guess((), _scripts_of(words), len(words))
    if len(words) < MIN_WORDS:
        return unsure
    weights, counted = _weights(), Counter(words)
    scores = {code: 0.0 for code in NAMES if SCRIPTS.get(code, "LATIN") == unsure.script}
    for word, times in counted.items():
        for code, weight in weights.get(word, {}).items():
            if code in scores:
                scores[code] += weight * times
        for code in scores:
            if any(letter in word for letter in _LETTERS[code]):
                scores[code] += 0.25 * times
    best = max(scores.values(), default=0.0)
    if not best or best / len(words) < LEAST_SHARE:
        return unsure
    close = [code for code, score in scores.items() if score >= CLOSE * best]
    close.sort(key=lambda code: (-scores[code], code))
    return replace(unsure, plausible=tuple(close))


@lru_cache(maxsize=1)
def _weights() -> dict[str, dict[str, float]]:
    """What each small word says for each language that has it: one that several share says less,
    and less than half for each of them."""
    holders: dict[str, list[str]] = {}
    for code, text in _WORDS.items():
        for word in set(text.split()):
            holders.setdefault(word, []).append(code)
    return {
        word: dict.fromkeys(codes, 1.0 if len(codes) == 1 else 0.5)
        for word, codes in holders.items()
    }


def _scripts_of(words: list[str]) -> dict[str, float]:
    """Which share of the letters is in which script, the most first, by the first word of their
    Unicode names."""
    letters = Counter("".join(words))
    scripts: Counter[str] = Counter()
    for letter, times in letters.items():
        scripts[unicodedata.name(letter, "UNKNOWN").split()[0]] += times
    return {script: times / scripts.total() for script, times in scripts.most_common()}
