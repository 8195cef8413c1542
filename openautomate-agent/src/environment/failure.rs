//! Why an environment could not be made.

use std::fmt::Write as _;

use super::url::without_users;

/// The words of uv that stand in the error itself; the log has more.
const MAX_WORDS: usize = 2_000;

/// Why an environment could not be made.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// Which step failed, why, what to do.
    message: String,
    /// What uv wrote, masked, line by line.
    pub(crate) words: Vec<String>,
    /// Nobody wanted it any more.
    pub(super) was_cancelled: bool,
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        // It may quote a line of the package.
        let message = without_users(&message.into());
        Self { message, words: Vec::new(), was_cancelled: false }
    }

    pub(super) fn cancelled() -> Self {
        Self { was_cancelled: true, ..Self::new("the making of the environment was cancelled") }
    }

    /// The disk refused.
    pub(super) fn disk(error: &crate::error::Error) -> Self {
        Self::new(format!("the environment can't be kept on the agent's disk: {error}"))
    }

    /// A step of uv failed, and these were its words.
    pub(super) fn of_step(step: &str, why: &str, words: Vec<String>) -> Self {
        let mut message = format!("{step} failed: uv {why}");
        let mut said = String::new();
        for line in words.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
            if said.len() + line.len() > MAX_WORDS {
                said.push_str(" […]");
                break;
            }
            let _ = write!(said, "\n{line}");
        }
        if !said.is_empty() {
            message.push_str("; it said:");
            message.push_str(&said);
        }
        Self { words, ..Self::new(message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_in_the_message_are_bounded() {
        let failure = Failure::of_step("installing", "exited", vec!["x".repeat(900); 10]);
        assert!(failure.to_string().len() < MAX_WORDS + 200 && failure.words.len() == 10);
        assert!(failure.to_string().ends_with("[…]"));
    }
}
