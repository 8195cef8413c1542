//! How far something is, on a terminal; elsewhere nothing is said until it is done.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of bytes whose number is not known before. Drawn on standard error if that is a terminal.
pub(crate) fn bytes(what: &'static str) -> ProgressBar {
    styled(ProgressBar::no_length(), "{msg} {bytes} ({bytes_per_sec}), {elapsed}", what)
}

/// A bar of `total` bytes.
pub(crate) fn bytes_of(total: u64, what: &'static str) -> ProgressBar {
    styled(ProgressBar::new(total), "{msg} {wide_bar} {bytes}/{total_bytes}, {eta} left", what)
}

/// A bar of rows.
pub(crate) fn rows(what: &'static str) -> ProgressBar {
    styled(ProgressBar::new(0), "{msg} {wide_bar} {human_pos}/{human_len} rows, {eta} left", what)
}

fn styled(bar: ProgressBar, template: &str, what: &'static str) -> ProgressBar {
    // Another style is no reason to end.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_message(what)
}
