//! A server that speaks TLS, and what an agent makes of what it shows.

use std::path::Path;

use openautomate_agent::{
    Error, Identity, ServerPin, ServerTrust, WebSocketTransport, enrol, enrol_trusting,
};
use openautomate_core::orchestrator::Settings;
use openautomate_core::secret::Secret;
use openautomate_core::transport::Transport as _;
use openautomate_http::listen::{ListenOptions, ServerCertificate, self_signed_files, serve};
use openautomate_http::router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::served::options;
use crate::place::Place;

struct Served {
    url: String,
    pin: ServerPin,
    /// The certificate, in PEM.
    pem: String,
    stop: CancellationToken,
}

async fn by_tls(orchestrator: openautomate_core::Orchestrator, keys: &Path, port: u16) -> Served {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let files = self_signed_files(keys, &names).unwrap();
    let pem = std::fs::read_to_string(&files.certificate).unwrap();
    let certificate = ServerCertificate::load(files).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let (tls, app) = (certificate.tls(None).unwrap(), router(orchestrator, options()));
    tokio::spawn(serve(listener, app, Some(tls), ListenOptions::default(), stop.clone()));
    Served { url, pin: certificate.pin().unwrap().parse().unwrap(), pem, stop }
}

fn pinned(pins: &[ServerPin]) -> ServerTrust {
    ServerTrust { pins: pins.to_vec(), authority: None }
}

#[tokio::test]
async fn the_token_is_told_to_the_pinned_server_alone() {
    let keys = tempfile::tempdir().unwrap();
    let place = Place::new(Settings::default()).await;
    let orchestrator = place.orchestrator.clone();
    let served = by_tls(orchestrator.clone(), keys.path(), 0).await;
    let token = place.enrolment_token().await;
    let folder = tempfile::tempdir().unwrap();
    let wrong: ServerPin = format!("sha256//{}=", "A".repeat(43)).parse().unwrap();

    // A machine does not trust what a server signed itself.
    let refused = enrol(folder.path(), &served.url, &token, None, false).await.unwrap_err().to_string();
    assert!(refused.contains("--server-pin") && !refused.contains('\n'), "{refused}");
    for trust in [
        pinned(&[wrong]),
        // Another authority; the pin is right, but both have to be.
        ServerTrust { pins: vec![served.pin], authority: Some(other_authority()) },
    ] {
        let refused = enrol_trusting(folder.path(), &served.url, &token, None, (trust, None)).await;
        let Err(Error::Refused(error)) = refused else { panic!("{refused:?}") };
        assert_eq!(error.code(), "server.certificate", "{error}");
        assert!(!error.to_string().contains("oa_enrol_"));
    }
    let clear =
        enrol_trusting(folder.path(), "http://127.0.0.1:1", &token, None, (pinned(&[wrong]), None)).await;
    assert!(clear.unwrap_err().to_string().contains("https"));

    // The token was told to nobody: it is still good. Another pin may be there for a key that is to come.
    let trust = pinned(&[wrong, served.pin]);
    enrol_trusting(folder.path(), &served.url, &token, None, (trust.clone(), None)).await.unwrap();
    let (identity, key) = Identity::load(folder.path()).unwrap();
    assert_eq!(identity.server_trust, trust);
    let transport = WebSocketTransport::new(identity.clone(), key.clone()).unwrap();
    let link = transport.connect().await.unwrap();
    drop(link);

    // The server has another key one day: the agent is told so, and stays away.
    let port = served.url.rsplit_once(':').unwrap().1.parse().unwrap();
    served.stop.cancel();
    let (newer, mut again) = (tempfile::tempdir().unwrap(), None);
    for _ in 0..50 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            again = Some(by_tls(orchestrator.clone(), newer.path(), port).await);
            break;
        }
    }
    let again = again.expect("the port is free again");
    let transport = WebSocketTransport::new(identity, key).unwrap();
    let error = transport.connect().await.unwrap_err();
    assert_eq!(error.code(), "server.certificate", "{error}");
    assert!(error.to_string().contains(&again.pin.to_string()), "{error}");
}

#[tokio::test]
async fn an_authority_of_ones_own_vouches_for_a_name() {
    let keys = tempfile::tempdir().unwrap();
    let place = Place::new(Settings::default()).await;
    let orchestrator = place.orchestrator.clone();
    let served = by_tls(orchestrator.clone(), keys.path(), 0).await;
    let token = place.enrolment_token().await;
    let folder = tempfile::tempdir().unwrap();
    let trust = |authority: String| ServerTrust { pins: Vec::new(), authority: Some(authority) };
    let other =
        enrol_trusting(folder.path(), &served.url, &token, None, (trust(other_authority()), None)).await;
    assert!(other.is_err());
    enrol_trusting(folder.path(), &served.url, &token, None, (trust(served.pem.clone()), None))
        .await
        .unwrap();
    let (identity, key) = Identity::load(folder.path()).unwrap();
    drop(WebSocketTransport::new(identity, key).unwrap().connect().await.unwrap());
}

#[tokio::test]
async fn the_program_says_in_a_line_that_the_pin_is_another() {
    let keys = tempfile::tempdir().unwrap();
    let place = Place::new(Settings::default()).await;
    let orchestrator = place.orchestrator.clone();
    let served = by_tls(orchestrator.clone(), keys.path(), 0).await;
    let token: Secret<String> = place.enrolment_token().await;
    let folder = tempfile::tempdir().unwrap();
    let enrolling = |pin: String| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_openautomate-agent"));
        command
            .args(["enrol", "--server", &served.url, "--server-pin", &pin, "--data-dir"])
            .arg(folder.path());
        command.env("OPENAUTOMATE_ENROLMENT_TOKEN", token.expose());
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let wrong = enrolling(format!("sha256//{}=", "A".repeat(43))).await.unwrap();
    let text = String::from_utf8(wrong.stderr).unwrap();
    assert_eq!((wrong.status.code(), text.lines().count()), (Some(1), 1), "{text}");
    assert!(text.contains("not one that was pinned") && text.contains(&served.pin.to_string()), "{text}");
    let right = enrolling(served.pin.to_string()).await.unwrap();
    assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stderr));
}

fn other_authority() -> String {
    let folder = tempfile::tempdir().unwrap();
    let files = self_signed_files(folder.path(), &["localhost".to_owned()]).unwrap();
    std::fs::read_to_string(files.certificate).unwrap()
}
