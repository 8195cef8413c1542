//! The header `Range` (RFC 9110, 14.2), as far as it asks for one piece.

use std::ops::Range;

/// What is asked of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of them, or nothing that is understood.
    Whole,
    /// A range that holds none of them.
    Nothing,
    /// This range, which is not empty.
    Part(Range<u64>),
}

/// What a header asks of `size` bytes.
pub(super) fn asked(header: &str, size: u64) -> Asked {
    match parse(header, size) {
        None => Asked::Whole,
        Some(range) if range.start < range.end => Asked::Part(range),
        Some(_) => Asked::Nothing,
    }
}

fn parse(header: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that is too large lies behind the end.
        true if !text.is_empty() => Some(text.parse().unwrap_or(u64::MAX)),
        _ => None,
    };
    Some(match (number(first.trim()), last.trim()) {
        (Some(first), "") => first..size,
        (Some(first), last) => {
            let last = number(last)?;
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(size)
        }
        (None, last) if first.trim().is_empty() => size.saturating_sub(number(last)?)..size,
        (None, _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_piece_is_understood_and_all_else_is_the_whole() {
        for (header, range) in [
            ("bytes=0-3", Asked::Part(0..4)),
            ("bytes=2-", Asked::Part(2..10)),
            ("bytes=-3", Asked::Part(7..10)),
            ("bytes=-99", Asked::Part(0..10)),
            ("bytes=8-99999999999999999999999", Asked::Part(8..10)),
            ("bytes=10-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=3-2", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=a-", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("lines=0-1", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(asked(header, 10), range, "{header}");
        }
        assert_eq!(asked("bytes=0-", 0), Asked::Nothing);
    }
}
