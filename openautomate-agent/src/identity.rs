//! Which agent of which server this is, and its key.

use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use openautomate_core::credential::ENROL_CONTEXT;
use openautomate_core::id::AgentId;
use openautomate_core::package::signature::PublicKey;
use openautomate_core::secret::Secret;
#[cfg(feature = "nats")]
use openautomate_core::transport::nats::NatsSettings;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::{Error, Result};
use crate::host::machine_name;
use crate::platform;
use crate::server_trust::{ClientCertificate, ServerTrust};
use crate::way::Way;

const IDENTITY: &str = "agent.json";
const KEY: &str = "agent.key";

/// Which agent of which server this is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The server's address, without a path; by way of a NATS, the address of that.
    pub server: String,
    /// The agent's id there.
    pub agent_id: AgentId,
    /// The agent's name there.
    pub name: String,
    /// Whether plain HTTP may be used to another machine.
    #[serde(default)]
    pub allow_plain_http: bool,
    /// The keys by which it checks that packages are what the server published.
    #[serde(default)]
    pub package_keys: Vec<PublicKey>,
    /// The keys of which the server has one, by way of a NATS; elsewhere its certificate tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server_keys: Vec<PublicKey>,
    /// What the server has to show, by https.
    #[serde(default, skip_serializing_if = "ServerTrust::is_the_machines")]
    pub server_trust: ServerTrust,
}

impl Identity {
    /// The identity in a folder, and its key.
    ///
    /// # Errors
    /// [`Error::NotEnrolled`] if there is none; [`Error::Malformed`] if it can't be understood.
    pub fn load(folder: &Path) -> Result<(Self, SigningKey)> {
        let path = folder.join(IDENTITY);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NotEnrolled(folder.to_owned()));
            }
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let identity = serde_json::from_slice(&text)
            .map_err(|why| Error::Malformed { path: path.clone(), why: why.to_string() })?;
        let path = folder.join(KEY);
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let key = URL_SAFE_NO_PAD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let key = key.ok_or_else(|| Error::Malformed { path, why: "it is no key of 32 bytes".to_owned() })?;
        Ok((identity, SigningKey::from_bytes(&key)))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enrolled {
    agent_id: AgentId,
    name: String,
    #[serde(default)]
    package_keys: Vec<PublicKey>,
}

/// Trades a one-time token for a place of this machine's own key, and keeps both in a folder.
///
/// # Errors
/// [`Error::Enrolled`] if the folder holds an agent already; [`Error::Refused`] if the server says no.
pub async fn enrol(
    folder: &Path,
    server: &str,
    token: &Secret<String>,
    name: Option<String>,
    allow_plain_http: bool,
) -> Result<Identity> {
    let way = Way::straight(server, allow_plain_http, &ServerTrust::default(), None)?;
    enrol_straight(folder, way, token, name, (allow_plain_http, ServerTrust::default())).await
}

/// As [`enrol`], with a server that shows what it has to; the token is told to no other. What that is is kept with the
/// identity. `certificate` is for a server that asks for one.
///
/// # Errors
/// As [`enrol`]; [`Error::Address`] if the address is none with https, or something can't be used.
pub async fn enrol_trusting(
    folder: &Path,
    server: &str,
    token: &Secret<String>,
    name: Option<String>,
    (trust, certificate): (ServerTrust, Option<&ClientCertificate>),
) -> Result<Identity> {
    let way = Way::straight(server, false, &trust, certificate)?;
    enrol_straight(folder, way, token, name, (false, trust)).await
}

async fn enrol_straight(
    folder: &Path,
    way: Way,
    token: &Secret<String>,
    name: Option<String>,
    (allow_plain_http, server_trust): (bool, ServerTrust),
) -> Result<Identity> {
    let base = way.base().to_owned();
    let made = Enrolment { folder, token, name, address: &base };
    made.enrol(&way, |enrolled| Identity {
        server: base.clone(),
        agent_id: enrolled.agent_id,
        name: enrolled.name,
        allow_plain_http,
        package_keys: enrolled.package_keys,
        server_keys: Vec::new(),
        server_trust,
    })
    .await
}

/// As [`enrol`], by way of a NATS. The token is told to a server only that has one of these keys.
///
/// # Errors
/// As [`enrol`]; [`Error::Address`] if there is no key.
#[cfg(feature = "nats")]
pub async fn enrol_by_nats(
    folder: &Path,
    settings: NatsSettings,
    server_keys: Vec<PublicKey>,
    token: &Secret<String>,
    name: Option<String>,
) -> Result<Identity> {
    let server = settings.address.clone();
    let way = Way::by_nats(settings, &server_keys, "enrol")?;
    let first = server.split(',').next().unwrap_or_default().trim();
    let made = Enrolment { folder, token, name, address: first };
    made.enrol(&way, |enrolled| Identity {
        server: server.clone(),
        agent_id: enrolled.agent_id,
        name: enrolled.name,
        allow_plain_http: false,
        package_keys: enrolled.package_keys,
        server_keys,
        server_trust: ServerTrust::default(),
    })
    .await
}

struct Enrolment<'a> {
    folder: &'a Path,
    token: &'a Secret<String>,
    name: Option<String>,
    /// What the machine connects to.
    address: &'a str,
}

impl Enrolment<'_> {
    async fn enrol(self, way: &Way, identity: impl FnOnce(Enrolled) -> Identity) -> Result<Identity> {
        let Self { folder, token, name, address } = self;
        platform::create_private_dir(folder).map_err(Error::io("made", folder))?;
        let path = folder.join(IDENTITY);
        if path.exists() {
            return Err(Error::Enrolled(folder.to_owned()));
        }
        let key = new_key(folder)?;
        let proof = key.sign([ENROL_CONTEXT, token.expose()].concat().as_bytes());
        let request = json!({
            "token": token.expose(),
            "name": name,
            "machineName": machine_name(),
            "ipAddress": own_address(address).await.unwrap_or_default(),
            "publicKey": URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes()),
            "proof": URL_SAFE_NO_PAD.encode(proof.to_bytes()),
        });
        let enrolled: Enrolled = way.post(&format!("{}/api/agents/enrol", way.base()), &request).await?;
        let identity = identity(enrolled);
        let text = serde_json::to_vec_pretty(&identity)
            .map_err(|why| Error::Malformed { path: path.clone(), why: why.to_string() })?;
        let mut file = platform::create_private(&path).map_err(Error::io("made", &path))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(Error::io("written", &path))?;
        Ok(identity)
    }
}

/// A new key, on disk before it is used; one that a failed enrolment left is replaced.
fn new_key(folder: &Path) -> Result<SigningKey> {
    let path = folder.join(KEY);
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed)
        .map_err(|why| Error::Malformed { path: path.clone(), why: format!("no randomness: {why}") })?;
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("replaced", &path)(error));
        }
        _ => {}
    }
    let mut file = platform::create_private(&path).map_err(Error::io("made", &path))?;
    let text = URL_SAFE_NO_PAD.encode(seed);
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(Error::io("written", &path))?;
    Ok(SigningKey::from_bytes(&seed))
}

/// The address by which this machine reaches the server. Connecting a datagram socket sends nothing.
async fn own_address(server: &str) -> Option<String> {
    let url = reqwest::Url::parse(server).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    // NATS has a port of its own that no list of URLs knows.
    let to =
        tokio::net::lookup_host((host, url.port_or_known_default().unwrap_or(4222))).await.ok()?.next()?;
    let from: std::net::IpAddr = if to.is_ipv4() {
        std::net::Ipv4Addr::UNSPECIFIED.into()
    } else {
        std::net::Ipv6Addr::UNSPECIFIED.into()
    };
    let socket = tokio::net::UdpSocket::bind((from, 0)).await.ok()?;
    socket.connect(to).await.ok()?;
    Some(socket.local_addr().ok()?.ip().to_string())
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
    use openautomate_core::ErrorKind;
    use serde_json::Value;

    use super::*;
    use crate::websocket::tests::{Answer, Fake};

    fn secret() -> Secret<String> {
        Secret::new("oa_enrol_x".to_owned())
    }

    #[tokio::test]
    async fn enrolling_keeps_a_key_that_only_this_user_may_read() {
        let id = AgentId::new();
        let fake = Fake::start(move |_| {
            Answer::json(201, &json!({"agentId": id, "name": "bot", "environmentId": id}))
        });
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let made = enrol(&data, &fake.address, &secret(), Some("bot".into()), false).await.unwrap();
        assert_eq!((made.agent_id, made.name.as_str()), (id, "bot"));
        let asked: Value = serde_json::from_slice(&fake.requests()[0].body).unwrap();
        let bytes = |field: &str| URL_SAFE_NO_PAD.decode(asked[field].as_str().unwrap()).unwrap();
        let key = VerifyingKey::from_bytes(&bytes("publicKey").try_into().unwrap()).unwrap();
        let proof = Signature::from_bytes(&bytes("proof").try_into().unwrap());
        key.verify(b"openautomate-enrol-v1\noa_enrol_x", &proof).unwrap();
        assert_eq!(asked["ipAddress"], "127.0.0.1");
        assert_ne!(asked["machineName"], "");
        let (identity, own) = Identity::load(&data).unwrap();
        assert_eq!((identity.agent_id, own.verifying_key()), (id, key));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(
                (mode(&data), mode(&data.join(KEY)), mode(&data.join(IDENTITY))),
                (0o700, 0o600, 0o600)
            );
        }
        let again = enrol(&data, &fake.address, &secret(), None, false).await;
        assert!(matches!(again, Err(Error::Enrolled(_))));
    }

    #[tokio::test]
    async fn a_refused_enrolment_can_be_tried_again() {
        let fake = Fake::start(|_| Answer::problem(401, "access.unauthenticated", "the token is no good"));
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let refused = enrol(folder.path(), &fake.address, &secret(), None, false).await.unwrap_err();
            let Error::Refused(error) = &refused else { panic!("{refused}") };
            assert_eq!(error.kind(), ErrorKind::Unauthenticated);
            assert!(!refused.to_string().contains("oa_enrol_x"));
        }
        assert!(matches!(Identity::load(folder.path()), Err(Error::NotEnrolled(_))));
    }
}
