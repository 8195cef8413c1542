//! Bots made from the original bot template: `bot.py` at the top, and what else the template brings.

use serde::Deserialize;

use super::{Files, Found, MAX_FILE};
use crate::error::{Error, Result};
use crate::package::entrypoint::MAX_SOURCE_BYTES;

const BOT: &str = "bot.py";
const ABOUT: &str = "bot.json";
/// One of them beside `bot.py` tells a bot from a script that happens to be called so.
const SIGNS: [&str; 3] = [ABOUT, "framework/base_bot.py", "framework/openautomateagent.py"];

#[derive(Deserialize)]
struct About {
    name: Option<String>,
    description: Option<String>,
    version: Option<String>,
}

/// The bot, if the package is one.
pub(super) fn find(names: &[String], files: &mut dyn Files) -> Result<Option<Found>> {
    let has = |name: &str| names.iter().any(|known| known == name);
    let mut found = Found { entrypoint: Some(BOT.to_owned()), runs_in_package: true, ..Found::default() };
    if !has(BOT) {
        return Ok(None);
    }
    let about = files.text(ABOUT, MAX_FILE)?;
    let mut has_sign = about.is_some();
    for sign in SIGNS {
        has_sign = has_sign || has(sign) || files.bytes(sign, MAX_SOURCE_BYTES)?.is_some();
    }
    if !has_sign && has("main.py") {
        return Ok(None);
    }
    if let Some(text) = about {
        let about: About = serde_json::from_str(&text).map_err(|error| {
            let why = format!("{ABOUT} is not in order at line {}; correct it", error.line());
            Error::invalid("package.manifest", why)
        })?;
        // Its name is a title that people read; a package's name is shorter of letters.
        found.name = about.name.filter(|name| is_name(name));
        found.version = about.version.filter(|text| semver::Version::parse(text).is_ok());
        found.description = about.description;
    }
    Ok(Some(found))
}

fn is_name(text: &str) -> bool {
    (1..=100).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}
