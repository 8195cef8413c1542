//! What names, labels, descriptions and addresses may look like.

use crate::error::{Error, Result};

/// A free text of at most this many bytes.
pub type Description = String;

const MAX_NAME: usize = 100;
const MAX_DESCRIPTION: usize = 4_000;
const MAX_LABEL: usize = 63;
/// RFC 5321 4.5.3.1.3.
const MAX_EMAIL: usize = 254;

/// Checks a name: 1 to 100 characters, no control characters, no space at either end.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn check_name(field: &'static str, name: &str) -> Result<()> {
    let length = name.chars().count();
    if length == 0 || length > MAX_NAME {
        return Err(Error::invalid_field(field, format!("has {length} characters; give 1 to {MAX_NAME}")));
    }
    if name.trim() != name {
        return Err(Error::invalid_field(field, "begins or ends with a space; leave it out"));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::invalid_field(field, "holds a control character; leave it out"));
    }
    Ok(())
}

/// Checks the name of a file: a name, and no path.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn check_file_name(field: &'static str, name: &str) -> Result<()> {
    check_name(field, name)?;
    if name.contains(['/', '\\']) || name == "." || name == ".." {
        return Err(Error::invalid_field(field, "is no plain file name; leave folders out"));
    }
    Ok(())
}

/// Checks a description: at most 4,000 bytes.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn check_description(field: &'static str, text: &str) -> Result<()> {
    if text.len() > MAX_DESCRIPTION {
        return Err(Error::invalid_field(
            field,
            format!("is longer than {MAX_DESCRIPTION} bytes; shorten it"),
        ));
    }
    Ok(())
}

/// Checks a label: 1 to 63 of letters, digits, `-`, `_`, `.`, `:`, `/` and `=`.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn check_label(field: &'static str, label: &str) -> Result<()> {
    let fits = (1..=MAX_LABEL).contains(&label.len());
    if fits && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/=".contains(&b)) {
        return Ok(());
    }
    Err(Error::invalid_field(
        field,
        "holds a label that is not 1 to 63 letters, digits or any of - _ . : / =",
    ))
}

/// Checks that an address looks like one: a local part, one `@`, a domain. Only a mail can tell more.
///
/// # Errors
/// `Invalid`, naming `email`.
pub fn check_email(email: &str) -> Result<()> {
    let looks_right = email.len() <= MAX_EMAIL
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.len() > 1 && !domain.contains('@'));
    if looks_right {
        return Ok(());
    }
    Err(Error::invalid_field("email", "is not an address of the form name@domain"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded() {
        assert!(check_name("name", "Finance-Bot-01").is_ok());
        assert!(check_name("name", "").is_err());
        assert!(check_name("name", &"x".repeat(101)).is_err());
        assert!(check_name("name", " x").is_err());
        assert!(check_name("name", "a\nb").is_err());
    }

    #[test]
    fn addresses_look_like_addresses() {
        assert!(check_email("ada@example.org").is_ok());
        for bad in ["", "ada", "@x.org", "ada@", "a@b@c", "a b@c.org"] {
            assert!(check_email(bad).is_err(), "{bad}");
        }
    }
}
