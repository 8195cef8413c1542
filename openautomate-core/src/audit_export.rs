//! The audit as a file: JSON lines, which can be verified without the database, or CSV, which spreadsheets read.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::{ActorKind, AuditCheckpoint, AuditEntry, AuditHash, AuditHead, AuditSeal};
use crate::error::{Error, Result};
use crate::service::AuditReport;
use crate::store::Store;

const FORMAT: &str = "openautomate-audit-v1";
const PAGE: u32 = 500;
const COLUMNS: [&str; 14] = [
    "sequence",
    "id",
    "at",
    "actorKind",
    "actorId",
    "actorName",
    "action",
    "objectKind",
    "objectId",
    "detail",
    "requestId",
    "ipAddress",
    "previous",
    "hash",
];

/// How the entries stand in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AuditFormat {
    /// A line of JSON each, behind one that says what the file is; to be verified by `audit verify --export`.
    #[default]
    Jsonl,
    /// Comma-separated values (RFC 4180) with a line of names.
    Csv,
}

/// Which entries, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditExport {
    /// How they stand in the file.
    pub format: AuditFormat,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

impl AuditExport {
    fn takes(&self, entry: &AuditEntry) -> bool {
        self.from.is_none_or(|from| entry.at >= from) && self.to.is_none_or(|to| entry.at < to)
    }
}

/// The first line of an export in JSON lines.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    format: String,
    exported_at: Timestamp,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    /// The last entry that was sealed by then.
    sequence: u64,
    #[serde(with = "hex::serde")]
    hash: AuditHash,
}

/// The sealed entries of a store as the pieces of a file, in order of sequence, up to those that are sealed by now.
///
/// # Errors
/// `Unavailable` if the store does not answer, then or in the stream.
pub async fn export_chain(
    store: Arc<dyn Store>,
    export: AuditExport,
    now: Timestamp,
) -> Result<impl Stream<Item = Result<Bytes>> + Send> {
    let end = store.audit_head().await?;
    let head = Head {
        format: FORMAT.to_owned(),
        exported_at: now,
        from: export.from,
        to: export.to,
        sequence: end.sequence,
        hash: end.hash,
    };
    let first = match export.format {
        AuditFormat::Jsonl => json_line(&head)?,
        AuditFormat::Csv => csv_lines(|writer| writer.write_record(COLUMNS))?,
    };
    Ok(stream::try_unfold((Some(first), 0, store), move |(first, after, store)| async move {
        if let Some(first) = first {
            return Ok(Some((Bytes::from(first), (None, after, store))));
        }
        let mut after = after;
        loop {
            let mut entries = store.chain(after, PAGE).await?;
            entries.retain(|entry| sequence_of(entry) <= end.sequence);
            let Some(last) = entries.last() else { return Ok(None) };
            after = sequence_of(last);
            entries.retain(|entry| export.takes(entry));
            if !entries.is_empty() {
                let piece = match export.format {
                    AuditFormat::Jsonl => entries.iter().map(json_line).collect::<Result<Vec<_>>>()?.concat(),
                    AuditFormat::Csv => {
                        csv_lines(|writer| entries.iter().try_for_each(|entry| csv_row(entry, writer)))?
                    }
                };
                return Ok(Some((Bytes::from(piece), (None, after, store))));
            }
        }
    }))
}

fn sequence_of(entry: &AuditEntry) -> u64 {
    entry.seal.map_or(0, |seal| seal.sequence)
}

fn not_encoded(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("audit.encode", "an audit entry can't be written into the export").with_source(error)
}

fn json_line(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value).map_err(not_encoded)?;
    line.push(b'\n');
    Ok(line)
}

fn csv_lines(write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    write(&mut writer).map_err(not_encoded)?;
    writer.into_inner().map_err(|error| not_encoded(error.into_error()))
}

fn csv_row(entry: &AuditEntry, writer: &mut csv::Writer<Vec<u8>>) -> csv::Result<()> {
    let actor_kind = match entry.actor.kind {
        ActorKind::User => "user",
        ActorKind::Agent => "agent",
        ActorKind::System => "system",
        ActorKind::Anonymous => "anonymous",
    };
    let (previous, hash) =
        entry.seal.map_or_else(Default::default, |seal| (hex::encode(seal.previous), hex::encode(seal.hash)));
    let cells = [
        sequence_of(entry).to_string(),
        entry.id.to_string(),
        entry.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        actor_kind.to_owned(),
        entry.actor.id.clone().unwrap_or_default(),
        entry.actor.name.clone(),
        entry.action.clone(),
        entry.object_kind.clone(),
        entry.object_id.clone(),
        entry.detail.to_string(),
        entry.request_id.clone().unwrap_or_default(),
        entry.ip_address.clone().unwrap_or_default(),
        previous,
        hash,
    ];
    writer.write_record(cells.map(harmless))
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe before it, which spreadsheets don't show
/// (OWASP, "CSV Injection").
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

/// Verifies an export in JSON lines, line by line, without the database.
#[derive(Debug)]
pub struct ExportVerifier {
    head: Head,
    last: Option<AuditSeal>,
    verified: u64,
    checkpoints: BTreeMap<u64, AuditHash>,
    seen: u64,
}

impl ExportVerifier {
    /// Begins with the first line. The signatures of the checkpoints are the caller's to check.
    ///
    /// # Errors
    /// `Invalid` with `audit.export` if it is no first line of an export.
    pub fn begin(line: &str, checkpoints: &[AuditCheckpoint]) -> Result<Self> {
        let none = || Error::invalid("audit.export", "the first line is not that of an export in JSON lines");
        let head: Head = serde_json::from_str(line).map_err(|error| none().with_source(error))?;
        if head.format != FORMAT {
            return Err(none());
        }
        // What was sealed after the export can't be in it.
        let checkpoints = checkpoints.iter().filter(|checkpoint| checkpoint.made_at <= head.exported_at);
        let checkpoints = checkpoints.map(|checkpoint| (checkpoint.sequence, checkpoint.hash)).collect();
        Ok(Self { head, last: None, verified: 0, checkpoints, seen: 0 })
    }

    /// Whether the export is of the whole chain, so that none may be missing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.head.from.is_none() && self.head.to.is_none()
    }

    fn bad(&self, sequence: u64, reason: &str) -> AuditReport {
        AuditReport::bad(self.verified, sequence, reason)
    }

    /// Takes the next line; the report if the file breaks here.
    #[must_use]
    pub fn follow(&mut self, line: &str) -> Option<AuditReport> {
        let next = self.last.map_or(1, |last| last.sequence + 1);
        let Ok(entry) = serde_json::from_str::<AuditEntry>(line) else {
            return Some(self.bad(next, "the line is no entry"));
        };
        let Some(seal) = entry.seal else {
            return Some(self.bad(next, "the entry has lost its seal"));
        };
        if seal.sequence < next {
            return Some(self.bad(seal.sequence, "the entry was moved or put in: its number came before"));
        }
        if seal.sequence > next && self.is_whole() {
            return Some(self.bad(next, "the entry was removed"));
        }
        let before = match self.last {
            Some(last) => last.hash,
            None => AuditHead::default().hash,
        };
        let follows = seal.sequence != next || seal.previous == before;
        if !follows || entry.chain_hash(seal.sequence, &seal.previous) != seal.hash {
            let reason = "the entry was altered or put in: its hash does not follow from its content";
            return Some(self.bad(seal.sequence, reason));
        }
        if self.checkpoints.get(&seal.sequence).is_some_and(|hash| *hash != seal.hash) {
            return Some(self.bad(seal.sequence, REWRITTEN));
        }
        self.seen += u64::from(self.checkpoints.contains_key(&seal.sequence));
        self.last = Some(seal);
        self.verified += 1;
        None
    }

    /// What was found when no line is left.
    #[must_use]
    pub fn finish(self) -> AuditReport {
        if self.is_whole() {
            let end =
                self.last.map_or_else(|| (0, AuditHead::default().hash), |last| (last.sequence, last.hash));
            if end != (self.head.sequence, self.head.hash) {
                return self.bad(end.0 + 1, "the entries from here on were removed");
            }
        }
        if let Some((sequence, _)) = self.checkpoints.range(self.head.sequence + 1..).next() {
            let (first, sequence) = (self.head.sequence + 1, *sequence);
            let reason =
                format!("the entries from here to {sequence}, which a checkpoint names, were removed");
            return self.bad(first, &reason);
        }
        AuditReport {
            ok: true,
            verified: self.verified,
            first_bad: None,
            reason: None,
            checkpoints: self.seen,
        }
    }
}

/// What an entry is that a checkpoint contradicts.
pub(crate) const REWRITTEN: &str = "the chain was written anew: a signed checkpoint names another hash, so this entry or one before it, after the \
     checkpoint before, is not what it was";

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;

    use super::*;
    use crate::changes::Changes;
    use crate::clock::{Clock as _, SystemClock};
    use crate::domain::ActorRef;
    use crate::id::AuditId;
    use crate::package::signature::PackageSigner;
    use crate::store::memory::MemoryStore;

    async fn store(entries: u64) -> Arc<dyn Store> {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        for number in 0..entries {
            let entry = AuditEntry {
                id: AuditId::new(),
                at: SystemClock.now(),
                actor: ActorRef { kind: ActorKind::User, id: None, name: "=cmd|' /C calc'!A0".into() },
                action: "asset.put".into(),
                object_kind: "asset".into(),
                object_id: number.to_string(),
                detail: serde_json::json!({"b": 1.5, "a": "x,\"y\"\n"}),
                request_id: None,
                ip_address: Some("-1".into()),
                seal: None,
            };
            store.commit(Changes::none().audited(entry)).await.unwrap();
        }
        store.seal(10_000).await.unwrap();
        store
    }

    async fn text(store: &Arc<dyn Store>, export: AuditExport) -> String {
        let pieces = export_chain(Arc::clone(store), export, SystemClock.now()).await.unwrap();
        let pieces: Vec<Bytes> = pieces.try_collect().await.unwrap();
        String::from_utf8(pieces.concat()).unwrap()
    }

    fn verify(text: &str, checkpoints: &[AuditCheckpoint]) -> AuditReport {
        let mut lines = text.lines();
        let mut verifier = ExportVerifier::begin(lines.next().unwrap(), checkpoints).unwrap();
        lines.find_map(|line| verifier.follow(line)).unwrap_or_else(|| verifier.finish())
    }

    #[tokio::test]
    async fn an_export_is_verified_without_the_database() {
        let store = store(1_200).await;
        let whole = text(&store, AuditExport::default()).await;
        assert_eq!(verify(&whole, &[]).verified, 1_200);
        let lines: Vec<_> = whole.lines().collect();
        let with = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
            change(&mut lines);
            let report = verify(&lines.join("\n"), &[]);
            (report.ok, report.first_bad)
        };
        // The head is line 0, so the entry with the number n is line n.
        for bad in [1_usize, 2, 700, 1_200] {
            let number = Some(bad as u64);
            let altered = |lines: &mut Vec<String>| lines[bad] = lines[bad].replace("asset.put", "asset.get");
            assert_eq!(with(&altered), (false, number));
            assert_eq!(with(&|lines| drop(lines.remove(bad))), (false, number));
            assert_eq!(with(&|lines| lines.truncate(bad)), (false, number));
            assert!(!with(&|lines| lines.insert(bad, lines[bad.max(2) - 1].clone())).0);
            if bad > 1 {
                assert_eq!(with(&|lines| lines.swap(bad - 1, bad)), (false, Some(bad as u64 - 1)));
            }
        }
    }

    #[tokio::test]
    async fn a_checkpoint_finds_an_export_that_was_cut_or_written_anew() {
        let store = store(20).await;
        let signer = PackageSigner::generate().unwrap();
        let head = store.audit_head().await.unwrap();
        let kept = AuditCheckpoint::sign(head, SystemClock.now(), &signer);
        let whole = text(&store, AuditExport::default()).await;
        let report = verify(&whole, std::slice::from_ref(&kept));
        assert_eq!((report.ok, report.checkpoints), (true, 1));
        // Cut with its head set to match, as somebody would who knows the format.
        let shorter = self::store(15).await;
        let cut = text(&shorter, AuditExport::default()).await;
        let report = verify(&cut, std::slice::from_ref(&kept));
        assert_eq!((report.ok, report.first_bad), (false, Some(16)));
        let other = self::store(20).await;
        let anew = text(&other, AuditExport::default()).await;
        let report = verify(&anew, &[kept]);
        assert_eq!((report.ok, report.first_bad), (false, Some(20)));
    }

    #[tokio::test]
    async fn an_export_of_a_time_has_gaps_and_each_entry_is_verified() {
        let store = store(10).await;
        let entries = store.chain(0, 10).await.unwrap();
        let export =
            AuditExport { from: Some(entries[3].at), to: Some(entries[8].at), ..AuditExport::default() };
        let part = text(&store, export).await;
        let expected = entries.iter().filter(|entry| export.takes(entry)).count();
        assert_eq!(verify(&part, &[]).verified, expected as u64);
        assert!(!verify(&part.replacen("asset.put", "x", 1), &[]).ok);
    }

    #[tokio::test]
    async fn no_cell_is_a_formula() {
        let store = store(2).await;
        let csv = text(&store, AuditExport { format: AuditFormat::Csv, ..AuditExport::default() }).await;
        assert!(csv.starts_with("sequence,id,at,actorKind,"));
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{row:?}");
            assert_eq!((&row[5], &row[11]), ("'=cmd|' /C calc'!A0", "'-1"));
            assert_eq!(&row[9], r#"{"a":"x,\"y\"\n","b":1.5}"#);
        }
    }
}
