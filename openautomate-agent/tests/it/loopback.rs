//! The loopback API: whom it answers, and what it refuses.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use openautomate_agent::Error;
use openautomate_agent::local::LocalEvent;
use openautomate_core::ErrorKind;
use openautomate_core::domain::{LogLevel, RunStatus};
use openautomate_core::runner::command::CommandRunner;
use openautomate_core::runner::process::Mark;
use openautomate_core::runner::python::{IsolatedPython, PoolSettings, install_runtime};
use openautomate_core::runner::registry::RunnerRegistry;
use openautomate_core::transport::message::{NamesAnswer, SecretAnswer};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use tokio_util::sync::CancellationToken;

use super::foreign::example;
use super::local::{Desk, Ran, python};
use super::stage::{Stage, copy};

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// What a stranger is told, the test itself being one.
fn ask_as_stranger(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Defines `ask(method, path, body, headers)`, which gives status and text.
const ASK: &str = "
import http.client, json, os, subprocess, sys, time
def ask(method, path, body=None, headers={}, host=None):
    c = http.client.HTTPConnection('127.0.0.1', int(os.environ['API_PORT']), timeout=20)
    c.putrequest(method, path, skip_host=True)
    c.putheader('Host', host or 'localhost:' + os.environ['API_PORT'])
    data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
    if data is not None: c.putheader('Content-Length', str(len(data)))
    for name, value in headers.items(): c.putheader(name, value)
    c.endheaders()
    if data is not None: c.send(data)
    answer = c.getresponse()
    return answer.status, answer.read().decode()
";

/// A script at the desk that may ask.
fn asking(source: &str, more: &[(&str, &str)]) -> Desk {
    let port = free_port();
    let source = format!("import os\nos.environ['API_PORT'] = '{port}'\n{ASK}\n{source}");
    let files: Vec<_> = [("main.py", source.as_str())].into_iter().chain(more.iter().copied()).collect();
    let mut desk = Desk::new(&files);
    desk.options.loopback_api = Some(port);
    desk.options.assets = Arc::new(|name| (name == "the key").then(|| "open-sesame".to_owned().into()));
    desk.options.asset_names = vec!["the key".to_owned()];
    desk
}

fn bot() -> Desk {
    let desk = Desk::new(&[]);
    copy(&example("template-bot"), &desk.package());
    desk
}

#[tokio::test]
async fn a_bot_of_the_template_reads_assets_and_tells_status_and_log() {
    let mut desk = bot();
    let port = free_port();
    let settings = desk.package().join("config/config.ini");
    let text = std::fs::read_to_string(&settings).unwrap().replace("8080", &port.to_string());
    std::fs::write(&settings, text).unwrap();
    desk.options.loopback_api = Some(port);
    desk.options.asset_names = vec!["greeting".to_owned()];
    desk.options.assets = Arc::new(|name| (name == "greeting").then(|| "Good morning".to_owned().into()));
    let ran = desk.run().await;
    assert_eq!(ran.result.status, RunStatus::Succeeded, "{:?}", ran.texts());
    let texts = ran.texts();
    assert!(texts.contains(&"assets: greeting") && texts.contains(&"SUCCESS: 2 people greeted"), "{texts:?}");
    assert!(texts.contains(&"greeted Ada with ***"), "what it logs is masked: {texts:?}");
    let warned = |event: &LocalEvent| {
        matches!(event, LocalEvent::Line(line)
            if line.level == LogLevel::Warning && line.text.starts_with("no signature: there is no asset"))
    };
    assert!(ran.events.iter().any(warned), "{texts:?}");
    let last = ran.events.iter().rev().find_map(|event| match event {
        LocalEvent::Progress(progress) => progress.message.clone(),
        _ => None,
    });
    assert_eq!(last.as_deref(), Some("greeting Grace (2 of 2)"));
}

#[tokio::test]
async fn it_is_off_by_default() {
    let desk = bot();
    let settings = desk.package().join("config/config.ini");
    let text = std::fs::read_to_string(&settings).unwrap().replace("8080", &free_port().to_string());
    std::fs::write(&settings, text).unwrap();
    let ran = desk.run().await;
    assert_eq!((ran.result.status, ran.result.exit_code), (RunStatus::Failed, Some(1)));
    assert!(ran.texts().iter().any(|text| text.contains("Connection refused")), "{:?}", ran.texts());
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut desk = asking("", &[]);
    desk.options.loopback_api = Some(taken.local_addr().unwrap().port());
    let error = desk.run_of(&desk.package()).await.err().unwrap();
    assert!(matches!(error, Error::Loopback { .. }), "{error}");
}

fn all_texts(ran: &Ran) -> String {
    assert_eq!(ran.result.status, RunStatus::Succeeded, "{:?} {:?}", ran.result.error, ran.texts());
    ran.texts().join("\n")
}

#[tokio::test]
async fn a_run_and_what_it_starts_are_answered() {
    let source = r#"
print(ask('GET', '/api/assets'))
print(ask('GET', '/api/assets/the%20key'))
print(ask('GET', '/api/assets/other')[0])
print(ask('GET', '/api/assets/%ff')[0])
print(ask('GET', '/api/health'), ask('GET', '/api/status'))
child = "import runpy, sys; sys.argv = ['x']; ns = runpy.run_path('ask.py'); print(ns['ask']('GET', '/api/assets')[0])"
subprocess.run([sys.executable, '-c', child], check=True)
subprocess.run([sys.executable, '-c', child], check=True, start_new_session=True, env={'API_PORT': os.environ['API_PORT']})
"#;
    let ran = asking(source, &[("ask.py", ASK)]).run().await;
    let expected = "(200, '[\"the key\"]')\n(200, '***')\n404\n400\n\
                    (200, '{\"status\":\"healthy\"}') (200, '{\"isConnected\":true}')\n200\n200";
    assert_eq!(all_texts(&ran), expected);
}

#[tokio::test]
async fn a_process_that_waited_belongs_to_the_run_that_took_it() {
    let extension =
        std::env::var_os("OPENAUTOMATE_EXTENSION").expect("the path that `make extension` writes to");
    for zygote in [false, true] {
        let mut desk = asking("print(ask('GET', '/api/assets')[0], os.getppid())", &[]);
        let runtime = install_runtime(&desk.folder.path().join("native"), Some(extension.as_ref())).unwrap();
        let runner =
            IsolatedPython::new(python(), runtime).with_pool(PoolSettings { zygote, ..Default::default() });
        runner.prepare(None);
        let began = std::time::Instant::now();
        while runner.waiting(None) == 0 {
            assert!(began.elapsed() < Duration::from_secs(20), "no process waits");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        desk.options.runners = RunnerRegistry::new().with(Arc::new(runner));
        let text = all_texts(&desk.run().await);
        let (status, parent) = text.split_once(' ').unwrap();
        assert_eq!(status, "200");
        assert_eq!(parent != std::process::id().to_string(), zygote, "the zygote is its parent");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let source = r#"
port = os.environ['API_PORT']
for host in ['evil.example:' + port, 'localhost', '127.0.0.1:1']: print(ask('GET', '/api/assets', host=host)[0])
for head in [{'Origin': 'http://localhost:' + port}, {'Origin': 'null'}, {'Sec-Fetch-Site': 'same-origin'}]:
    print(ask('GET', '/api/assets/the%20key', headers=head)[0])
print(ask('GET', '/api/nothing')[0], ask('DELETE', '/api/assets')[0], ask('GET', '/api/config')[0], ask('POST', '/api/connect')[0])
print(ask('POST', '/api/log', b'{')[0], ask('POST', '/api/log', [])[0], ask('POST', '/api/log', {'level': 'info'})[0])
print(ask('POST', '/api/status', {})[0], ask('POST', '/api/execution/00000000-0000-0000-0000-000000000000/status', {'status': 'x'})[0])
print(ask('POST', '/api/log', {'message': 'x' * 300_000})[0])
try: print(ask('GET', '/api/assets', headers={'X': 'y' * 100_000})[0] >= 400)
except OSError: print(True)
own = os.environ['OPENAUTOMATE_LEASE'].rsplit('-', 1)[0]
print(ask('POST', f'/api/execution/{own}/status', {'status': 'halfway', 'message': 'open-sesame'}))
print(ask('POST', '/api/log', {'message': 'y' * 100_000, 'level': 'ERROR'})[0])
"#;
    let ran = asking(source, &[]).run().await;
    let texts = all_texts(&ran);
    let statuses: Vec<&str> = texts.lines().filter(|line| !line.starts_with('y')).collect();
    let updated = "(200, '{\"message\":\"Status updated\",\"success\":true}')";
    assert_eq!(
        statuses,
        [
            "403",
            "403",
            "403",
            "403",
            "403",
            "403",
            "404 405 404 404",
            "400 400 400",
            "400 403",
            "413",
            "True",
            updated,
            "200"
        ]
    );
    let cut = |event: &LocalEvent| matches!(event, LocalEvent::Line(line) if line.level == LogLevel::Error && line.text.ends_with("[line cut]"));
    assert!(ran.events.iter().any(cut), "a long line is cut as any other");
}

#[tokio::test]
async fn a_process_that_left_its_run_is_a_stranger() {
    // It forks twice and leaves the session, so that nothing but its environment says whose it is.
    let source = r#"
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.3)
        open('answer.part', 'w').write(str(ask('GET', '/api/assets/the%20key')[0]))
        os.rename('answer.part', 'answer')
    os._exit(0)
for _ in range(300):
    if os.path.exists('answer'): break
    time.sleep(0.05)
print(open('answer').read())
"#;
    assert_eq!(all_texts(&asking(source, &[]).run().await), "403");
}

#[tokio::test]
async fn a_flood_of_connections_hurts_neither_agent_nor_run() {
    let source = r#"
import socket
held = [socket.create_connection(('127.0.0.1', int(os.environ['API_PORT']))) for _ in range(200)]
time.sleep(0.5)
for one in held: one.close()
for _ in range(100):
    try:
        print(ask('GET', '/api/health')[0]); break
    except (OSError, http.client.HTTPException): time.sleep(0.1)
"#;
    assert_eq!(all_texts(&asking(source, &[]).run().await), "200");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_403_and_an_execution_speaks_for_itself_only() {
    let mut stage = Stage::new();
    let agent = stage
        .builder()
        .runners(RunnerRegistry::new().with(Arc::new(CommandRunner::new())))
        .loopback_api(0)
        .build()
        .unwrap();
    let port = agent.loopback_port().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { agent.run(stop).await }
    });
    let (mut server, _) = stage.connected().await;
    let python = python();
    let python = python.to_str().unwrap();

    let victim = stage.assignment("command", &[python, "-c", "import time; time.sleep(30)"]);
    server.assign(&victim).await;
    server.started(victim.lease).await;

    let request = format!("GET /api/assets/key HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    let stranger = tokio::task::spawn_blocking(move || ask_as_stranger(port, &request)).await.unwrap();
    assert!(stranger.starts_with("HTTP/1.1 403 ") && stranger.contains("\"error\""), "{stranger}");

    // The other execution claims to be the victim, in its own environment and in that of a child.
    let claim = Mark::of(victim.lease);
    let claim = claim.as_str();
    let child =
        format!("{ASK}\nprint('child', *ask('GET', '/api/assets/key'))\nprint(*ask('GET', '/api/assets'))");
    let source = format!(
        "{ASK}\nenv = dict(os.environ, OPENAUTOMATE_LEASE='{claim}')\n\
         subprocess.run([sys.executable, '-c', os.environ['CHILD']], env=env, check=True)\nprint('done')"
    );
    let mut other = stage.assignment("command", &[python, "-c", &source]);
    other.env = [("API_PORT".to_owned(), port.to_string()), ("CHILD".to_owned(), child)].into();
    server.assign(&other).await;
    let (request, asked) = server
        .until(|message| match message {
            AgentMessage::Secret { request, lease, .. } => Some((*request, *lease)),
            _ => None,
        })
        .await;
    assert_eq!(asked, other.lease, "it asked in the name of another execution");
    let refused = SecretAnswer::Refused { kind: ErrorKind::StaleLease, message: "not yours".into() };
    server.say(ServerMessage::Secret { request, answer: refused }).await;
    let (request, asked) = server
        .until(|message| match message {
            AgentMessage::AssetNames { request, lease } => Some((*request, *lease)),
            _ => None,
        })
        .await;
    assert_eq!(asked, other.lease);
    let names = NamesAnswer::Names(vec!["own".into()]);
    server.say(ServerMessage::AssetNames { request, answer: names }).await;
    let result = server.finished(other.lease).await;
    let texts = server.texts(other.lease);
    assert_eq!(result.status, RunStatus::Succeeded, "{texts:?}");
    assert_eq!(texts, ["child 403 {\"error\":\"not yours\"}", "200 [\"own\"]", "done"]);
    stop.cancel();
    server.finished(victim.lease).await;
    running.await.unwrap();
    // Nobody serves it any more.
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}
