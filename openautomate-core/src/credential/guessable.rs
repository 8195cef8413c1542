//! Passwords that are guessed first.
//!
//! Lists of the commonest ones are made of a few hundred words and keys that lie beside each other, with digits and signs
//! around them and letters written as digits. So this knows the words and undoes the rest: it refuses what such lists
//! hold, and what they would hold for this product and this person (NIST SP 800-63B-4, 3.1.1.2).

/// Words of the commonest passwords, and of this place. Two of them together are refused too.
const WORDS: &str = "abcabc aaaaaa access account admin administrator adobe alexander amanda america andrea andrew angel \
    angela anthony apple arsenal ashley asshole august austin automate automation bailey banana barcelona baseball \
    basketball batman beautiful benjamin biteme blessed blink bond booboo brandon buster butterfly caesar carlos caroline \
    changeme charlie cheese chelsea chicago chicken chocolate christian christmas chris cisco company computer cookie \
    cooper corvette cowboys dakota dallas daniel database david december default demo diamond dolphin donald dragon eagles \
    elizabeth eminem enter everton facebook falcon family february ferrari firebird flower football forever freedom friday \
    friend friends fuckme fuckoff fuckyou gandalf garfield gateway genesis george giants ginger girls gizmo golden golf \
    google guest guitar hammer hannah happy harley heaven heather hello helloworld hockey hunter iceman iloveyou infinity \
    internet isabella jackson jaguar james january jasmine jennifer jeremy jessica jesus jonathan jordan joseph joshua july \
    june junior justin killer king knight lakers lastname letmein liverpool login london loveme lovely loveyou maggie manager \
    manchester march marina marlboro martin master matrix matthew maverick mercedes merlin michael michelle mickey midnight \
    miller monday monkey monster morgan mother muffin mustang mynoob naruto natasha newyork nicholas nicole ninja nirvana \
    nothing november october office openautomate oracle orange orchestrator packers passpass passphrase passw0rd password \
    passwort patrick peanut pepper phoenix player please pokemon princess private process purple qazwsx qwerty qwertz azerty \
    rachel ranger raiders rebecca redsox robot robotics root rootroot samantha samsung saturday scooter secret secure \
    security september server service shadow silver skywalker slayer slipknot snoopy soccer sparky spider spiderman spring \
    starwars steelers stefan sterling steven success summer sunday sunshine super superman superuser support sweet sysadmin \
    system taylor tennis test tester testing testtest thomas thunder thursday tigers tigger tinkerbell toor toyota trustno \
    tuesday turtle unknown user vagrant vampire veronica victoria viking volcom wednesday welcome whatever william wilson \
    windows winner winter wizard xavier yamaha yankees yellow zxcvbnm trustnoone";

/// The longest password that is compared.
const LONGEST: usize = 64;

/// Keys that lie beside each other, and the order of the alphabet and of digits.
const RUNS: [&str; 12] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiop[]",
    "qwertzuiopü",
    "azertyuiop",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "yxcvbnm,.-",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p",
    "!@#$%^&*()_+",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// Whether a password is among those that are guessed first, of somebody with these names.
pub(super) fn is_guessable(password: &str, names: &[&str]) -> bool {
    let lower = password.to_lowercase();
    if is_repeated(&lower) {
        return true;
    }
    // No list has longer ones; and what follows takes longer with each character.
    if lower.chars().count() > LONGEST {
        return false;
    }
    if is_made_of_runs(&lower) {
        return true;
    }
    // What stands around a word, or stands for its letters, is guessed with it.
    let plain = unleet(&lower);
    [stem(&lower), stem(&plain)].into_iter().any(|stem| {
        let is_name = |name: &&str| {
            let name = name.to_lowercase();
            !name.is_empty() && (stem == name || stem == self::stem(&name) || lower == name)
        };
        names.iter().any(is_name) || is_made_of_words(stem, names)
    })
}

/// Without the digits and signs before and behind.
fn stem(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphabetic())
}

fn unleet(text: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    // Digits behind a word are no letters of it.
    let body = text.trim_end_matches(|c: char| !c.is_alphabetic());
    body.chars().map(letter).collect()
}

/// One or two words, with nothing or a sign between them.
fn is_made_of_words(stem: &str, names: &[&str]) -> bool {
    let is_word = |part: &str| {
        WORDS.split_ascii_whitespace().any(|word| word == part)
            || names.iter().any(|name| name.len() > 2 && name.eq_ignore_ascii_case(part))
    };
    if is_word(stem) {
        return true;
    }
    let cuts = stem.char_indices().map(|(at, _)| at).skip(1);
    cuts.into_iter().any(|at| {
        let (left, right) = stem.split_at(at);
        is_word(stem_of_end(left)) && is_word(stem_of_start(right))
    })
}

fn stem_of_end(text: &str) -> &str {
    text.trim_end_matches(|c: char| !c.is_alphanumeric() && c != ' ')
}

fn stem_of_start(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_digit())
}

/// A short piece again and again, as `abcabcabc` and `11111111`.
fn is_repeated(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=4).any(|length| {
        chars.len() >= 2 * length && chars.iter().enumerate().all(|(at, c)| *c == chars[at % length])
    })
}

/// Nothing but pieces of four or more from one of the runs, forward or backward, and up to two characters more.
fn is_made_of_runs(text: &str) -> bool {
    const SHORTEST: usize = 4;
    let chars: Vec<char> = text.chars().collect();
    let (mut at, mut others) = (0, 0);
    while at < chars.len() {
        let longest = (SHORTEST..=chars.len() - at).rev().find(|length| {
            let piece: String = chars[at..at + length].iter().collect();
            let backward: String = chars[at..at + length].iter().rev().collect();
            RUNS.iter().any(|run| run.contains(&piece) || run.contains(&backward))
        });
        match longest {
            Some(length) => at += length,
            None => {
                others += 1;
                at += 1;
            }
        }
    }
    others <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str = "12345678 123456789 1234567890 87654321 11111111 00000000 88888888 12341234 password \
            Password1 password123 P@ssw0rd p@ssword1! passw0rd Passw0rd! qwertyuiop qwerty123 \
            QWERTY12345 1q2w3e4r 1q2w3e4r5t 1qaz2wsx zaq12wsx asdfghjkl asdf1234 abcd1234 abcdefgh \
            iloveyou iloveyou1 sunshine princess football1 baseball superman trustno1 letmein1 Welcome1 \
            welcome123 Welcome2024! Summer2026 Winter2025! changeme ChangeMe123 admin123 Admin@123 \
            administrator root1234 testtest test1234 Monday123 computer internet michael1 jennifer \
            jordan23 liverpool chelsea1 mustang1 starwars whatever qazwsxedc zxcvbnm1 987654321 \
            abcabcabc aaaaaaaa dragon123 monkey12 shadow99 master123 OpenAutomate openautomate1 \
            Orchestrator2026 adminadmin rootroot passwordpassword helloworld secret123 l3tm31n! sup3rm4n \
            administrator1 superuser Robot2026! automation1";

    #[test]
    fn what_lists_of_common_passwords_hold_is_refused() {
        for common in COMMON.split_ascii_whitespace() {
            assert!(is_guessable(common, &["ada"]), "{common}");
        }
    }

    #[test]
    fn one_s_own_name_is_refused_with_digits_around_it() {
        for own in ["ada.lovelace", "Ada.Lovelace1815", "!ada.lovelace!", "1815ada.lovelace"] {
            assert!(is_guessable(own, &["ada.lovelace"]), "{own}");
        }
        assert!(is_guessable("lovelace1", &["ada", "lovelace"]));
    }

    #[test]
    fn what_nobody_guesses_is_taken() {
        for good in [
            "correct horse battery",
            "another password",
            "wrong horse battery",
            "tr0ub4dor&3 is not so bad",
            "gT7#kf0q",
            "mauve kettle 9",
            "ada likes long walks",
            "Zx9!mmQp2",
            "1234 apples and a pear",
            "passwordless login is the future",
            &"a sentence that nobody has said before, again and again. ".repeat(8),
        ] {
            assert!(!is_guessable(good, &["ada"]), "{good}");
        }
    }
}
