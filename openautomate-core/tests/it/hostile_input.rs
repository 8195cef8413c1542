//! Whatever comes from outside is read or refused: nothing panics, nothing takes long. Good input is bent a little,
//! which gets further than noise. `PROPTEST_CASES=100000` looks for longer.

use openautomate_core::package::archive::Limits;
use openautomate_core::package::index::PackageIndex;
use openautomate_core::package::manifest::Manifest;
use openautomate_core::schedule::CronExpression;
use openautomate_core::transport::{AgentMessage, ServerMessage};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sha2::{Digest as _, Sha256};

/// A text with some of its bytes changed, cut out or doubled.
fn bent(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<Index>(), any::<u8>(), 0_u8..4);
    proptest::collection::vec(change, 0..6).prop_map(move |changes| {
        let mut bytes = text.as_bytes().to_vec();
        for (place, byte, kind) in changes {
            if bytes.is_empty() {
                break;
            }
            let place = place.index(bytes.len());
            match kind {
                0 => bytes[place] = byte,
                1 => drop(bytes.drain(place..(place + usize::from(byte % 16)).min(bytes.len()))),
                2 => bytes.insert(place, byte),
                _ => {
                    let part = bytes[place..(place + usize::from(byte)).min(bytes.len())].to_vec();
                    bytes.splice(place..place, part);
                }
            }
        }
        bytes
    })
}

/// What stands in crontabs, right and wrong.
fn cron_field() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        select(vec![
            "*", "?", "L", "LW", "L-3", "15W", "MON#2", "5L", "jan", "sun", "@daily", "", "-", "/", "H"
        ])
        .prop_map(str::to_owned),
        any::<u32>().prop_map(|number| number.to_string()),
        (0_u32..70, 0_u32..70).prop_map(|(from, to)| format!("{from}-{to}")),
        (0_u32..70, 0_u32..70).prop_map(|(from, step)| format!("{from}/{step}")),
        (0_u32..3_000).prop_map(|step| format!("*/{step}")),
        "\\PC{0,6}",
    ];
    proptest::collection::vec(part, 1..4).prop_map(|parts| parts.join(","))
}

const MANIFEST: &str = r#"
[project]
name = "invoices"
version = "1.2.3"
requires-python = ">=3.10"
dependencies = ["pdfplumber>=0.11"]

[tool.openautomate]
entrypoint = "invoices.main:run"
timeout = "10m"
grace = "5s"
retries = 3
backoff = "10s"
labels = ["pdf"]
env = { LANG = "C" }

[tool.openautomate.limits]
memory = "512M"
processes = 16
"#;

const INDEX: &str = r#"{"format":1,"files":[{"path":"main.py","size":6}],"chunks":[{"hash":
"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","size":6}]}"#;

const MESSAGES: [&str; 6] = [
    r#"{"type":"ready","free":4,"ahead":1,"received":18446744073709551615}"#,
    r#"{"type":"heartbeat","leases":[{"execution":"01900000-0000-7000-8000-000000000001","epoch":3}]}"#,
    r#"{"type":"started","lease":{"execution":"01900000-0000-7000-8000-000000000001","epoch":3}}"#,
    r#"{"type":"logs","chunks":[{"lease":{"execution":"01900000-0000-7000-8000-000000000001","epoch":1},
        "firstSeq":1,"lines":[{"time":"2026-11-30T00:00:00Z","level":"info","stream":"stdout","text":"\u001b[31m\u0000"}]}]}"#,
    r#"{"type":"progress","lease":{"execution":"01900000-0000-7000-8000-000000000001","epoch":1},
        "progress":{"fraction":0.5,"message":"half"}}"#,
    r#"{"type":"finished","lease":{"execution":"01900000-0000-7000-8000-000000000001","epoch":1},
        "result":{"status":"succeeded","outputs":{}},"finalLogSeq":9}"#,
];

proptest! {
    #[test]
    fn cron_expressions_are_read_or_refused(fields in proptest::collection::vec(cron_field(), 1..8)) {
        let text = fields.join(" ");
        if let Ok(expression) = CronExpression::parse(&text) {
            let mut after = chrono::DateTime::UNIX_EPOCH.naive_utc();
            for _ in 0..3 {
                let Some(next) = expression.next_local(after) else { break };
                prop_assert!(next > after, "{text}: {after} {next}");
                after = next;
            }
        }
    }

    #[test]
    fn texts_that_are_no_crontab_are_refused(text in "\\PC{0,200}") {
        let _ = CronExpression::parse(&text);
    }

    #[test]
    fn manifests_are_read_or_refused(bytes in bent(MANIFEST)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(manifest) = Manifest::parse(&text, Some("main.py")) {
            prop_assert!(manifest.name.is_none_or(|name| !name.is_empty()));
        }
    }

    #[test]
    fn indexes_are_read_or_refused(bytes in bent(INDEX)) {
        // Whoever published it chose the digest too.
        let digest = hex::encode(Sha256::digest(&bytes));
        if let Ok(index) = PackageIndex::decode(&bytes, &digest, &Limits::default()) {
            for file in index.files() {
                prop_assert!(!file.path.contains("..") && !file.path.starts_with('/'), "{}", file.path);
            }
        }
    }

    #[test]
    fn messages_are_read_or_refused(bytes in select(MESSAGES.to_vec()).prop_flat_map(bent)) {
        if let Ok(message) = serde_json::from_slice::<AgentMessage>(&bytes) {
            let again = serde_json::to_vec(&message).unwrap();
            let read: AgentMessage = serde_json::from_slice(&again).unwrap();
            prop_assert_eq!(serde_json::to_vec(&read).unwrap(), again);
        }
        let _ = serde_json::from_slice::<ServerMessage>(&bytes);
    }
}

#[test]
fn what_is_bent_is_good_as_it_stands() {
    assert!(Manifest::parse(MANIFEST, None).is_ok(), "{:?}", Manifest::parse(MANIFEST, None));
    let digest = hex::encode(Sha256::digest(INDEX));
    let index = PackageIndex::decode(INDEX.as_bytes(), &digest, &Limits::default());
    assert!(index.is_ok(), "{index:?}");
    for message in MESSAGES {
        let read = serde_json::from_str::<AgentMessage>(message);
        assert!(read.is_ok(), "{message}: {read:?}");
    }
}
