//! URLs that may hold a user and a password.

use openautomate_core::secret::MASK;

/// A text with the user and the password of every URL in it hidden.
pub(super) fn without_users(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        found.push_str(before);
        let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '`' | '<' | '>');
        let end = after.find(ends).unwrap_or(after.len());
        if let Some(user) = after[..end].rfind('@') {
            found.push_str(MASK);
            rest = &after[user..];
        } else {
            rest = after;
        }
    }
    found.push_str(rest);
    found
}

/// A URL without its user and its password.
pub(super) fn without_user(url: &str) -> String {
    let Ok(mut parsed) = reqwest::Url::parse(url) else { return without_users(url) };
    // Only a URL that can have none refuses.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_in_urls_are_hidden() {
        for (text, shown) in [
            ("at https://u:p@h/x and git+ssh://git@h/y", "at https://***@h/x and git+ssh://***@h/y"),
            ("`https://token@h`", "`https://***@h`"),
            ("https://u:p@@h/x@y", "https://***@h/x@y"),
            ("no ://", "no ://"),
            ("https://h/x@1.0", "https://h/x@1.0"),
        ] {
            assert_eq!(without_users(text), shown);
        }
        assert_eq!(without_user("https://u:p%40@h/simple"), "https://h/simple");
    }
}
