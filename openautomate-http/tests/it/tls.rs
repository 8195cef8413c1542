//! TLS of the server's own.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openautomate_http::listen::{
    CertificateFiles, ListenOptions, ServerCertificate, TlsError, self_signed_files, serve,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Client};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::binary::{program, refused, start, terminate};
use crate::server::{PASSWORD, read};

fn names() -> Vec<String> {
    vec!["localhost".to_owned(), "127.0.0.1".to_owned()]
}

fn trusting(pem: &Path) -> Client {
    let certificate = Certificate::from_pem(&std::fs::read(pem).unwrap()).unwrap();
    Client::builder().tls_certs_only([certificate]).pool_max_idle_per_host(0).build().unwrap()
}

fn install() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[tokio::test]
async fn the_program_signs_a_certificate_for_a_trial_and_tells_its_pin() {
    install();
    let dir = tempfile::tempdir().unwrap();
    let with_tls = |command: &mut std::process::Command| {
        command.args(["--tls-self-signed", "--tls-name", "bots.example"]);
        command.env("OPENAUTOMATE_ADMIN_USERNAME", "admin").env("OPENAUTOMATE_ADMIN_EMAIL", "a@example.org");
        command.env("OPENAUTOMATE_ADMIN_PASSWORD", PASSWORD);
    };
    let running = start(dir.path(), with_tls);
    let told = |lines: &[String]| {
        lines.iter().find_map(|line| line.split_once("--server-pin ")).unwrap().1.to_owned()
    };
    let pin = told(&running.lines);
    assert!(
        pin.starts_with("sha256//") && running.url.starts_with("https://127.0.0.1:"),
        "{:?}",
        running.lines
    );
    let client = trusting(&dir.path().join("keys/tls.crt"));
    let login = json!({"username": "admin", "password": PASSWORD});
    let answer = client.post(format!("{}/api/auth/login", running.url)).json(&login).send().await.unwrap();
    let strict = answer.headers()["strict-transport-security"].to_str().unwrap().to_owned();
    assert!(strict.starts_with("max-age=31536000"), "{strict}");
    read(answer, 200).await;
    // Nobody who does not know the certificate takes it, and nobody is answered in the clear.
    assert!(Client::new().get(&running.url).send().await.is_err());
    assert!(client.get(running.url.replace("https", "http")).send().await.is_err());
    let mode = std::fs::metadata(dir.path().join("keys/tls.key")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    terminate(running);
    let again = start(dir.path(), with_tls);
    assert_eq!(told(&again.lines), pin, "the key stays");
    terminate(again);
}

#[test]
fn what_is_wrong_with_the_files_is_told_in_a_line() {
    install();
    let dir = tempfile::tempdir().unwrap();
    let one = self_signed_files(dir.path(), &names()).unwrap();
    let other_dir = tempfile::tempdir().unwrap();
    let other = self_signed_files(other_dir.path(), &names()).unwrap();
    let run = |certificate: &Path, key: &Path| {
        let mut command = program();
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(dir.path().join("data"));
        command.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key);
        refused(&command.output().unwrap())
    };
    let text = run(&one.certificate, &other.key);
    assert!(text.contains("not that of the certificate"), "{text}");
    assert!(run(&one.key, &one.key).contains("no certificate"));
    assert!(run(&one.certificate, &one.certificate).contains("tls.crt"));
    assert!(run(&dir.path().join("absent"), &one.key).contains("can't be read"));
    std::fs::set_permissions(&one.key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(run(&one.certificate, &one.key).contains("chmod 600"));
    let exposed = ServerCertificate::load(one);
    assert!(matches!(exposed, Err(TlsError::Exposed(_))), "{exposed:?}");
}

/// Serves something by TLS; gives its address and what stops it.
async fn listen(certificate: &Arc<ServerCertificate>, options: ListenOptions) -> (String, CancellationToken) {
    let app = axum::Router::new().route("/", axum::routing::get(|| async { "here" }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let stop = CancellationToken::new();
    let tls = certificate.tls(None).unwrap();
    tokio::spawn(serve(listener, app, Some(tls), options, stop.clone()));
    (address, stop)
}

#[tokio::test]
async fn a_new_certificate_is_taken_over_and_a_broken_one_is_not() {
    install();
    let (dir, newer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = self_signed_files(dir.path(), &names()).unwrap();
    let new_files = self_signed_files(newer.path(), &names()).unwrap();
    let certificate = ServerCertificate::load(files.clone()).unwrap();
    let (address, stop) = listen(&certificate, ListenOptions::default()).await;
    tokio::spawn(Arc::clone(&certificate).follow_files(stop.clone()));
    let old_pem = newer.path().join("old.crt");
    std::fs::copy(&files.certificate, &old_pem).unwrap();
    let (old, new) = (trusting(&old_pem), trusting(&new_files.certificate));
    let url = format!("https://{address}/");
    assert!(old.get(&url).send().await.is_ok() && new.get(&url).send().await.is_err());

    // A half of a new pair, and then nonsense: the one before stays.
    let pin = certificate.pin().unwrap();
    for content in [std::fs::read(&new_files.certificate).unwrap(), b"nonsense".to_vec()] {
        std::fs::write(&files.certificate, content).unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(old.get(&url).send().await.is_ok());
        assert_eq!(certificate.pin().unwrap(), pin);
    }
    // The whole pair.
    std::fs::copy(&new_files.key, &files.key).unwrap();
    std::fs::copy(&new_files.certificate, &files.certificate).unwrap();
    let begun = Instant::now();
    while new.get(&url).send().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it is not taken over");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_ne!(certificate.pin().unwrap(), pin);
    // A client that was here before may go on with its session; a new one sees the new certificate.
    assert!(trusting(&old_pem).get(&url).send().await.is_err());
    stop.cancel();
}

#[tokio::test]
async fn who_says_nothing_in_a_handshake_holds_up_nobody() {
    install();
    let dir = tempfile::tempdir().unwrap();
    let files = self_signed_files(dir.path(), &names()).unwrap();
    let certificate = ServerCertificate::load(files.clone()).unwrap();
    let options = ListenOptions { patience: Duration::from_secs(1), ..ListenOptions::default() };
    let (address, _stop) = listen(&certificate, options).await;
    let mut silent = Vec::new();
    for number in 0..100 {
        let mut connection = TcpStream::connect(&address).await.unwrap();
        if number % 2 == 0 {
            // The beginning of a hello.
            connection.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00]).await.unwrap();
        }
        silent.push(connection);
    }
    let client = trusting(&files.certificate);
    for _ in 0..5 {
        let begun = Instant::now();
        assert!(client.get(format!("https://{address}/")).send().await.unwrap().status().is_success());
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    for mut connection in silent {
        let mut read = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(10), connection.read_to_end(&mut read));
        let _ = end.await.expect("it is closed");
    }
}

#[tokio::test]
async fn agents_need_a_certificate_where_one_is_asked_for_and_people_do_not() {
    install();
    let dir = tempfile::tempdir().unwrap();
    let own = self_signed_files(dir.path(), &names()).unwrap();
    let authority = |name: &str| {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let ca = dir.path().join("ca.crt");
    std::fs::write(&ca, ours.pem()).unwrap();
    let running = start(&dir.path().join("data"), |command| {
        command.arg("--tls-cert").arg(&own.certificate).arg("--tls-key").arg(&own.key);
        command.arg("--tls-client-ca").arg(&ca);
    });
    let client = |issuer: Option<&CertifiedIssuer<'_, KeyPair>>| {
        let builder = Client::builder()
            .tls_certs_only([Certificate::from_pem(&std::fs::read(&own.certificate).unwrap()).unwrap()]);
        let builder = match issuer {
            Some(issuer) => {
                let key = KeyPair::generate().unwrap();
                let made = CertificateParams::new(vec!["agent".to_owned()])
                    .unwrap()
                    .signed_by(&key, issuer)
                    .unwrap();
                let pem = format!("{}{}", made.pem(), key.serialize_pem());
                builder.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap())
            }
            None => builder,
        };
        builder.build().unwrap()
    };
    let id = uuid::Uuid::now_v7();
    let challenge = |client: Client| client.post(format!("{}/api/agents/{id}/challenge", running.url)).send();
    assert_eq!(challenge(client(None)).await.unwrap().status(), 403);
    assert_eq!(challenge(client(Some(&ours))).await.unwrap().status(), 200);
    assert!(challenge(client(Some(&theirs))).await.is_err(), "not of that authority");
    let people = client(None).get(format!("{}/healthz", running.url)).send().await.unwrap();
    assert!(people.status().is_success());
    terminate(running);
}

#[test]
fn files_of_a_certificate_are_named_in_errors() {
    let nowhere = CertificateFiles { certificate: "/nowhere/a".into(), key: "/nowhere/b".into() };
    assert!(ServerCertificate::load(nowhere).unwrap_err().to_string().contains("/nowhere/a"));
}
