//! The forms in which a secret shows up in output: as it is, and as the usual encoders write it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF";
const HEX_LOWER: &[u8; 16] = b"0123456789abcdef";

/// Every form of `value`: raw, JSON, Python `repr`, URL, base64 at each of its three alignments, hex.
pub(super) fn forms(value: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    let mut all = vec![value.to_owned(), hex::encode(bytes), hex::encode_upper(bytes)];
    json(value, &mut all);
    repr(value, &mut all);
    url(bytes, &mut all);
    base64(bytes, &mut all);
    all
}

fn json(value: &str, all: &mut Vec<String>) {
    let quoted = serde_json::Value::from(value).to_string();
    let inner = quoted[1..quoted.len() - 1].to_owned();
    // Python's `json.dumps` escapes what isn't ASCII.
    let mut ascii = String::with_capacity(inner.len());
    for character in inner.chars() {
        if character.is_ascii() && character != '\u{7f}' {
            ascii.push(character);
        } else {
            let mut units = [0_u16; 2];
            for unit in character.encode_utf16(&mut units) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    // JavaScript and some others escape the slash.
    all.push(inner.replace('/', "\\/"));
    all.push(ascii.replace('\\', "\\\\"));
    all.push(inner.replace('\\', "\\\\").replace('"', "\\\""));
    all.push(ascii);
    all.push(inner);
}

fn repr(value: &str, all: &mut Vec<String>) {
    let mut plain = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\\' => plain.push_str("\\\\"),
            '\n' => plain.push_str("\\n"),
            '\r' => plain.push_str("\\r"),
            '\t' => plain.push_str("\\t"),
            c if c.is_control() => plain.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => plain.push(c),
        }
    }
    all.push(plain.replace('\'', "\\'"));
    all.push(plain);
}

fn url(bytes: &[u8], all: &mut Vec<String>) {
    for digits in [HEX_UPPER, HEX_LOWER] {
        let strict = percent(bytes, digits, b"");
        // A form writes a space as `+`; Python's `quote` leaves the slash alone.
        all.push(strict.replace("%20", "+"));
        all.push(percent(bytes, digits, b"/"));
        // What `encodeURIComponent` leaves alone beyond the unreserved characters of RFC 3986.
        all.push(percent(bytes, digits, b"!'()*"));
        all.push(strict);
    }
}

fn percent(bytes: &[u8], digits: &[u8; 16], safe: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || safe.contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push(char::from(digits[usize::from(byte >> 4)]));
            text.push(char::from(digits[usize::from(byte & 15)]));
        }
    }
    text
}

/// Base64 of the value alone, and of the value inside a longer text: what a run of its bytes becomes
/// depends on where in a group of three it begins, and the characters at both ends hold bits of neighbours.
fn base64(bytes: &[u8], all: &mut Vec<String>) {
    all.extend([STANDARD.encode(bytes), URL_SAFE.encode(bytes)]);
    for (alphabet, before) in
        [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD].into_iter().flat_map(|a| [(a, 0), (a, 1), (a, 2)])
    {
        let mut shifted = vec![0; before];
        shifted.extend_from_slice(bytes);
        let encoded = alphabet.encode(&shifted);
        let (from, to) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
        all.push(encoded.get(from..to).unwrap_or_default().to_owned());
        if before == 0 {
            all.push(encoded);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_base64_alignment_is_found_in_a_longer_text() {
        let forms = forms("hunter2-secret");
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "x", "xy"] {
                let text = STANDARD.encode(format!("{before}hunter2-secret{after}"));
                assert!(forms.iter().any(|form| form.len() > 6 && text.contains(form.as_str())), "{text}");
            }
        }
    }

    #[test]
    fn the_usual_encoders_are_known() {
        let forms = forms("a\"b\\c/d é\n%");
        for form in [
            r#"a\"b\\c/d é\n%"#,
            r#"a\"b\\c/d \u00e9\n%"#,
            r#"a\"b\\c\/d é\n%"#,
            r#"a"b\\c/d é\n%"#,
            "a%22b%5Cc%2Fd%20%C3%A9%0A%25",
            "a%22b%5Cc/d%20%C3%A9%0A%25",
            "a%22b%5cc%2fd+%c3%a9%0a%25",
        ] {
            assert!(forms.iter().any(|known| known == form), "{form}");
        }
    }
}
