//! What every runner of Python does.

use std::time::{Duration, Instant};

use serde_json::json;

use super::RunnerFixture;
use super::play::{Play, Told};
use crate::domain::{LogStream, RunStatus};

/// Whatever an automation does, the run ends with a result.
pub async fn any_end_is_a_result(fixture: &impl RunnerFixture) {
    for (source, status) in [
        ("def run(): pass", RunStatus::Succeeded),
        ("def run(): raise ValueError('no')", RunStatus::Failed),
        ("def run(): exit(0)", RunStatus::Succeeded),
        ("def run(): exit(1)", RunStatus::Failed),
        ("run = 3", RunStatus::Failed),
        ("", RunStatus::Failed),
        ("def run(): return object()", RunStatus::Failed),
        (
            "class Bad(Exception):\n  def __str__(self): raise ValueError\ndef run(): raise Bad",
            RunStatus::Failed,
        ),
        ("import sys\ndef run(): sys.stdout.close()", RunStatus::Succeeded),
        ("def run(): raise KeyboardInterrupt", RunStatus::Failed),
        ("def run(): raise GeneratorExit", RunStatus::Failed),
        ("def run(): raise MemoryError", RunStatus::Failed),
    ] {
        Play::main(source).run(fixture).await.expect(status);
    }
}

/// A dict is merged into the outputs, `None` adds nothing, anything else is `result`.
pub async fn returned_values(fixture: &impl RunnerFixture) {
    let ended = Play::main("def run(): return {'a': 1, 'b': [True, None, 0.5, 'x']}").run(fixture).await;
    assert_eq!(ended.outputs(), json!({"a": 1, "b": [true, null, 0.5, "x"]}));
    assert_eq!(ended.told.first(), Some(&Told::Started));
    assert_eq!(Play::main("def run(): return None").run(fixture).await.outputs(), json!({}));
    assert_eq!(Play::main("def run(): return 'x'").run(fixture).await.outputs(), json!({"result": "x"}));
}

/// Outputs are set in three ways, and the later one wins; a failed run keeps them.
pub async fn outputs(fixture: &impl RunnerFixture) {
    let source = "
import openautomate
def run():
    openautomate.output('a', 1)
    openautomate.output({'b': 2, 'c': 2})
    openautomate.output(c=3)
    return {'d': 4}
";
    assert_eq!(Play::main(source).run(fixture).await.outputs(), json!({"a": 1, "b": 2, "c": 3, "d": 4}));
    let ended =
        Play::main("import openautomate\ndef run():\n  openautomate.output(a=1)\n  1/0").run(fixture).await;
    assert_eq!(ended.error().kind, "ZeroDivisionError");
    assert_eq!(ended.result.outputs["a"], 1);
}

/// Values that JSON lacks are converted as documented.
pub async fn rich_outputs(fixture: &impl RunnerFixture) {
    let source = "
import dataclasses, datetime, decimal, enum, pathlib, uuid
class Colour(enum.Enum):
    RED = 'red'
@dataclasses.dataclass
class Point:
    x: int
    y: tuple
def run():
    return {
        'date': datetime.date(2026, 1, 2),
        'time': datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone.utc),
        'span': datetime.timedelta(minutes=1.5),
        'decimal': decimal.Decimal('1.10'),
        'path': pathlib.PurePosixPath('a/b'),
        'set': {3, 1, 2},
        'tuple': (1, (2,)),
        'enum': Colour.RED,
        'point': Point(1, (2, 3)),
        'uuid': uuid.UUID(int=1),
        'surrogate': '\\ud800x',
        'large': 2**64 - 1,
    }
";
    let expected = json!({
        "date": "2026-01-02", "time": "2026-01-02T03:04:00+00:00", "span": 90.0, "decimal": "1.10",
        "path": "a/b", "set": [1, 2, 3], "tuple": [1, [2]], "enum": "red",
        "point": {"x": 1, "y": [2, 3]}, "uuid": "00000000-0000-0000-0000-000000000001",
        "surrogate": "?x", "large": u64::MAX,
    });
    assert_eq!(Play::main(source).run(fixture).await.outputs(), expected);
}

/// A value that can't be an output is named.
pub async fn bad_outputs(fixture: &impl RunnerFixture) {
    for (value, name) in [
        ("{'a': {'b': [0, object()]}}", "a.b[1]"),
        ("{'a': float('nan')}", "a"),
        ("{'a': 2**70}", "a"),
        ("{'a': b'x'}", "bytes"),
        ("{1: 2}", "int"),
        ("{'a': {1: 2}}", "int"),
        ("[x := [], x.append(x)][0]", "result[0]"),
    ] {
        let ended = Play::main(&format!("def run(): return {value}")).run(fixture).await;
        let error = ended.error();
        assert_eq!(error.kind, "OutputError", "{value}: {error:?}");
        assert!(error.message.contains(name), "{value}: {}", error.message);
    }
}

/// Inputs are keyword arguments, and `inputs()` gives them too.
pub async fn inputs(fixture: &impl RunnerFixture) {
    let source = "
import openautomate
def run(name, *, count=2, **more):
    return {'said': name * count, 'more': more, 'all': openautomate.inputs()}
";
    let inputs =
        json!({"name": "ä", "deep": {"list": [1, 2.5, false, null]}, "large": u64::MAX, "low": i64::MIN});
    let outputs = Play::main(source).inputs(&inputs).run(fixture).await.outputs();
    assert_eq!(outputs["said"], "ää");
    assert_eq!(outputs["all"], inputs);
    assert_eq!(outputs["more"]["deep"], inputs["deep"]);
}

/// An input that the function does not take is named.
pub async fn wrong_inputs(fixture: &impl RunnerFixture) {
    let play = Play::main("def run(name='x'): pass").inputs(&json!({"nmae": 1}));
    let error = play.run(fixture).await.error().clone();
    assert_eq!(error.kind, "InputError");
    assert!(error.message.contains("nmae") && error.message.contains("name"), "{}", error.message);
}

/// An input that the function needs is named.
pub async fn missing_inputs(fixture: &impl RunnerFixture) {
    for source in [
        "def run(first, second=1, *, third): pass",
        "import functools\n@functools.lru_cache\ndef run(first, *, third): pass",
    ] {
        let play = Play::main(source).inputs(&json!({"first": 1}));
        let error = play.run(fixture).await.error().clone();
        assert_eq!(error.kind, "InputError");
        assert!(error.message.contains("third") && !error.message.contains("first"), "{}", error.message);
    }
}

/// A function without parameters takes no inputs.
pub async fn entry_without_inputs(fixture: &impl RunnerFixture) {
    let play = Play::main("def run(): pass").inputs(&json!({"a": 1}));
    assert_eq!(play.run(fixture).await.error().kind, "InputError");
}

/// An async function is run to its end.
pub async fn async_entry(fixture: &impl RunnerFixture) {
    let source = "import asyncio\nasync def run():\n  await asyncio.sleep(0)\n  return {'a': 1}";
    assert_eq!(Play::main(source).run(fixture).await.outputs(), json!({"a": 1}));
}

/// A script runs as `__main__`, sees the inputs, and imports its neighbours.
pub async fn script(fixture: &impl RunnerFixture) {
    let source = "
import openautomate
from neighbour import VALUE
if __name__ == '__main__':
    openautomate.output(value=VALUE, given=openautomate.inputs()['a'], file=__file__[-7:])
";
    let mut play = Play::of(&[("main.py", source), ("neighbour.py", "VALUE = 7")]).inputs(&json!({"a": 1}));
    play.job.entrypoint = "main.py".to_owned();
    assert_eq!(play.run(fixture).await.outputs(), json!({"value": 7, "given": 1, "file": "main.py"}));
}

/// A script's exit code decides.
pub async fn script_exit(fixture: &impl RunnerFixture) {
    for (source, succeeds) in
        [("exit(0)", true), ("exit()", true), ("exit(2)", false), ("exit('why')", false)]
    {
        let mut play = Play::of(&[("jobs/x.py", source)]);
        play.job.entrypoint = "jobs/x.py".to_owned();
        let ended = play.run(fixture).await;
        assert_eq!(ended.result.status == RunStatus::Succeeded, succeeds, "{source}: {:?}", ended.result);
    }
}

/// `sys.exit(3)` fails with its code.
pub async fn system_exit(fixture: &impl RunnerFixture) {
    let ended = Play::main("import sys\ndef run(): sys.exit(3)").run(fixture).await;
    assert_eq!(ended.error().kind, "SystemExit");
    assert!(ended.error().message.contains('3'));
    let ended = Play::main("import sys\ndef run(): sys.exit('too bad')").run(fixture).await;
    assert!(ended.error().message.contains("too bad"));
    assert_eq!(ended.lines(LogStream::Stderr), ["too bad"]);
}

/// An exception comes with its class, message, traceback and the frames of the automation alone.
pub async fn raised(fixture: &impl RunnerFixture) {
    let files = [
        ("main.py", "from inner.deep import dig\ndef run():\n    dig()\n"),
        ("inner/__init__.py", ""),
        ("inner/deep.py", "def dig():\n    raise LookupError('no gold')\n"),
    ];
    let error = Play::of(&files).run(fixture).await.error().clone();
    assert_eq!((error.kind.as_str(), error.message.as_str()), ("LookupError", "no gold"));
    let frames: Vec<_> =
        error.frames.iter().map(|f| (f.file.as_str(), f.line, f.function.as_str())).collect();
    assert_eq!(frames, [("main.py", 3, "run"), ("inner/deep.py", 2, "dig")]);
    let traceback = error.traceback.unwrap();
    assert!(traceback.starts_with("Traceback (most recent call last):"), "{traceback}");
    assert!(traceback.trim_end().ends_with("LookupError: no gold"), "{traceback}");
    assert!(!traceback.contains("_entry.py"), "{traceback}");
}

/// What does not derive from `Exception` ends the run just the same.
pub async fn base_exception(fixture: &impl RunnerFixture) {
    let ended = Play::main("class Odd(BaseException): pass\ndef run(): raise Odd('x')").run(fixture).await;
    assert_eq!((ended.error().kind.as_str(), ended.error().message.as_str()), ("Odd", "x"));
}

/// A module that the package lacks is named.
pub async fn missing_module(fixture: &impl RunnerFixture) {
    let mut play = Play::main("");
    play.job.entrypoint = "absent_module.sub:run".to_owned();
    let ended = play.run(fixture).await;
    assert_eq!(ended.error().kind, "EntrypointError");
    assert!(ended.error().message.contains("absent_module"));
}

/// A function that the module lacks is named.
pub async fn missing_function(fixture: &impl RunnerFixture) {
    let ended = Play::main("def other(): pass").run(fixture).await;
    assert_eq!(ended.error().kind, "EntrypointError");
    assert!(ended.error().message.contains("run"));
}

/// A dependency that is not installed is the automation's failure, with its place.
pub async fn broken_import(fixture: &impl RunnerFixture) {
    let ended = Play::main("import absent_dependency\ndef run(): pass").run(fixture).await;
    assert_eq!(ended.error().kind, "ModuleNotFoundError");
    assert_eq!(ended.error().frames[0].file, "main.py");
}

/// A syntax error tells its line.
pub async fn syntax_error(fixture: &impl RunnerFixture) {
    let ended = Play::main("def run(:\n  pass").run(fixture).await;
    assert_eq!(ended.error().kind, "SyntaxError");
    assert!(ended.error().traceback.as_ref().unwrap().contains("line 1"));
}

/// A run that asks is told of the cancel, and ends as cancelled with what it left.
pub async fn cancel_is_seen(fixture: &impl RunnerFixture) {
    let source = "
import openautomate, time
def run():
    try:
        print('go')
        while not openautomate.cancelled():
            time.sleep(0.005)
        time.sleep(5)
    except KeyboardInterrupt:
        pass
    return {'stopped': openautomate.cancelled()}
";
    let mut play = Play::main(source);
    play.job.grace = Duration::from_secs(20);
    let ended = play.cancel_at(fixture, "go").await;
    ended.expect(RunStatus::Cancelled);
    assert_eq!(ended.result.outputs["stopped"], true);
    assert_eq!(ended.result.error.unwrap().kind, "Cancelled");
}

/// A run that does not ask is interrupted, and may clean up.
pub async fn cancel_by_interrupt(fixture: &impl RunnerFixture) {
    let source = "
def run():
    try:
        print('go')
        while True: pass
    finally:
        print('cleaned')
";
    let mut play = Play::main(source);
    play.job.grace = Duration::from_secs(20);
    let ended = play.cancel_at(fixture, "go").await;
    ended.expect(RunStatus::Cancelled);
    assert_eq!(ended.texts().last(), Some(&"cleaned"));
}

/// A run beyond its time limit is stopped.
pub async fn timeout(fixture: &impl RunnerFixture) {
    let mut play = Play::main("def run():\n  while True: pass");
    play.job.timeout = Some(Duration::from_millis(400));
    play.job.grace = Duration::from_secs(20);
    let ended = play.run(fixture).await;
    ended.expect(RunStatus::TimedOut);
    let error = ended.result.error.unwrap();
    assert_eq!(error.kind, "Timeout");
    assert_eq!(error.frames.first().map(|frame| frame.file.as_str()), Some("main.py"));
}

/// A run within its time limit is not waited for.
pub async fn ended_before_the_timeout(fixture: &impl RunnerFixture) {
    let started = Instant::now();
    Play::main("def run(): pass").run(fixture).await.expect(RunStatus::Succeeded);
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// The start is told before anything that the automation says, once.
pub async fn started_comes_first(fixture: &impl RunnerFixture) {
    let ended = Play::main("print('import')\ndef run(): print('run')").run(fixture).await;
    assert_eq!(ended.told[0], Told::Started);
    assert_eq!(ended.texts(), ["import", "run"]);
    assert_eq!(ended.told.len(), 3);
}

/// Endless recursion is an exception as any other, with a bounded traceback.
pub async fn recursion(fixture: &impl RunnerFixture) {
    let ended = Play::main("def run(): run()").run(fixture).await;
    assert_eq!(ended.error().kind, "RecursionError");
    assert!(ended.error().frames.len() <= 100);
}

/// Modules may lie in `src`.
pub async fn source_folder(fixture: &impl RunnerFixture) {
    let mut play = Play::of(&[("src/place/main.py", "def run(): return 1"), ("src/place/__init__.py", "")]);
    play.job.entrypoint = "place.main:run".to_owned();
    assert_eq!(play.run(fixture).await.outputs(), json!({"result": 1}));
}

/// Two runs at once do not mix what they say.
pub async fn two_at_once(fixture: &impl RunnerFixture) {
    let source = "
import openautomate, time
def run(name):
    for i in range(20):
        print(name)
        openautomate.log.info(name)
        time.sleep(0.002)
    return openautomate.inputs()['name']
";
    let play = |name| Play::main(source).inputs(&json!({"name": name})).run(fixture);
    let (a, b) = tokio::join!(play("a"), play("b"));
    for (ended, name) in [(a, "a"), (b, "b")] {
        assert_eq!(ended.outputs(), json!({"result": name}));
        assert_eq!(ended.texts(), [name; 40]);
    }
}
