//! What a run of every runner of Python tells: lines, progress, artifacts, and what it asks for.

use serde_json::json;

use super::RunnerFixture;
use super::play::{Play, Told};
use crate::domain::{ItemErrorKind, LogLevel, LogStream, MAX_LINE_BYTES, Progress, RunStatus};
use crate::transport::message::QueueCall;

/// Records of `logging` come with level, logger and source; INFO is the threshold.
pub async fn logging(fixture: &impl RunnerFixture) {
    let source = "
import logging, openautomate
def run():
    openautomate.log.info('one %d', 1)
    logging.getLogger('a.b').warning('two')
    logging.error('three')
    logging.critical('four')
    logging.getLogger('a.b').debug('hidden')
";
    let ended = Play::main(source).run(fixture).await;
    ended.expect(RunStatus::Succeeded);
    let lines: Vec<_> = ended
        .all_lines()
        .map(|l| (l.stream, l.level, l.logger.as_deref(), l.source.as_deref(), l.text.as_str()))
        .collect();
    let log = LogStream::Logging;
    assert_eq!(
        lines,
        [
            (log, LogLevel::Info, Some("openautomate"), Some("main.py:4"), "one 1"),
            (log, LogLevel::Warning, Some("a.b"), Some("main.py:5"), "two"),
            (log, LogLevel::Error, Some("root"), Some("main.py:6"), "three"),
            (log, LogLevel::Critical, Some("root"), Some("main.py:7"), "four"),
        ]
    );
}

/// What is printed and what is logged stay in the order in which they were.
pub async fn print_and_log_keep_their_order(fixture: &impl RunnerFixture) {
    let source = "
import logging, sys
def run():
    for i in range(300):
        print('print', i)
        logging.info('log %d', i)
        if i % 3 == 0:
            print('error', i, file=sys.stderr)
            logging.info('log after error %d', i)
";
    let mut expected = Vec::new();
    for i in 0..300 {
        expected.extend([format!("print {i}"), format!("log {i}")]);
        if i % 3 == 0 {
            expected.extend([format!("error {i}"), format!("log after error {i}")]);
        }
    }
    assert_eq!(Play::main(source).run(fixture).await.texts(), expected);
}

/// A logged exception brings its traceback.
pub async fn traceback_in_log(fixture: &impl RunnerFixture) {
    let source = "
import openautomate
def run():
    try:
        1 / 0
    except ZeroDivisionError:
        openautomate.log.exception('failed')
";
    let ended = Play::main(source).run(fixture).await;
    let text = ended.texts()[0];
    assert!(text.starts_with("failed\nTraceback") && text.ends_with("division by zero"), "{text}");
}

/// A last line without an end is a line.
pub async fn last_line(fixture: &impl RunnerFixture) {
    let source = "import sys\ndef run():\n  print('one\\ntwo', end='')\n  sys.stderr.write('three')";
    let ended = Play::main(source).run(fixture).await;
    assert_eq!(ended.lines(LogStream::Stdout), ["one", "two"]);
    assert_eq!(ended.lines(LogStream::Stderr), ["three"]);
    assert!(
        ended.all_lines().all(|line| (line.level == LogLevel::Warning) == (line.stream == LogStream::Stderr))
    );
}

/// A line beyond the bound is cut, and the next one is whole.
pub async fn big_line(fixture: &impl RunnerFixture) {
    let source = "
import logging
def run():
    print('x' * 5_000_000)
    print('next')
    logging.info('y' * 5_000_000)
";
    let ended = Play::main(source).run(fixture).await;
    let texts = ended.texts();
    assert_eq!((texts.len(), texts[1]), (3, "next"));
    for text in [texts[0], texts[2]] {
        assert!(text.len() <= MAX_LINE_BYTES && text.ends_with("[line cut]"));
    }
}

/// Any text arrives.
pub async fn unicode(fixture: &impl RunnerFixture) {
    let source = "
import openautomate
def run(text):
    print(text)
    openautomate.log.info('%s', text)
    openautomate.log.info('lone \\udc80')
    return {'text': text}
";
    let text = "größe 数 🦀\u{0}\u{7f}\u{2028}";
    let ended = Play::main(source).inputs(&json!({"text": text})).run(fixture).await;
    assert_eq!(ended.outputs(), json!({"text": text}));
    assert_eq!(ended.texts(), [text, text, "lone ?"]);
}

/// Progress arrives within its bounds.
pub async fn progress(fixture: &impl RunnerFixture) {
    let source = "
import openautomate
def run():
    openautomate.progress(0.25)
    openautomate.progress(7, 'all')
    try:
        openautomate.progress(float('nan'))
    except ValueError:
        openautomate.progress(-1)
";
    let ended = Play::main(source).run(fixture).await;
    let told = |fraction, message: Option<&str>| {
        Told::Progress(Progress { fraction, message: message.map(str::to_owned) })
    };
    assert_eq!(ended.told, [Told::Started, told(0.25, None), told(1.0, Some("all")), told(0.0, None)]);
}

/// An artifact is kept as it is at the call, by a path of any kind.
pub async fn artifact(fixture: &impl RunnerFixture) {
    let source = "
import openautomate, os, pathlib, tempfile
def run():
    path = pathlib.Path(tempfile.mkdtemp()) / 'a.txt'
    path.write_text('first')
    openautomate.artifact(path)
    path.write_text('second')
    openautomate.artifact(str(path), name='b.txt', content_type='text/plain')
    os.unlink(path)
    try:
        openautomate.artifact(path)
    except openautomate.ArtifactError as error:
        return {'missing': 'a.txt' in str(error)}
";
    let ended = Play::main(source).run(fixture).await;
    assert_eq!(ended.outputs(), json!({"missing": true}));
    let text = Some("text/plain".to_owned());
    assert_eq!(ended.told[1], Told::Artifact("a.txt".to_owned(), b"first".to_vec(), None));
    assert_eq!(ended.told[2], Told::Artifact("b.txt".to_owned(), b"second".to_vec(), text));
}

/// A refused artifact raises, with the reason.
pub async fn artifact_refused(fixture: &impl RunnerFixture) {
    let source = "import openautomate\ndef run(): openautomate.artifact(__file__, 'refused.txt')";
    let ended = Play::main(source).run(fixture).await;
    assert_eq!(ended.error().kind, "ArtifactError");
    assert!(ended.error().message.contains("not wanted"));
}

/// A secret is given, to several threads too.
pub async fn secret(fixture: &impl RunnerFixture) {
    let source = "
import contextvars, openautomate, threading
def run():
    values = [openautomate.secret('password')]
    def ask():
        values.append(openautomate.secret('password'))
    threads = [threading.Thread(target=contextvars.copy_context().run, args=(ask,)) for _ in range(5)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return {'right': values == ['hunter2'] * 6}
";
    let ended = Play::main(source).run(fixture).await;
    assert_eq!(ended.outputs(), json!({"right": true}));
    assert_eq!(ended.told.iter().filter(|told| **told == Told::Secret("password".to_owned())).count(), 6);
}

/// A refused secret raises, with the reason.
pub async fn secret_refused(fixture: &impl RunnerFixture) {
    let source = "
import openautomate
def run():
    try:
        openautomate.secret('other')
    except openautomate.Error as error:
        return {'kind': type(error).__name__, 'text': str(error)}
";
    let outputs = Play::main(source).run(fixture).await.outputs();
    assert_eq!(outputs["kind"], "SecretError");
    assert!(outputs["text"].as_str().unwrap().contains("other"));
}

/// Items of a queue are taken, ended and added.
pub async fn queue(fixture: &impl RunnerFixture) {
    let source = "
import openautomate
def run():
    done = []
    for item in openautomate.queue('invoices'):
        done.append([item.payload, item.reference, item.priority, item.attempt])
        item.complete({'paid': True}, children=[{'queue': 'letters', 'payload': {'to': 'Ada'}}])
    openautomate.queue('letters').put({'n': 2}, reference='L-2')
    return {'done': done}
";
    let ended = Play::main(source).run(fixture).await;
    assert_eq!(ended.outputs(), json!({"done": [[{"n": 1}, "INV-1", 2, 1]]}));
    let calls: Vec<&QueueCall> = ended
        .told
        .iter()
        .filter_map(|told| match told {
            Told::Queue(call) => Some(call),
            _ => None,
        })
        .collect();
    let [QueueCall::Take { .. }, completed, QueueCall::Take { holding, .. }, QueueCall::Put { item, .. }] =
        &calls[..]
    else {
        panic!("{calls:?}")
    };
    let QueueCall::Complete { epoch: 1, output, children, .. } = completed else { panic!("{completed:?}") };
    assert_eq!(*output, Some(json!({"paid": true})));
    assert_eq!(children[0].item.payload, json!({"to": "Ada"}));
    assert_eq!((holding.len(), item.reference.as_deref()), (0, Some("L-2")));
}

/// An exception that leaves the loop fails the item that is at hand, by its kind.
pub async fn queue_failed(fixture: &impl RunnerFixture) {
    for (raised, kind) in [
        ("openautomate.BusinessError('no IBAN', 'E1')", ItemErrorKind::Business),
        ("ValueError('no IBAN')", ItemErrorKind::Application),
    ] {
        let source = format!(
            "
import openautomate
def run():
    for item in openautomate.queue('invoices'):
        raise {raised}
"
        );
        let ended = Play::main(&source).run(fixture).await;
        assert!(ended.error().message.contains("no IBAN"));
        let failed = ended.told.iter().find_map(|told| match told {
            Told::Queue(QueueCall::Fail { error, .. }) => Some(error.clone()),
            _ => None,
        });
        let failed = failed.expect("the item failed");
        assert_eq!((failed.kind, failed.message.contains("no IBAN")), (kind, true));
        assert_eq!(failed.code.is_some(), kind == ItemErrorKind::Business);
    }
}

/// What a queue refuses raises, with kind and reason.
pub async fn queue_refused(fixture: &impl RunnerFixture) {
    let source = "
import openautomate
def run():
    try:
        openautomate.queue('other').take()
    except openautomate.QueueError as error:
        return {'kind': error.kind, 'text': str(error)}
";
    let outputs = Play::main(source).run(fixture).await.outputs();
    assert_eq!(outputs["kind"], "notFound");
    assert!(outputs["text"].as_str().unwrap().contains("other"));
}
