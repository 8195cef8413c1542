//! What a run of every runner of Python tells: lines, progress, artifacts, and what it asks for.

use serde_json::json;

use super::RunnerFixture;
use super::play::{Play, Told};
use crate::domain::{ItemErrorKind, LogLevel, LogStream, MAX_LINE_BYTES, Progress, Role, RunStatus};
use crate::transport::message::{BucketCall, PutCondition, QueueCall, RunCall};

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

/// Other executions are started and waited for; what fails there is an exception here.
pub async fn children(fixture: &impl RunnerFixture) {
    let source = "
import openautomate
def run():
    later = openautomate.start('other', {'month': '2026-11'})
    print(openautomate.run('other', {'n': 1})['total'], later.wait())
    print(openautomate.run('other', wait=False).execution_id[-1])
    try:
        openautomate.run('broken')
    except openautomate.ChildFailed as error:
        print(error.state, error.kind, error.error, error.execution_id[-1])
    openautomate.run('absent')
";
    let ended = Play::main(source).run(fixture).await;
    ended.expect(RunStatus::Failed);
    let error = ended.result.error.clone().unwrap();
    assert_eq!((error.kind.as_str(), error.message.as_str()), ("ChildError", "there is no such package"));
    assert_eq!(ended.texts(), ["12.5 {'total': 12.5}", "1", "Failed ValueError no total 2"]);
    let started: Vec<_> = ended
        .told
        .iter()
        .filter_map(|told| match told {
            Told::Call(RunCall::StartChild { call, package, inputs }) => {
                Some((*call, package.as_str(), serde_json::Value::Object(inputs.clone())))
            }
            _ => None,
        })
        .collect();
    let expected = [
        (1, "other", json!({"month": "2026-11"})),
        (2, "other", json!({"n": 1})),
        (3, "other", json!({})),
        (4, "broken", json!({})),
        (5, "absent", json!({})),
    ];
    assert_eq!(started, expected);
}

/// A yes is returned, a no is an exception; questions without a key are counted.
pub async fn approvals(fixture: &impl RunnerFixture) {
    let source = "
import openautomate
def run():
    yes = openautomate.approval('pay 12?', data={'iban': 'DE', 'lines': (1, 2)}, approvers=['ada'], role='Operator')
    print(yes.comment, yes.answered_by)
    try:
        openautomate.approval('pay 13?', key='no', expires_in=0.2, default='approve')
    except openautomate.ApprovalRejected as error:
        print(error)
    openautomate.approval('pay 14?')
";
    let ended = Play::main(source).run(fixture).await;
    ended.expect(RunStatus::Succeeded);
    assert_eq!(ended.texts(), ["as agreed ada", "'pay 13?' was rejected by ada: as agreed"]);
    let asked: Vec<_> = ended
        .told
        .iter()
        .filter_map(|told| match told {
            Told::Call(RunCall::Approval(question)) => Some(question),
            _ => None,
        })
        .collect();
    assert_eq!(asked.iter().map(|asked| asked.key.as_str()).collect::<Vec<_>>(), ["#1", "no", "#3"]);
    assert_eq!(asked[0].data, json!({"iban": "DE", "lines": [1, 2]}));
    assert_eq!((&asked[0].approvers[..], asked[0].role), (&["ada".to_owned()][..], Some(Role::Operator)));
    assert_eq!((asked[1].expires_in, asked[1].default_approve), (Some(1), true));
}

/// What nobody has answered ends the attempt, whatever the automation catches; it gets no further.
pub async fn an_approval_suspends(fixture: &impl RunnerFixture) {
    let source = "
import openautomate
def run():
    try:
        openautomate.approval('pay?', key='later')
    except Exception:
        print('an exception')
    finally:
        print('cleaned up')
    print('paid')
";
    let ended = Play::main(source).run(fixture).await;
    ended.expect(RunStatus::Suspended);
    assert_eq!(ended.texts(), ["cleaned up"]);
    let source = "
import openautomate
def run():
    try:
        openautomate.approval('pay?', key='later')
    except BaseException:
        pass
    try:
        openautomate.approval('pay?', key='yes')
    finally:
        return {'paid': True}
";
    let ended = Play::main(source).run(fixture).await;
    ended.expect(RunStatus::Suspended);
    assert_eq!(ended.result.outputs, serde_json::Map::new());
}

/// A run writes, reads, lists and deletes objects of a bucket.
pub async fn buckets(fixture: &impl RunnerFixture) {
    let source = r#"
import openautomate, os, tempfile

def run():
    folder = tempfile.mkdtemp()
    own, one = os.path.join(folder, "c.bin"), os.path.join(folder, "one.txt")
    bucket = openautomate.bucket("reports")
    kept = bucket.put("a/b.csv", b"x;y", if_absent=True)
    with open(own, "wb") as file:
        file.write(b"file")
    bucket.put("c.bin", own, content_type="application/x-own", if_sha256="00")
    bucket.download("a/1", one)
    with open(one) as file:
        downloaded = file.read()
    try:
        bucket.get("none")
    except openautomate.BucketError as error:
        gone = error.kind
    try:
        openautomate.bucket("absent").put("k", b"")
    except openautomate.BucketError as error:
        absent = [error.kind, str(error)]
    return {
        "kept": [kept.key, kept.size, kept.content_type],
        "read": bucket.get("a/1").decode(),
        "downloaded": downloaded,
        "listed": [found.key for found in bucket.list("a/")],
        "there": [bucket.exists("a/1"), bucket.exists("none")],
        "deleted": [bucket.delete("a/1"), bucket.delete("none")],
        "gone": gone,
        "absent": absent,
    }
"#;
    let ended = Play::main(source).run(fixture).await;
    assert_eq!(
        ended.outputs(),
        json!({
            "kept": ["a/b.csv", 3, "text/csv"],
            "read": "one",
            "downloaded": "one",
            "listed": ["a/1", "a/2"],
            "there": [true, false],
            "deleted": [true, false],
            "gone": "notFound",
            "absent": ["notFound", "there is no such bucket"],
        })
    );
    let puts = ended.told.iter().filter_map(|told| match told {
        Told::Call(RunCall::Bucket { call: BucketCall::Put { key, condition, content_type, .. } }) => {
            Some((key.as_str(), condition.clone(), content_type.as_deref()))
        }
        _ => None,
    });
    assert_eq!(
        puts.collect::<Vec<_>>(),
        [
            ("a/b.csv", PutCondition::Absent, Some("text/csv")),
            ("c.bin", PutCondition::Sha256("00".to_owned()), Some("application/x-own")),
            ("k", PutCondition::Any, None),
        ]
    );
}

/// A run asks for an asset that is a file, and gets a path.
pub async fn asset_files(fixture: &impl RunnerFixture) {
    let source = r#"
import openautomate

def run():
    try:
        openautomate.asset_path("other")
    except openautomate.SecretError as error:
        refused = str(error)
    return {"path": openautomate.asset_path("certificate"), "refused": refused}
"#;
    let ended = Play::main(source).run(fixture).await;
    let expected = json!({"path": "/somewhere/client.pem", "refused": "there is no such asset"});
    assert_eq!(ended.outputs(), expected);
}
