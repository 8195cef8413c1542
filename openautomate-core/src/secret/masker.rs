//! The masking of secret values in lines of text.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde_json::{Map, Value};

use super::encodings::forms;

/// What stands in the place of a secret: of fixed width, so that it tells no length.
pub const MASK: &str = "***";

/// Values shorter than this many bytes are not masked: they would blot out ordinary text.
pub const MIN_MASKABLE: usize = 6;

/// How many texts of a value that is JSON are masked.
const MAX_PARTS: usize = 1_000;

/// Replaces registered secret values by `***`.
///
/// Each value is known in its raw form, as JSON, Python `repr` and URL encoding write it, in base64 at any
/// alignment and in hex; so are the trimmed lines of a value of several lines, since logs come in lines.
/// Other transformations (compressed, reversed, split in two) are not recognised: tell users so, and let
/// them register derived values.
///
/// Give it whole lines, before they are cut to a length: a value that a cut split is not recognised.
/// Clones share the registered values. Any thread may register and mask at any time; a value is masked in
/// every call of `mask` that begins after `register` returned.
#[derive(Clone, Default)]
pub struct Masker {
    known: Arc<RwLock<Known>>,
}

#[derive(Default)]
struct Known {
    patterns: BTreeSet<String>,
    finder: Finder,
    /// How often the automaton was built.
    builds: u64,
}

/// What finds the patterns.
#[derive(Clone, Default)]
enum Finder {
    /// There is nothing to find.
    #[default]
    Nothing,
    /// Patterns came since it was built, or it was not built yet.
    Stale,
    Built(AhoCorasick),
    /// The patterns are too many for one; gigabytes of them.
    TooLarge,
}

impl Known {
    fn build(&mut self) {
        self.builds += 1;
        // Not a DFA: it is built anew as values come, and must not grow to hundreds of megabytes.
        let built = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&self.patterns);
        self.finder = built.map_or(Finder::TooLarge, Finder::Built);
    }
}

impl Masker {
    /// A masker that knows no value.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value, and says whether it can be masked: one without a line of [`MIN_MASKABLE`] bytes can't
    /// be, and its user should be warned. Lines of a longer value that are shorter than that are left.
    ///
    /// What finds the values is built anew at the next `mask`, once for all that were added since the last: below a
    /// millisecond for tens of secrets of usual length.
    pub fn register(&self, value: &str) -> bool {
        self.add([value]);
        lines(value).next().is_some()
    }

    /// Adds values.
    fn add<'a>(&self, values: impl IntoIterator<Item = &'a str>) {
        let patterns = values
            .into_iter()
            .flat_map(|value| std::iter::once(value).chain(lines(value)))
            .filter(|text| text.len() >= MIN_MASKABLE)
            .flat_map(forms)
            .filter(|pattern| pattern.len() >= MIN_MASKABLE);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = known.patterns.len();
        known.patterns.extend(patterns);
        if known.patterns.len() > before {
            known.finder = Finder::Stale;
        }
    }

    /// What finds every value that was added so far; never stale.
    fn finder(&self) -> Finder {
        let finder = self.known.read().unwrap_or_else(PoisonError::into_inner).finder.clone();
        if !matches!(finder, Finder::Stale) {
            return finder;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have built it meanwhile.
        if matches!(known.finder, Finder::Stale) {
            known.build();
        }
        known.finder.clone()
    }

    /// The text with each known value replaced by [`MASK`]; borrowed where there was none.
    ///
    /// Values that overlap are masked as one, so that no rest of the second stays behind. Where the values are too many
    /// to be looked for, which takes gigabytes of them, the whole text is.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let automaton = match self.finder() {
            Finder::Nothing => return Cow::Borrowed(text),
            Finder::Built(automaton) => automaton,
            Finder::Stale | Finder::TooLarge => return Cow::Owned(MASK.to_owned()),
        };
        let mut masked = Cow::Borrowed(text);
        // A mask beside ordinary text may spell a secret that holds asterisks; each round is shorter by at
        // least three bytes a match, so this ends.
        while let Some(next) = mask_once(&automaton, &masked) {
            masked = Cow::Owned(next);
        }
        masked
    }
}

impl Masker {
    /// As [`Masker::register`], and if the value is JSON, a credential for one, its texts too: a run uses them, and not
    /// the JSON. Says whether the value itself can be masked.
    pub fn register_with_parts(&self, value: &str) -> bool {
        let mut parts = Vec::new();
        if value.starts_with(['{', '['])
            && let Ok(value) = serde_json::from_str(value)
        {
            add_parts(value, &mut parts);
        }
        let values = std::iter::once(value).chain(parts.iter().map(String::as_str));
        self.add(values);
        lines(value).next().is_some()
    }

    /// Masks a text where it is.
    pub fn mask_in_place(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.mask(text) {
            *text = masked;
        }
    }

    /// Masks every text in a value, names of fields too.
    pub fn mask_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.mask_in_place(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_value(item)),
            Value::Object(fields) => self.mask_fields(fields),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Masks names and values.
    pub fn mask_fields(&self, fields: &mut Map<String, Value>) {
        let masked = std::mem::take(fields).into_iter().map(|(mut key, mut value)| {
            self.mask_in_place(&mut key);
            self.mask_value(&mut value);
            (key, value)
        });
        *fields = masked.collect();
    }
}

/// The lines of a value that can be masked by themselves.
fn lines(value: &str) -> impl Iterator<Item = &str> {
    value.split(['\n', '\r']).map(str::trim).filter(|line| line.len() >= MIN_MASKABLE)
}

/// The texts within a value, at most [`MAX_PARTS`].
fn add_parts(value: Value, parts: &mut Vec<String>) {
    match value {
        Value::String(text) if parts.len() < MAX_PARTS => parts.push(text),
        Value::Array(items) => items.into_iter().for_each(|item| add_parts(item, parts)),
        Value::Object(fields) => fields.into_iter().for_each(|(_, field)| add_parts(field, parts)),
        _ => {}
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Masker")
            .field("patterns", &known.patterns.len())
            .field("builds", &known.builds)
            .finish()
    }
}

/// `None` where there is nothing to mask.
fn mask_once(automaton: &AhoCorasick, text: &str) -> Option<String> {
    if !automaton.is_match(text) {
        return None;
    }
    let mut ranges: Vec<(usize, usize)> =
        automaton.find_overlapping_iter(text).map(|found| (found.start(), found.end())).collect();
    ranges.sort_unstable();
    let mut masked = String::with_capacity(text.len());
    let (mut written, mut open) = (0, None::<(usize, usize)>);
    let mut close = |(start, end): (usize, usize)| {
        masked.push_str(&text[written..start]);
        masked.push_str(MASK);
        written = end;
    };
    for (start, end) in ranges {
        open = Some(match open {
            Some((first, last)) if start < last => (first, last.max(end)),
            Some(done) => {
                close(done);
                (start, end)
            }
            None => (start, end),
        });
    }
    open.into_iter().for_each(&mut close);
    masked.push_str(&text[written..]);
    Some(masked)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    use super::*;

    fn masker(values: &[&str]) -> Masker {
        let masker = Masker::new();
        for value in values {
            assert!(masker.register(value));
        }
        masker
    }

    #[test]
    fn text_without_a_secret_is_borrowed() {
        assert!(matches!(Masker::new().mask("x"), Cow::Borrowed("x")));
        assert!(matches!(masker(&["hunter2"]).mask("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn short_values_are_refused_and_left() {
        let masker = Masker::new();
        assert!(!masker.register("abcde"));
        assert!(!masker.register(""));
        assert!(!masker.register("ab\ncd\nef"));
        assert_eq!(masker.mask("abcde"), "abcde");
    }

    #[test]
    fn the_longest_of_nested_values_is_masked() {
        let masker = masker(&["secret", "secret-longer"]);
        assert_eq!(masker.mask("a secret-longer b secret c"), "a *** b *** c");
    }

    #[test]
    fn overlapping_values_leave_no_rest() {
        assert_eq!(masker(&["abcdef", "defghi"]).mask("<abcdefghi>"), "<***>");
    }

    #[test]
    fn a_mask_does_not_spell_another_secret() {
        assert_eq!(masker(&["ab***cd", "hunter2"]).mask("abhunter2cd"), "***");
    }

    #[test]
    fn a_secret_inside_json_and_urls_is_masked() {
        let secret = "pä\"ss\\w/o rd\t!";
        let masker = masker(&[secret]);
        let json = serde_json::json!({"outer": {"password": secret}}).to_string();
        assert_eq!(masker.mask(&json), r#"{"outer":{"password":"***"}}"#);
        let twice = serde_json::json!({ "text": json }).to_string();
        assert!(!masker.mask(&twice).contains("w/o"), "{twice}");
        assert_eq!(masker.mask("https://x/?p=p%C3%A4%22ss%5Cw%2Fo%20rd%09%21&q"), "https://x/?p=***&q");
        assert_eq!(masker.mask(&hex::encode(secret)), MASK);
        assert_eq!(masker.mask(&hex::encode_upper(secret)), MASK);
        assert_eq!(masker.mask(&STANDARD.encode(secret)), MASK);
        assert_eq!(masker.mask(&URL_SAFE.encode(secret)), MASK);
    }

    #[test]
    fn basic_authentication_is_masked() {
        let header = format!("Authorization: Basic {}", STANDARD.encode("robot:correct horse battery"));
        let masked = masker(&["correct horse battery"]).mask(&header).into_owned();
        assert!(masked.contains(MASK) && masked.len() < header.len() - 20, "{masked}");
    }

    #[test]
    fn lines_of_a_long_value_are_masked_one_by_one() {
        let masker = masker(&["-----BEGIN KEY-----\r\n  MIIEvQIBADAN\n  BgkqhkiG9w0B\n-----END KEY-----\n"]);
        for line in ["MIIEvQIBADAN", "  BgkqhkiG9w0B", "-----BEGIN KEY-----"] {
            assert_eq!(masker.mask(line).trim(), MASK);
        }
    }

    #[test]
    fn values_may_come_while_others_mask() {
        let masker = Masker::new();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let masker = masker.clone();
                scope.spawn(move || {
                    for round in 0..20 {
                        let secret = format!("secret-{thread}-{round}");
                        assert!(masker.register(&secret));
                        assert_eq!(masker.mask(&format!("<{secret}>")), "<***>");
                    }
                });
            }
        });
        assert!(!format!("{masker:?}").contains("secret-"));
    }

    #[test]
    fn many_values_cost_one_build() {
        let masker = Masker::new();
        let builds = || masker.known.read().unwrap().builds;
        let secret = |number: usize| format!("secret-{number}-of-many");
        for number in 0..200 {
            assert!(masker.register(&secret(number)));
        }
        assert_eq!(builds(), 0);
        let text = (0..200).map(secret).collect::<Vec<_>>().join(" ");
        assert_eq!(masker.mask(&text), vec![MASK; 200].join(" "));
        assert_eq!(masker.mask("nothing"), "nothing");
        assert_eq!(builds(), 1);
        // What is known already costs nothing; what is new is masked at once.
        masker.register(&secret(7));
        assert_eq!((masker.mask(&secret(7)), builds()), (MASK.into(), 1));
        masker.register_with_parts(r#"{"user": "somebody", "password": "correct horse"}"#);
        assert_eq!((masker.mask("correct horse, somebody"), builds()), ("***, ***".into(), 2));
    }

    #[test]
    fn what_can_t_be_looked_for_is_masked_whole() {
        let masker = masker(&["hunter2"]);
        masker.known.write().unwrap().finder = Finder::TooLarge;
        assert_eq!(masker.mask("anything"), MASK);
        let mut text = "anything".to_owned();
        masker.mask_in_place(&mut text);
        assert_eq!(text, MASK);
    }

    proptest! {
        #[test]
        fn output_never_contains_a_secret(
            secrets in proptest::collection::vec("[ab*\"\\\\é%\n]{6,12}", 1..4),
            noise in proptest::collection::vec("[ab*\"\\\\é%\n]{0,8}", 4),
        ) {
            let masker = Masker::new();
            for secret in &secrets {
                masker.register(secret);
            }
            let mut text = noise[0].clone();
            for (index, secret) in secrets.iter().enumerate() {
                text.push_str(secret);
                text.push_str(&noise[index + 1]);
            }
            let json = serde_json::Value::from(text.clone()).to_string();
            for output in [masker.mask(&text), masker.mask(&json), masker.mask(&hex::encode(&text))] {
                for secret in &secrets {
                    prop_assert!(!output.contains(secret.as_str()));
                    prop_assert!(!output.contains(&hex::encode(secret)));
                }
            }
        }

        #[test]
        fn unrelated_text_is_left(text in "[0-9 ]{0,40}") {
            let masker = Masker::new();
            masker.register("hunter2-x");
            prop_assert_eq!(masker.mask(&text), text.as_str());
        }
    }
}
