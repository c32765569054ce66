"""Words for "true" and "false": Moodle exports a true/false question in the language of the
user who exports it."""

from __future__ import annotations

import re

# Language → (words for true, words for false), taken from Moodle's language packs and from
# dictionaries.
_TRUTH_WORDS: dict[str, tuple[str, str]] = {
    "ar": ("صح صحيح صواب", "خطأ خاطئ"),
    "bg": ("вярно истина", "невярно грешно лъжа"),
    "ca": ("cert vertader veritat", "fals"),
    "cs": ("pravda ano", "nepravda ne"),
    "da": ("sandt sand", "falsk falskt usandt"),
    "de": ("wahr richtig ja", "falsch unwahr nein"),
    "el": ("σωστό αληθές", "λάθος ψευδές"),
    "en": ("true yes t right correct", "false no f wrong incorrect"),
    "es": ("verdadero cierto sí si", "falso"),
    "et": ("tõene õige", "väär vale"),
    "eu": ("egia egiazkoa", "gezurra faltsua"),
    "fa": ("درست صحیح", "نادرست غلط"),
    "fi": ("tosi oikein", "epätosi väärin"),
    "fr": ("vrai oui", "faux non"),
    "gl": ("verdadeiro certo", "falso"),
    "he": ("נכון אמת", "לא-נכון שקר לא_נכון"),
    "hi": ("सही सत्य", "गलत असत्य ग़लत"),
    "hr": ("točno istina", "netočno neistina"),
    "hu": ("igaz", "hamis"),
    "id": ("benar", "salah"),
    "it": ("vero", "falso"),
    "ja": ("正しい 真 正 ○ 〇", "誤り 偽 誤 間違い × ✕"),
    "ko": ("참 맞음", "거짓 틀림"),
    "lt": ("tiesa taip", "netiesa klaidinga"),
    "lv": ("patiess pareizi", "aplams nepareizi"),
    "nb": ("sant riktig", "usant galt"),
    "nl": ("waar juist", "onwaar niet_waar onjuist"),
    "pl": ("prawda tak", "fałsz nieprawda nie"),
    "pt": ("verdadeiro certo", "falso errado"),
    "ro": ("adevărat adevarat", "fals"),
    "ru": ("верно истина правда да", "неверно ложь нет"),
    "sk": ("pravda áno", "nepravda nie"),
    "sl": ("pravilno drži res", "napačno nepravilno ne_drži"),
    "sr": ("тачно tačno", "нетачно netačno"),
    "sv": ("sant sann", "falskt falsk osant"),
    "th": ("ถูก จริง", "ผิด เท็จ"),
    "tr": ("doğru", "yanlış"),
    "uk": ("правда так вірно істина", "неправда ні невірно хибність хибно"),
    "vi": ("đúng", "sai"),
    "zh": ("对 正确 真 對 正確 是", "错 错误 假 錯 錯誤 否"),
}
_TRUTH_BY_WORD = {
    word.replace("_", " "): value
    for words in _TRUTH_WORDS.values()
    for value, batch in zip((True, False), words, strict=True)
    for word in batch.split()
}


def parse_truth_word(words: str) -> bool | None:
    """The value of a word in any of these languages; None if it is not a word for true or
    false."""
    return _TRUTH_BY_WORD.get(re.sub(r"[\s.!]+", " ", words).strip().casefold())
