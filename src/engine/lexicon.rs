//! What a chat message asks for or tells: gestures by word lists, several per message, in all shipped languages at once.
//!
//! A message is [`Folded`] first (lower case, no accents, no elongations, one token a word or emoji), then one automaton
//! walks over it. The lists and their rules are in `config/lexicons/*.toml`: the longest entry that begins at a word wins,
//! so `preço bom` is praise and no question about the price, and `não gostei` is no praise.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use unicode_normalization::UnicodeNormalization;

use super::view::show::Gesture;

/// The lexicons in the binary, by language.
pub const SHIPPED: [(&str, &str); 3] = [
    ("pt", include_str!("../../config/lexicons/pt.toml")),
    ("en", include_str!("../../config/lexicons/en.toml")),
    ("es", include_str!("../../config/lexicons/es.toml")),
];

/// A set of gestures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GestureSet(u16);

impl GestureSet {
    /// Those that ask for an answer.
    pub const ASKING: Self = Self(0b11_1111);

    #[must_use]
    pub const fn of(gesture: Gesture) -> Self {
        Self(1 << gesture as u16)
    }
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
    #[must_use]
    pub const fn has(self, gesture: Gesture) -> bool {
        self.meets(Self::of(gesture))
    }
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Those of it that ask for an answer.
    #[must_use]
    pub const fn asking(self) -> Self {
        Self(self.0 & Self::ASKING.0)
    }
    /// The first gesture that asks for an answer.
    #[must_use]
    pub fn topic(self) -> Option<Gesture> {
        self.asking().iter().next()
    }
    /// In the order of [`Gesture::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Gesture> {
        Gesture::ALL.into_iter().filter(move |gesture| self.has(*gesture))
    }
}

/// A text reduced to what it says: ` quanto  custa ` for "Quaaanto CUSTA??", each token between two spaces.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    bytes: Vec<u8>,
    asks: bool,
}

/// What a byte of ASCII is to a token: 0 ends it, 1 is left out, everything else stands in it.
const ENDS: u8 = 0;
const LEFT_OUT: u8 = 1;
const ASCII: [u8; 128] = {
    let mut table = [ENDS; 128];
    let mut c = 0u8;
    while c < 128 {
        table[c as usize] = match c {
            b'a'..=b'z' | b'0'..=b'9' => c,
            b'A'..=b'Z' => c + 32,
            b'\'' | b'`' => LEFT_OUT,
            _ => ENDS,
        };
        c += 1;
    }
    table
};

/// U+00C0 to U+00FF without their accents, in lower case; a space ends a token, `*` is left to the slow way.
const LATIN: &[u8; 64] = b"aaaaaa*ceeeeiiiidnooooo ouuuuy**aaaaaa*ceeeeiiiidnooooo ouuuuy*y";

/// Writes the tokens of a text.
struct Folding {
    bytes: Vec<u8>,
    asks: bool,
    /// The last byte written, a space at the beginning, and how often it came in a row.
    last: u8,
    run: u8,
}

impl Folding {
    fn take_ascii(&mut self, byte: u8) {
        match ASCII[usize::from(byte & 0x7F)] {
            ENDS => {
                self.asks |= byte == b'?';
                self.end_token();
            }
            LEFT_OUT => {}
            letter => self.put(letter),
        }
    }

    /// A letter or digit of ASCII. A doubled vowel counts once, and so does a consonant that comes three times or more.
    fn put(&mut self, letter: u8) {
        if letter != self.last {
            self.begin_token();
            self.bytes.push(letter);
            self.last = letter;
            self.run = 1;
            return;
        }
        self.run = self.run.saturating_add(1);
        match (letter, self.run) {
            (b'0'..=b'9', _) => self.bytes.push(letter),
            (b'a' | b'e' | b'i' | b'o' | b'u', _) | (_, 4..) => {}
            (_, 3) => self.bytes.truncate(self.bytes.len() - 1),
            _ => self.bytes.push(letter),
        }
    }

    /// A character beyond Latin-1: compatibility forms become plain, marks go, an emoji is a token of its own.
    fn take(&mut self, c: char) {
        match c {
            '\u{300}'..='\u{36F}' | '\u{200C}' | '\u{200D}' | '\u{FE0E}' | '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}' | '’' | '´' => {}
            '？' | '؟' | '¿' | '⁇' | '❓' | '❔' => {
                self.asks = true;
                self.end_token();
            }
            _ if c.is_alphanumeric() => {
                for part in std::iter::once(c).nfkd().filter(|part| !matches!(part, '\u{300}'..='\u{36F}')) {
                    for small in part.to_lowercase() {
                        self.put_char(small);
                    }
                }
            }
            '\u{2190}'.. => self.put_emoji(c),
            _ => self.end_token(),
        }
    }

    fn put_char(&mut self, c: char) {
        match u8::try_from(c) {
            Ok(byte) if byte < 0x80 => self.take_ascii(byte),
            _ => {
                self.begin_token();
                self.bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                self.last = self.bytes.last().copied().unwrap_or(b' ');
            }
        }
    }

    /// The same emoji again adds nothing.
    fn put_emoji(&mut self, c: char) {
        self.end_token();
        let mut utf8 = [0; 4];
        let emoji = c.encode_utf8(&mut utf8).as_bytes();
        let end = self.bytes.len().saturating_sub(1);
        if !self.bytes[..end].ends_with(emoji) {
            self.begin_token();
            self.bytes.extend_from_slice(emoji);
            self.last = 0;
            self.end_token();
        }
    }

    fn begin_token(&mut self) {
        if self.last == b' ' {
            self.bytes.push(b' ');
        }
    }

    fn end_token(&mut self) {
        if self.last != b' ' {
            self.bytes.push(b' ');
            self.last = b' ';
        }
    }
}

impl Folded {
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut folding = Folding { bytes: Vec::with_capacity(text.len() + text.len() / 2 + 8), asks: false, last: b' ', run: 0 };
        let bytes = text.as_bytes();
        let mut index = 0;
        while let Some(&byte) = bytes.get(index) {
            if byte < 0x80 {
                folding.take_ascii(byte);
                index += 1;
                continue;
            }
            let latin = bytes.get(index + 1).filter(|_| byte == 0xC3).map_or(b'*', |next| LATIN[usize::from(next & 0x3F)]);
            match latin {
                b'*' => {
                    let c = text[index..].chars().next().unwrap_or(' ');
                    folding.take(c);
                    index += c.len_utf8();
                }
                b' ' => {
                    folding.end_token();
                    index += 2;
                }
                letter => {
                    folding.put(letter);
                    index += 2;
                }
            }
        }
        folding.end_token();
        Self { bytes: folding.bytes, asks: folding.asks }
    }

    /// True where the text has a question mark.
    #[must_use]
    pub const fn asks(&self) -> bool {
        self.asks
    }
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
    /// The reduced text: equal for messages that say the same.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_default()
    }
    /// Its words and emoji.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.as_str().split_ascii_whitespace()
    }
}

/// Words and phrases with what each means, found in one walk over a folded text. The longest that begins at a word wins.
#[derive(Clone, Debug)]
pub struct Phrases<V> {
    automaton: AhoCorasick,
    meanings: Vec<V>,
}

impl<V> Phrases<V> {
    /// From entries as people write them; a trailing `*` matches any ending. Entries without a word are left out.
    ///
    /// # Errors
    /// When there are too many for one automaton.
    pub fn new(entries: impl IntoIterator<Item = (impl AsRef<str>, V)>, merge: impl Fn(&V, &V) -> V) -> Result<Self, String> {
        let mut patterns: BTreeMap<String, V> = BTreeMap::new();
        for (entry, meaning) in entries {
            let entry = entry.as_ref();
            let mut pattern = Folded::of(entry).as_str().to_owned();
            if entry.ends_with('*') {
                pattern.pop();
            }
            if pattern.is_empty() {
                continue;
            }
            let meaning = patterns.get(&pattern).map(|known| merge(known, &meaning)).unwrap_or(meaning);
            patterns.insert(pattern, meaning);
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::DFA))
            .prefilter(false)
            .build(patterns.keys())
            .map_err(|error| error.to_string())?;
        Ok(Self { automaton, meanings: patterns.into_values().collect() })
    }

    /// What the text means, entry by entry, from left to right.
    pub fn find<'a>(&'a self, text: &'a Folded) -> impl Iterator<Item = &'a V> {
        self.automaton.find_iter(&text.bytes).filter_map(|found| self.meanings.get(found.pattern().as_usize()))
    }
}

impl<V> Phrases<Option<V>> {
    /// The same without what has no meaning: those phrases still overrule the words in them.
    pub fn known<'a>(&'a self, text: &'a Folded) -> impl Iterator<Item = &'a V> {
        self.find(text).flatten()
    }
}

/// The chat gestures of one or more languages.
#[derive(Clone, Debug)]
pub struct Lexicon(Option<Phrases<GestureSet>>);

static ALL_SHIPPED: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(SHIPPED.iter().map(|(_, text)| *text)).unwrap_or(Lexicon(None)));

impl Lexicon {
    /// All shipped languages together: a Brazilian live greets in Spanish and sells in English.
    #[must_use]
    pub fn shipped() -> &'static Self {
        &ALL_SHIPPED
    }

    /// Reads lexicon files.
    ///
    /// # Errors
    /// With what is wrong: no TOML, or a list that is no gesture.
    pub fn read<'a>(files: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut entries = Vec::new();
        for file in files {
            let lists: BTreeMap<String, Vec<String>> = toml::from_str(file).map_err(|error| error.to_string())?;
            for (list, phrases) in lists {
                let meaning = meaning_of(&list).ok_or_else(|| format!("`{list}` is no gesture of the chat"))?;
                entries.extend(phrases.into_iter().map(|phrase| (phrase, meaning)));
            }
        }
        Phrases::new(entries, |one, other| one.with(*other)).map(|phrases| Self(Some(phrases)))
    }

    /// All gestures that the text makes.
    #[must_use]
    pub fn gestures(&self, text: &Folded) -> GestureSet {
        self.0.iter().flat_map(|phrases| phrases.find(text)).fold(GestureSet::default(), |all, one| all.with(*one))
    }
}

fn meaning_of(list: &str) -> Option<GestureSet> {
    if list == "none" {
        return Some(GestureSet::default());
    }
    Gesture::ALL.into_iter().take(10).find(|gesture| gesture.id() == list).map(GestureSet::of)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gestures(text: &str) -> String {
        let heard = Lexicon::shipped().gestures(&Folded::of(text));
        heard.iter().map(Gesture::id).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_shipped_lexicon_has_every_chat_gesture() {
        for (language, text) in SHIPPED {
            let lists: BTreeMap<String, Vec<String>> = toml::from_str(text).expect(language);
            for gesture in Gesture::ALL.into_iter().take(10) {
                assert!(lists.get(gesture.id()).is_some_and(|list| list.len() >= 10), "{language} {}", gesture.id());
            }
            assert!(Lexicon::read([text]).is_ok(), "{language}");
        }
    }

    #[test]
    fn a_list_that_is_no_gesture_is_refused() {
        assert!(Lexicon::read(["prise = ['x']"]).is_err_and(|error| error.contains("prise")));
        assert!(Lexicon::read(["click = ['x']"]).is_err());
        assert!(Lexicon::read(["price = 'x'"]).is_err());
    }

    #[test]
    fn folding_leaves_only_what_is_said() {
        for (text, folded) in [
            ("Quaaanto CUSTA??", " quanto  custa "),
            ("pre\u{e7}o", " preco "),
            ("prec\u{327}o", " preco "),
            ("\u{1d429}\u{1d42b}\u{1d41e}\u{1d41c}\u{1d428}", " preco "),
            ("LINDOOO!!! ammmei \u{1f60d}\u{1f60d}\u{1f60d}", " lindo  amei  \u{1f60d} "),
            ("what\u{2019}s can't", " whats  cant "),
            ("R$1000,00", " r  1000  00 "),
            ("\u{1f44f}\u{1f3fd}\u{1f44f}\u{1f3fd} \u{2764}\u{fe0f}", " \u{1f44f}  \u{2764} "),
            ("carro caro carrrro", " carro  caro  caro "),
            ("...", ""),
        ] {
            assert_eq!(Folded::of(text).as_str(), folded, "{text}");
        }
    }

    #[test]
    fn a_question_mark_of_any_script_asks() {
        for text in ["oi?", "\u{bf}qu\u{e9}", "\u{ff1f}", "\u{2753}"] {
            assert!(Folded::of(text).asks(), "{text}");
        }
        assert!(!Folded::of("oi!").asks());
    }

    #[test]
    fn chat_lines_mean_what_they_mean() {
        for (text, expected) in LINES {
            assert_eq!(gestures(text), *expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn letter_case_and_elongation_change_no_gesture(place in 0..LINES.len(), times in 2usize..8) {
            let (text, expected) = LINES[place];
            prop_assert_eq!(gestures(&text.to_uppercase()), expected);
            let stretched: String = text.chars().flat_map(|c| std::iter::repeat_n(c, if "aeiou".contains(c) { times } else { 1 })).collect();
            prop_assert_eq!(gestures(&stretched), expected);
        }

        #[test]
        fn any_text_can_be_folded_into_tokens_between_spaces(text in any::<String>()) {
            let folded = Folded::of(&text);
            let _ = Lexicon::shipped().gestures(&folded);
            let rebuilt: String = folded.tokens().map(|token| format!(" {token} ")).collect();
            prop_assert_eq!(rebuilt, folded.as_str());
        }
    }

    /// Lines as they stand in chats, and what they do. An empty right side: nothing that the desk counts.
    const LINES: &[(&str, &str)] = &[
        // Portuguese
        ("qual o preço?", "price"),
        ("quaaanto custa esse fone?", "price"),
        ("qnto ta o vlr", "price"),
        ("QTO É???", "price"),
        ("por quanto sai o kit", "price"),
        ("preço bom demais", "praise"),
        ("que preço bom, quero!", "praise buy"),
        ("ta caro", "complaint"),
        ("muito caro, tem desconto?", "coupon complaint"),
        ("não é caro não", "praise"),
        ("tem na cor preta?", "stock"),
        ("tem P?", "stock"),
        ("ja esgotou o M?", "stock"),
        ("ainda tem estoque do rosa", "stock"),
        ("acabou??", "stock"),
        ("manda o link por favor", "link"),
        ("cadê o linkkk", "link"),
        ("como faço pra comprar?", "link buy"),
        ("frete pra Manaus?", "shipping"),
        ("entregam em Recife e quanto tempo demora", "shipping"),
        ("quanto tempo chega", "shipping"),
        ("frete grátis com cupom?", "shipping coupon"),
        ("qual o cupom", "coupon"),
        ("tem promoção hj?", "coupon"),
        ("aceita pix?", "payment"),
        ("em quantas vezes no cartão", "payment"),
        ("12x sem juros?", "payment"),
        ("não consigo pagar, cartão recusado", "payment complaint"),
        ("o áudio travou", "complaint"),
        ("meu pedido não chegou", "shipping complaint"),
        ("não gostei", "complaint"),
        ("ameeeei 😍😍", "praise"),
        ("LINDO DEMAIS ❤️", "praise"),
        ("arrasou 👏🏽👏🏽👏🏽", "praise"),
        ("quero 2!", "buy"),
        ("já comprei o meu 🛒", "buy"),
        ("não quero", ""),
        ("quero saber o preço", "price"),
        ("queria saber se tem frete", "shipping"),
        ("oi gente boa noite", "greeting"),
        ("oiiii", "greeting"),
        ("boa noite, quanto é? aceita pix? manda o link", "price link payment greeting"),
        ("qual o melhor?", ""),
        ("comprei com carinho", "buy"),
        ("precisa de internet?", ""),
        ("kkkkkk", ""),
        ("serve pra pele oleosa?", ""),
        ("enquanto isso na live", ""),
        ("chega de propaganda", ""),
        // English
        ("how much is it?", "price"),
        ("whats the price pls", "price"),
        ("howww muuuch", "price"),
        ("good price!", "praise"),
        ("is it in stock", "stock"),
        ("any left in size M?", "stock"),
        ("sold out already 😡", "stock complaint"),
        ("what colours does it come in", "stock"),
        ("link please", "link"),
        ("where can i buy this", "link buy"),
        ("do you ship to Canada?", "shipping"),
        ("how long does delivery take", "shipping"),
        ("free shipping code?", "shipping coupon"),
        ("any discount today", "coupon"),
        ("can I pay with paypal", "payment"),
        ("my card was declined", "payment complaint"),
        ("checkout not working", "payment complaint"),
        ("pretty expensive tbh", "complaint"),
        ("not bad", "praise"),
        ("looove it 😍", "praise"),
        ("not good", "complaint"),
        ("I'll take it", "buy"),
        ("just ordered two!!", "buy"),
        ("I don't want it", ""),
        ("I want to know the price", "price"),
        ("hellooo from Texas", "greeting"),
        ("good morning everyone", "greeting"),
        ("oh my god", ""),
        ("where is my order", "shipping complaint"),
        // Spanish
        ("¿cuánto cuesta?", "price"),
        ("q precio tiene", "price"),
        ("quedan tallas?", "stock"),
        ("está agotado", "stock"),
        ("pásame el link", "link"),
        ("dónde lo compro", "link buy"),
        ("¿hacen envíos a Lima?", "shipping"),
        ("cuánto tarda en llegar", "shipping"),
        ("hay algún descuento?", "coupon"),
        ("puedo pagar con tarjeta", "payment"),
        ("no me deja pagar", "payment complaint"),
        ("carísimo", "complaint"),
        ("es una estafa", "complaint"),
        ("me encanta 🔥", "praise"),
        ("buen precio!", "praise"),
        ("no me gusta", "complaint"),
        ("lo quiero", "buy"),
        ("me lo llevo", "buy"),
        ("hola buenas tardes", "greeting"),
        ("caída de cabello", ""),
    ];
}
