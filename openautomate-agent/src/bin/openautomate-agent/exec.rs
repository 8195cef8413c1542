//! `openautomate-agent exec`: a package on this machine with no server.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use openautomate_agent::StopSignals;
use openautomate_agent::local::{self, Assets, LocalEvent, LocalOptions};
use openautomate_core::domain::{LogLine, RunResult, RunStatus};
use openautomate_core::runner::python::PoolSettings;
use openautomate_core::runner::registry::RunnerRegistry;
use openautomate_core::secret::Secret;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::config::ExecOptions;
use super::{environment, python};

const FAILED: u8 = 1;
const NOT_RUN: u8 = 2;
const TIMED_OUT: u8 = 124;
const CANCELLED: u8 = 130;
const ASSET_VARIABLE: &str = "OPENAUTOMATE_SECRET_";
/// The same for assets that are files: each names a path.
const FILE_VARIABLE: &str = "OPENAUTOMATE_FILE_";

/// Runs it; the exit code says how it ended.
pub(crate) async fn exec(options: ExecOptions) -> anyhow::Result<ExitCode> {
    super::log_to_stderr("warn", false);
    match run(&options).await {
        Ok(result) => Ok(ExitCode::from(match result.status {
            RunStatus::Succeeded => 0,
            // A local run has nobody to wait for.
            RunStatus::Failed | RunStatus::Lost | RunStatus::Suspended => FAILED,
            RunStatus::TimedOut => TIMED_OUT,
            RunStatus::Cancelled => CANCELLED,
        })),
        Err(error) => {
            let reporter = Reporter { json: options.json, cancel: CancellationToken::new() };
            reporter.could_not_run(&error);
            Ok(ExitCode::from(NOT_RUN))
        }
    }
}

async fn run(options: &ExecOptions) -> anyhow::Result<RunResult> {
    let inputs = inputs(options.inputs.as_deref(), &options.input)?;
    let place = tempfile::Builder::new().prefix("openautomate-").tempdir()?;
    let python = python::find(options.python.as_deref()).await?;
    let indexes = environment::indexes(&options.environments)?;
    let (folder, _lock) = environment::lasting_folder(options.environments_dir.as_deref(), place.path())?;
    let environments = environment::settings(options.environments.clone(), indexes, &python)?.folder(folder);
    // One run needs one process.
    let pool = PoolSettings { max_idle: 0, ..PoolSettings::default() };
    let runners = RunnerRegistry::new()
        .with(Arc::new(openautomate_core::runner::command::CommandRunner::new()))
        .with(python::runner(python, options.extension.as_deref(), place.path(), pool).await?);
    let mut local = LocalOptions::new(runners);
    local.timeout = options.timeout.map(Duration::from_secs);
    local.limits = options.limits.clone().into();
    local.artifacts.clone_from(&options.artifacts);
    local.queues.clone_from(&options.queues);
    local.buckets.clone_from(&options.buckets);
    local.asset_files = Arc::new(|name: &str| {
        std::env::var_os(variable_of(FILE_VARIABLE, name)).map(std::path::PathBuf::from)
    });
    (local.assets, local.asset_names) = assets(options.assets.as_deref())?;
    local.loopback_api = options.loopback.port();
    local.environments = Some(environments);
    let cancel = local.cancel.clone();
    let reporter = Reporter { json: options.json, cancel: cancel.clone() };
    let mut signals = StopSignals::listen().context("the signals of the system can't be heard")?;
    let running = local::run(&options.package, inputs, local, |event| reporter.event(event));
    tokio::pin!(running);
    let result = tokio::select! {
        result = &mut running => result?,
        () = signals.next() => {
            reporter.notice("stopping; a second Ctrl-C kills it at once");
            cancel.cancel();
            tokio::select! {
                result = &mut running => result?,
                () = signals.next() => bail!("killed before it had ended by itself"),
            }
        }
    };
    reporter.ended(&result);
    Ok(result)
}

fn inputs(file: Option<&Path>, given: &[String]) -> anyhow::Result<Map<String, Value>> {
    let mut inputs = match file {
        Some(path) => object(path).context("the inputs can't be used")?,
        None => Map::new(),
    };
    for text in given {
        let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            bail!("--input {text} is not of the form name=value");
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        inputs.insert(name.to_owned(), value);
    }
    Ok(inputs)
}

fn object(path: &Path) -> anyhow::Result<Map<String, Value>> {
    let shown = path.display();
    let text = std::fs::read(path).with_context(|| format!("{shown} can't be read"))?;
    // The parser's words may quote a value.
    serde_json::from_slice(&text).map_err(|_| anyhow::anyhow!("{shown} holds no JSON object"))
}

/// The assets, and the names of those in the file.
fn assets(file: Option<&Path>) -> anyhow::Result<(Assets, Vec<String>)> {
    let mut known = HashMap::new();
    for (name, value) in file.map(object).transpose().context("the assets can't be used")?.unwrap_or_default()
    {
        let Value::String(value) = value else {
            bail!("the asset {name} is no text; give every value as text")
        };
        known.insert(name, Secret::new(value));
    }
    let mut names: Vec<String> = known.keys().cloned().collect();
    names.sort_unstable();
    let assets = Arc::new(move |name: &str| {
        let variable = || std::env::var(variable_of(ASSET_VARIABLE, name)).ok().map(Secret::new);
        known.get(name).cloned().or_else(variable)
    });
    Ok((assets, names))
}

/// The variable that gives an asset, or the path of one that is a file, at the desk, the same as for `python main.py`.
fn variable_of(prefix: &str, name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    format!("{prefix}{}", name.to_uppercase())
}

/// Prints what happens. Somebody who stops reading stops the run.
struct Reporter {
    json: bool,
    cancel: CancellationToken,
}

impl Reporter {
    fn event(&self, event: LocalEvent) {
        if self.json {
            return self.json(&match event {
                LocalEvent::Notice(text) => json!({"event": "notice", "text": text}),
                LocalEvent::Started => json!({"event": "started"}),
                LocalEvent::Line(line) => json!({"event": "log", "line": line}),
                LocalEvent::Progress(progress) => json!({"event": "progress", "progress": progress}),
                LocalEvent::Artifact { name, size, path } => {
                    json!({"event": "artifact", "name": name, "size": size, "path": path})
                }
            });
        }
        match event {
            LocalEvent::Notice(text) => self.notice(&text),
            LocalEvent::Started => {}
            LocalEvent::Line(LogLine { level, text, .. }) => {
                self.to_stderr(&format!("{:<8} {text}", format!("{level:?}").to_uppercase()));
            }
            LocalEvent::Progress(progress) => {
                let text = progress.message.unwrap_or_default();
                self.to_stderr(&format!("{:<8} {:.0} % {text}", "PROGRESS", progress.fraction * 100.0));
            }
            LocalEvent::Artifact { name, size, path } => {
                let kept = match path {
                    Some(path) => format!("kept as {}", path.display()),
                    None => "not kept; --artifacts names a folder for it".to_owned(),
                };
                self.to_stderr(&format!("{:<8} {name}, {size} bytes, {kept}", "ARTIFACT"));
            }
        }
    }

    fn notice(&self, text: &str) {
        if self.json {
            self.json(&json!({"event": "notice", "text": text}));
        } else {
            self.to_stderr(&format!("{:<8} {text}", "NOTICE"));
        }
    }

    fn ended(&self, result: &RunResult) {
        if self.json {
            return self.json(&json!({"event": "ended", "result": result}));
        }
        if let Some(error) = &result.error {
            if let Some(traceback) = &error.traceback {
                self.to_stderr(traceback.trim_end());
            }
            self.to_stderr(&format!("{:<8} {:?}: {}: {}", "ENDED", result.status, error.kind, error.message));
        }
        let outputs = serde_json::to_string_pretty(&result.outputs).unwrap_or_default();
        self.written(writeln!(std::io::stdout().lock(), "{outputs}"));
    }

    fn could_not_run(&self, error: &anyhow::Error) {
        if self.json {
            self.json(&json!({"event": "refused", "text": format!("{error:#}")}));
        } else {
            self.to_stderr(&format!("error: {error:#}"));
        }
    }

    fn json(&self, value: &Value) {
        self.written(writeln!(std::io::stdout().lock(), "{value}"));
    }

    fn to_stderr(&self, text: &str) {
        self.written(writeln!(std::io::stderr().lock(), "{text}"));
    }

    fn written(&self, written: std::io::Result<()>) {
        if written.is_err() {
            self.cancel.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_json_where_it_reads_as_json() {
        let given = ["n=3", "name=Ada", "code=007", "list=[1]", "text=\"3\"", "empty=", "eq=a=b"];
        let inputs = inputs(None, &given.map(str::to_owned)).unwrap();
        let expected = json!({"n": 3, "name": "Ada", "code": "007", "list": [1], "text": "3", "empty": "",
            "eq": "a=b"});
        assert_eq!(Value::Object(inputs), expected);
        assert!(super::inputs(None, &["=3".to_owned()]).is_err());
        assert!(super::inputs(None, &["three".to_owned()]).is_err());
    }

    #[test]
    fn assets_come_from_the_file_and_never_show_in_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("assets.json");
        std::fs::write(&path, r#"{"Mail password": "open-sesame"}"#).unwrap();
        let (assets, names) = assets(Some(&path)).unwrap();
        assert_eq!(names, ["Mail password"]);
        assert_eq!(assets("Mail password").unwrap().expose(), "open-sesame");
        assert!(assets("Mail").is_none());
        for bad in [r#"["open-sesame"]"#, r#"{"a": "open-sesame""#, r#"{"a": ["open-sesame"]}"#] {
            std::fs::write(&path, bad).unwrap();
            let error = super::assets(Some(&path)).err().unwrap();
            assert!(!format!("{error:#}").contains("sesame"), "{error:#}");
        }
        assert_eq!(variable_of(ASSET_VARIABLE, "Mail password"), "OPENAUTOMATE_SECRET_MAIL_PASSWORD");
    }
}
