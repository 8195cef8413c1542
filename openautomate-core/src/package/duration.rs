//! Durations as a manifest writes them: `90s`, `10m`, `2h`, `1d`.

use std::time::Duration;

use crate::error::{Error, Result};

/// The longest duration in a manifest: a year.
const LONGEST: u64 = 365 * 86_400;

/// Reads a whole number with its unit (`s`, `m`, `h` or `d`); `field` names the key for the message.
pub(super) fn parse(field: &str, text: &str) -> Result<Duration> {
    let wrong = |what: &str| {
        Error::invalid(
            "package.manifest",
            format!(
                "tool.openautomate.{field} in pyproject.toml {what}; write a whole number with a unit, as in 90s, 10m, 2h or 1d"
            ),
        )
    };
    let (number, unit) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3_600),
        Some((at, 'd')) => (&text[..at], 86_400),
        _ => return Err(wrong("has no unit")),
    };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong("is not a duration"));
    }
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let seconds =
        seconds.filter(|seconds| *seconds <= LONGEST).ok_or_else(|| wrong("is longer than a year"))?;
    Ok(Duration::from_secs(seconds))
}

/// Serde of a duration as whole milliseconds.
pub(super) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// Serde of an optional duration as whole milliseconds.
pub(super) mod optional_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::millis::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("2h", 7_200), ("1d", 86_400), ("0s", 0)] {
            assert_eq!(parse("timeout", text).unwrap(), Duration::from_secs(seconds), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "s", "10", "1.5h", "-1s", "+1s", "1 s", "1w", "366d", "99999999999999999999s", "10é"]
        {
            let error = parse("timeout", text).unwrap_err();
            assert_eq!(error.code(), "package.manifest", "{text}");
            assert!(error.message().contains("tool.openautomate.timeout"), "{text}");
        }
    }
}
