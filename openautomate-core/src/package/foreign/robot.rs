//! Robots: what `robot.yaml` says of tasks, environment and folders.

use serde::{Deserialize, Serialize};

use super::yaml::{self, Ordered};
use super::{Files, Found, ROBOT, conda};
use crate::error::{Error, Result};
use crate::package::shown;

const MAX_TASKS: usize = 100;
const MAX_ARGUMENTS: usize = 100;
/// As JSON; it becomes one environment variable.
const MAX_BYTES: usize = 24 * 1024;
const MAX_NAME: usize = 200;

/// What a run of a robot needs of its `robot.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Robot {
    /// Its tasks, in the order of the file; the first is the default.
    pub tasks: Vec<RobotTask>,
    /// The folder whose files are kept, by its path in the package.
    pub artifacts: String,
    /// Folders of the package to import from.
    #[serde(default)]
    pub python_path: Vec<String>,
    /// Folders of the package to find programs in.
    #[serde(default)]
    pub path: Vec<String>,
}

/// One task of a robot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RobotTask {
    /// Its name.
    pub name: String,
    /// What follows `python` in its command: `-m MODULE …` or `SCRIPT …`.
    pub arguments: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    tasks: Ordered<Task>,
    #[serde(rename = "condaConfigFile")]
    conda: Option<String>,
    #[serde(default, rename = "environmentConfigs")]
    environments: Vec<String>,
    #[serde(rename = "artifactsDir")]
    artifacts: Option<String>,
    #[serde(default, rename = "PYTHONPATH")]
    python_path: Vec<String>,
    #[serde(default, rename = "PATH")]
    path: Vec<String>,
}

#[derive(Deserialize)]
struct Task {
    shell: Option<String>,
    command: Option<Vec<String>>,
    #[serde(rename = "robotTaskName")]
    robot_task: Option<String>,
}

/// Reads it, and the file that says what its environment holds.
pub(super) fn read(text: &str, files: &mut dyn Files) -> Result<Found> {
    let file: File = yaml::read(ROBOT, text)?;
    let count = file.tasks.0.len();
    if !(1..=MAX_TASKS).contains(&count) {
        return Err(wrong("tasks", &format!("names {count} tasks; name 1 to {MAX_TASKS}")));
    }
    let artifacts = folder("artifactsDir", file.artifacts.as_deref().unwrap_or("output"))?;
    if artifacts.is_empty() {
        return Err(wrong("artifactsDir", "is the robot itself; name a folder in it, as in output"));
    }
    let tasks = file.tasks.0.into_iter().map(|(name, task)| task.read(name, &artifacts));
    let folders =
        |key: &str, given: &[String]| given.iter().map(|path| folder(key, path)).collect::<Result<_>>();
    let robot = Robot {
        tasks: tasks.collect::<Result<_>>()?,
        python_path: folders("PYTHONPATH", &file.python_path)?,
        path: folders("PATH", &file.path)?,
        artifacts,
    };
    if serde_json::to_vec(&robot).map_or(usize::MAX, |json| json.len()) > MAX_BYTES {
        return Err(wrong("tasks", "is too long; shorten the commands"));
    }
    let mut found = Found {
        entrypoint: Some(ROBOT.to_owned()),
        robot: Some(Box::new(robot)),
        runs_in_package: true,
        ..Found::default()
    };
    conda::read(&environment_files(file.environments, file.conda), files, &mut found)?;
    Ok(found)
}

/// Where the environment may be described, the best place first: a file that holds for every system before
/// one that was frozen for some.
fn environment_files(mut given: Vec<String>, conda: Option<String>) -> Vec<String> {
    given.sort_by_key(|name| name.contains("_freeze"));
    given.extend(conda);
    given.extend(["conda.yaml", "package.yaml"].map(str::to_owned));
    given
}

impl Task {
    fn read(self, name: String, artifacts: &str) -> Result<RobotTask> {
        if name.trim().is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
            return Err(wrong(
                "tasks",
                "has a name that is empty, over 200 bytes or not one line; rename it",
            ));
        }
        let wrong = |why: &str| wrong(&format!("the task {}", shown(&name)), why);
        let words = match (self.shell, self.command, self.robot_task) {
            (Some(shell), None, None) => words(&shell).map_err(wrong)?,
            (None, Some(command), None) => command,
            (None, None, Some(task)) => framework(&task, artifacts),
            _ => return Err(wrong("needs one of shell, command and robotTaskName; give one")),
        };
        let bad = |word: &String| word.contains('\0') || word.len() > 4_000;
        if words.len() > MAX_ARGUMENTS || words.iter().any(bad) {
            return Err(wrong("has a command that is too long; shorten it"));
        }
        let arguments = after_python(words).map_err(wrong)?;
        Ok(RobotTask { name, arguments })
    }
}

/// The command for a task of Robot Framework, as it was always run.
fn framework(task: &str, artifacts: &str) -> Vec<String> {
    let words =
        ["python", "-m", "robot", "--report", "NONE", "--outputdir", artifacts, "--logtitle", "Task log"];
    words.into_iter().chain(["--task", task, "."]).map(str::to_owned).collect()
}

fn words(shell: &str) -> Result<Vec<String>, &'static str> {
    const NEEDS_SHELL: [char; 8] = ['|', '&', ';', '<', '>', '$', '`', '\n'];
    if shell.trim().contains(NEEDS_SHELL) {
        return Err("needs a shell, and none is there; give one command without |, &, ;, <, > and $");
    }
    shell_words::split(shell).map_err(|_| "has a quote without its end; add it")
}

/// What follows `python` in a command.
fn after_python(words: Vec<String>) -> Result<Vec<String>, &'static str> {
    let mut words = words.into_iter();
    let program = words.next().unwrap_or_default();
    let program = program.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    let program = program.strip_suffix(".exe").unwrap_or(&program);
    let is_python = program
        .strip_prefix("python")
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'));
    if !is_python {
        return Err("does not start python; give its command in pyproject.toml with the runtime command");
    }
    // How output is buffered and bytecode is written is ours to say.
    let arguments: Vec<String> =
        words.skip_while(|word| ["-u", "-B", "-s", "-E", "-I"].contains(&word.as_str())).collect();
    match arguments.first().map(String::as_str) {
        Some("-m") if arguments.get(1).is_some_and(|module| !module.starts_with('-')) => Ok(arguments),
        Some(script) if script.ends_with(".py") && !script.starts_with('-') => Ok(arguments),
        _ => Err("runs neither a module (python -m …) nor a script (python x.py); give one of them"),
    }
}

/// A folder of the package.
fn folder(key: &str, path: &str) -> Result<String> {
    let trimmed = path.trim_start_matches("./").trim_end_matches('/');
    let trimmed = if trimmed == "." { "" } else { trimmed };
    let is_inside = !path.starts_with('/')
        && trimmed.len() <= MAX_NAME
        && !trimmed.contains(['\\', ':', '\0'])
        && (trimmed.is_empty()
            || trimmed.split('/').all(|part| !part.is_empty() && part != "." && part != ".."));
    if is_inside {
        Ok(trimmed.to_owned())
    } else {
        Err(wrong(key, "leads out of the robot; give a folder in it"))
    }
}

fn wrong(what: &str, why: &str) -> Error {
    Error::invalid("package.manifest", format!("{what} in {ROBOT} {why}"))
}
