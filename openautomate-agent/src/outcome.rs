//! What is told of the end of a run: secrets masked, and no larger than a message may be.

use openautomate_core::domain::{Progress, RunError, RunResult, RunStatus};
use openautomate_core::secret::Masker;
use serde_json::{Map, Value};

/// The largest result in bytes of JSON. A server takes messages of 4 MiB; one that is larger would end the
/// connection each time that it is sent.
const MAX_BYTES: usize = 3 * 1024 * 1024;
const MAX_MESSAGE: usize = 64 * 1024;
const MAX_TRACEBACK: usize = 512 * 1024;
const MAX_FRAMES: usize = 1_000;

/// A run that failed before or beside what the automation did.
pub(crate) fn failed(kind: &str, message: impl Into<String>) -> RunResult {
    RunResult::ended(RunStatus::Failed, RunError::new(kind, message))
}

/// A run that was stopped by a cancel and could not say so itself.
pub(crate) fn cancelled(message: &str) -> RunResult {
    RunResult::ended(RunStatus::Cancelled, RunError::new("Cancelled", message))
}

/// A run that was killed since its lease ended, or may have ended.
pub(crate) fn lease_lost() -> RunResult {
    let error = RunError::new("LeaseLost", "the lease could not be renewed in time, so the run was killed");
    RunResult::ended(RunStatus::Lost, error)
}

/// The result as it may leave this machine.
pub(crate) fn tellable(mut result: RunResult, masker: &Masker) -> RunResult {
    result.outputs = masked_fields(result.outputs, masker);
    if let Some(error) = &mut result.error {
        mask(&mut error.kind, masker);
        mask(&mut error.message, masker);
        error.message = head(std::mem::take(&mut error.message), MAX_MESSAGE);
        error.traceback = error.traceback.take().map(|text| tail(&masker.mask(text.as_str()), MAX_TRACEBACK));
        // The innermost calls are the ones that tell.
        error.frames.drain(..error.frames.len().saturating_sub(MAX_FRAMES));
        for frame in &mut error.frames {
            mask(&mut frame.file, masker);
            mask(&mut frame.function, masker);
        }
    }
    let bytes = serde_json::to_vec(&result.outputs).map_or(usize::MAX, |json| json.len());
    if bytes > MAX_BYTES {
        result.outputs = Map::new();
        if result.status == RunStatus::Succeeded {
            let message = format!(
                "the outputs take {bytes} bytes and may take {MAX_BYTES}; keep large data as an artifact"
            );
            result.status = RunStatus::Failed;
            result.error = Some(RunError::new("OutputError", message));
        }
    }
    result
}

/// The progress as it may leave this machine.
pub(crate) fn masked_progress(mut progress: Progress, masker: &Masker) -> Progress {
    if let Some(message) = &mut progress.message {
        mask(message, masker);
        *message = head(std::mem::take(message), MAX_MESSAGE);
    }
    progress
}

/// Masks a text in place.
pub(crate) fn mask(text: &mut String, masker: &Masker) {
    masker.mask_in_place(text);
}

/// Masks names and values.
pub(crate) fn masked_fields(mut fields: Map<String, Value>, masker: &Masker) -> Map<String, Value> {
    masker.mask_fields(&mut fields);
    fields
}

/// Masks every text in a value in place.
pub(crate) fn mask_value(value: &mut Value, masker: &Masker) {
    masker.mask_value(value);
}

/// The beginning of a text.
pub(crate) fn head(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let mut end = limit;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("… [cut]");
    }
    text
}

fn tail(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut from = text.len() - limit;
    while !text.is_char_boundary(from) {
        from += 1;
    }
    format!("[cut] …{}", &text[from..])
}

#[cfg(test)]
mod tests {
    use openautomate_core::domain::TraceFrame;
    use serde_json::json;

    use super::*;

    fn masker() -> Masker {
        let masker = Masker::new();
        assert!(masker.register("open-sesame"));
        masker
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let mut result = failed("open-sesame", "say open-sesame");
        let deep = json!({"list": [{"open-sesame": "x open-sesame"}]});
        result.outputs = Map::from_iter([("open-sesame".to_owned(), deep)]);
        let error = result.error.as_mut().unwrap();
        error.traceback = Some("raise open-sesame".into());
        error.frames = vec![TraceFrame { file: "open-sesame.py".into(), line: 1, function: "f".into() }];
        let text = serde_json::to_string(&tellable(result, &masker())).unwrap();
        assert!(!text.contains("sesame"), "{text}");
        let progress = Progress { fraction: 0.5, message: Some("open-sesame".into()) };
        assert_eq!(masked_progress(progress, &masker()).message.as_deref(), Some("***"));
    }

    #[test]
    fn outputs_that_no_message_can_carry_fail_the_run() {
        let big = || Map::from_iter([("big".to_owned(), json!("x".repeat(MAX_BYTES)))]);
        let told = tellable(RunResult::succeeded(big()), &masker());
        assert_eq!((told.status, told.error.unwrap().kind.as_str()), (RunStatus::Failed, "OutputError"));
        assert!(told.outputs.is_empty());
        let mut lost = lease_lost();
        lost.outputs = big();
        let told = tellable(lost, &masker());
        assert_eq!((told.status, told.error.unwrap().kind.as_str()), (RunStatus::Lost, "LeaseLost"));
    }

    #[test]
    fn long_texts_keep_what_tells() {
        let mut result = failed("ValueError", "ä".repeat(MAX_MESSAGE));
        result.error.as_mut().unwrap().traceback = Some("ä".repeat(MAX_TRACEBACK) + "the end");
        let error = tellable(result, &masker()).error.unwrap();
        assert!(error.message.len() <= MAX_MESSAGE + 16 && error.message.ends_with("[cut]"));
        assert!(error.traceback.unwrap().ends_with("the end"));
    }
}
