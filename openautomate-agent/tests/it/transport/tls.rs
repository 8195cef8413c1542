//! A server that speaks TLS, and what an agent makes of what it shows.

use std::path::{Path, PathBuf};

use openautomate_agent::{
    ClientCertificate, Error, Identity, ServerPin, ServerTrust, WebSocketTransport, enrol, enrol_trusting,
};
use openautomate_core::orchestrator::Settings;
use openautomate_core::secret::Secret;
use openautomate_core::transport::Transport as _;
use openautomate_http::listen::{ListenOptions, ServerCertificate, self_signed_files, serve};
use openautomate_http::{HttpOptions, router};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
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
    by_tls_asking(orchestrator, keys, port, None).await
}

/// With an authority, agents are asked for a certificate of its.
async fn by_tls_asking(
    orchestrator: openautomate_core::Orchestrator,
    keys: &Path,
    port: u16,
    authority: Option<&Path>,
) -> Served {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let files = self_signed_files(keys, &names).unwrap();
    let pem = std::fs::read_to_string(&files.certificate).unwrap();
    let certificate = ServerCertificate::load(files).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let options = HttpOptions { agents_need_certificate: authority.is_some(), ..options() };
    let (tls, app) = (certificate.tls(authority).unwrap(), router(orchestrator, options));
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

/// A certificate authority that signs agents.
fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// The files of a certificate of an agent and its key; one that has expired if asked for.
fn signed_by(
    issuer: &CertifiedIssuer<'static, KeyPair>,
    folder: &Path,
    name: &str,
    has_expired: bool,
) -> (PathBuf, PathBuf) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if has_expired {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let made = params.signed_by(&key, issuer).unwrap();
    let files = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
    std::fs::write(&files.0, made.pem()).unwrap();
    std::fs::write(&files.1, key.serialize_pem()).unwrap();
    files
}

#[tokio::test]
async fn a_server_that_asks_agents_for_a_certificate_lets_in_who_shows_one_of_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let ca = folder.path().join("ca.crt");
    std::fs::write(&ca, ours.pem()).unwrap();
    let place = Place::new(Settings::default()).await;
    let served = by_tls_asking(place.orchestrator.clone(), folder.path(), 0, Some(&ca)).await;
    let load = |(certificate, key): (PathBuf, PathBuf)| ClientCertificate::load(&certificate, &key).unwrap();
    let good = load(signed_by(&ours, folder.path(), "good", false));
    let foreign = load(signed_by(&theirs, folder.path(), "foreign", false));
    // Of an authority that calls itself as ours does.
    let forged = load(signed_by(&authority("ours"), folder.path(), "forged", false));
    let expired = load(signed_by(&ours, folder.path(), "expired", true));
    let data = folder.path().join("agent");
    let trust = || pinned(&[served.pin]);
    let token = place.enrolment_token().await;
    let enrolling = |certificate| enrol_trusting(&data, &served.url, &token, None, (trust(), certificate));

    // Nobody enrols without, nor with one of another authority; the token is good still.
    let refused = enrolling(None).await.unwrap_err().to_string();
    assert!(refused.contains("--tls-client-cert"), "{refused}");
    for (bad, alert) in [(&foreign, "UnknownCA"), (&forged, "DecryptError"), (&expired, "CertificateExpired")]
    {
        let refused = enrolling(Some(bad)).await.unwrap_err().to_string();
        assert!(refused.contains(alert) && refused.contains("--tls-client-cert"), "{refused}");
        assert!(!refused.contains('\n') && !refused.contains("oa_enrol_"), "{refused}");
    }
    enrolling(Some(&good)).await.unwrap();

    // Nor does one that is enrolled connect.
    let (identity, key) = Identity::load(&data).unwrap();
    let transport = |certificate: Option<&ClientCertificate>| {
        WebSocketTransport::certified(identity.clone(), key.clone(), certificate).unwrap()
    };
    drop(transport(Some(&good)).connect().await.unwrap());
    let error = transport(None).connect().await.unwrap_err();
    assert!(error.message().contains("--tls-client-cert"), "{error}");
    for bad in [&foreign, &forged, &expired] {
        let error = transport(Some(bad)).connect().await.unwrap_err();
        assert_eq!(error.code(), "agent.certificate", "{error}");
        assert!(error.message().contains("--tls-client-cert"), "{error}");
    }
    // It may come again at any time.
    drop(transport(Some(&good)).connect().await.unwrap());
}

#[tokio::test]
async fn the_program_shows_the_certificate_that_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let ca = folder.path().join("ca.crt");
    std::fs::write(&ca, ours.pem()).unwrap();
    let place = Place::new(Settings::default()).await;
    let served = by_tls_asking(place.orchestrator.clone(), folder.path(), 0, Some(&ca)).await;
    let token: Secret<String> = place.enrolment_token().await;
    let enrolling = |files: Option<(PathBuf, PathBuf)>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_openautomate-agent"));
        command.args(["enrol", "--server", &served.url, "--server-pin", &served.pin.to_string()]);
        if let Some((certificate, key)) = files {
            command.arg("--tls-client-cert").arg(certificate).arg("--tls-client-key").arg(key);
        }
        command.arg("--data-dir").arg(folder.path().join("agent"));
        command.env("OPENAUTOMATE_ENROLMENT_TOKEN", token.expose());
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    for files in [None, Some(signed_by(&theirs, folder.path(), "foreign", false))] {
        let refused = enrolling(files).await.unwrap();
        let text = String::from_utf8(refused.stderr).unwrap();
        assert_eq!((refused.status.code(), text.lines().count()), (Some(1), 1), "{text}");
        assert!(text.contains("--tls-client-cert") && !text.contains("oa_enrol_"), "{text}");
    }
    let right = enrolling(Some(signed_by(&ours, folder.path(), "good", false))).await.unwrap();
    assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stderr));
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
