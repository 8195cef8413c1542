//! What a run does with storage buckets, and the assets that are files: contents go through the agent, the rest is a call.
//!
//! A content that is fetched is a new file right in the working folder of the run, made so that it follows no link: a run
//! that changes its folder meanwhile can't have the agent write anywhere else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use openautomate_core::domain::check_file_name;
use openautomate_core::error::{Error, ErrorKind, Result};
use openautomate_core::transport::ObjectUpload;
use openautomate_core::transport::message::{BucketCall, CallAnswer, ObjectInfo, RunCall};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::agent::Inner;
use crate::artifact::open_within;
use crate::attempt::Attempt;
use crate::input_file::{hex, plain, text_of};
use crate::opener::{IN_CLEAR, unsealed};
use crate::platform;

/// How long a transfer waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a content is fetched that comes damaged, or is gone when it is asked for: it may have been replaced.
const MAX_FETCHES: u32 = 4;

/// Where the files of a run are.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Where fetched contents are put.
    pub(crate) work_dir: Arc<Path>,
    /// The only folders whose files a confined run may write into a bucket.
    pub(crate) folders: Option<Arc<[PathBuf]>>,
}

/// Does what a run wants. Ends when the run waits no longer.
pub(crate) async fn work(
    attempt: &Attempt,
    agent: &Inner,
    place: Place,
    call: RunCall,
    mut reply: oneshot::Sender<Result<CallAnswer>>,
) {
    let answer = tokio::select! {
        answer = done(attempt, agent, &place, call) => answer,
        () = reply.closed() => return,
    };
    if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::StaleLease) {
        agent.forget(attempt.lease);
    }
    // The run may have ended while it waited.
    let _ = reply.send(answer);
}

async fn done(attempt: &Attempt, agent: &Inner, place: &Place, call: RunCall) -> Result<CallAnswer> {
    match call {
        RunCall::Bucket { call: BucketCall::Put { bucket, key, path, content_type, condition } } => {
            let folders = place.folders.clone();
            // Read as what was opened, whatever the run puts in its place meanwhile.
            let opened = tokio::task::spawn_blocking(move || {
                open_within(Path::new(&path), folders.as_deref(), u64::MAX)
            });
            let (_file, path) = opened.await.map_err(|error| unwritable(std::io::Error::other(error)))??;
            let content_type = content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
            let upload = ObjectUpload { lease: attempt.lease, bucket, key, content_type, condition, path };
            let object = loop {
                match agent.transport.put_object(upload.clone()).await {
                    Err(error) if error.kind() == ErrorKind::Unavailable => {
                        tracing::debug!(%error, "an object could not be sent; trying again");
                        tokio::time::sleep(PAUSE).await;
                    }
                    other => break other?,
                }
            };
            Ok(CallAnswer::Object { object: Some(object), path: None })
        }
        RunCall::Bucket { call: BucketCall::Get { bucket, key } } => {
            get(attempt, agent, &place.work_dir, RunCall::Bucket { call: BucketCall::Find { bucket, key } })
                .await
        }
        RunCall::AssetFile { .. } => asset_file(attempt, agent, &place.work_dir, &call).await,
        call => agent.ask_call(attempt.lease, &call).await,
    }
}

/// Fetches the content of an object as it is now.
async fn get(attempt: &Attempt, agent: &Inner, work_dir: &Path, find: RunCall) -> Result<CallAnswer> {
    let mut fetches = 0;
    loop {
        let object = match agent.ask_call(attempt.lease, &find).await? {
            CallAnswer::Object { object: Some(object), .. } => object,
            other => return Ok(other),
        };
        let path = work_dir.join(format!(".object-{}", Uuid::new_v4().simple()));
        let fetched = match agent.transport.fetch_object(attempt.lease, object.id).await {
            Ok(content) => keep(content, &path, Some(&object)).await,
            Err(error) => Err(error),
        };
        match fetched {
            Ok(()) => {
                let path = Some(text_of(&path)?.to_owned());
                return Ok(CallAnswer::Object { object: Some(object), path });
            }
            Err(error) => {
                fetches += u32::from(error.kind() != ErrorKind::Unavailable || error.code() == DAMAGED);
                let may_pass = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::NotFound);
                if !may_pass || fetches == MAX_FETCHES {
                    return Err(error);
                }
                tracing::debug!(%error, "an object could not be fetched; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Fetches an asset that is a file.
async fn asset_file(attempt: &Attempt, agent: &Inner, work_dir: &Path, call: &RunCall) -> Result<CallAnswer> {
    let mut in_clear = 0;
    loop {
        let (asset, file_name) = match agent.ask_call(attempt.lease, call).await? {
            CallAnswer::AssetFile { asset, file_name, path: None } => (asset, file_name),
            other => return Ok(other),
        };
        check_file_name("fileName", &file_name)?;
        let path = work_dir.join(plain(&format!(".asset-{}-{file_name}", Uuid::new_v4().simple())));
        let fetched = match agent.transport.fetch_asset(attempt.lease, asset).await {
            Ok(content) if agent.seals.load(Ordering::Relaxed) && !content.is_end_to_end => Err(unsealed()),
            Ok(content) => keep(content.stream, &path, None).await,
            Err(error) => Err(error),
        };
        match fetched {
            // Another server may have answered, of a release that does not seal.
            Err(error) if error.code() == IN_CLEAR && in_clear + 1 < MAX_FETCHES => {
                in_clear += 1;
                tracing::warn!(%error, "an asset could not be fetched; trying again");
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                tracing::debug!(%error, "an asset could not be fetched; trying again");
                tokio::time::sleep(PAUSE).await;
            }
            other => {
                other?;
                let path = Some(text_of(&path)?.to_owned());
                return Ok(CallAnswer::AssetFile { asset, file_name, path });
            }
        }
    }
}

const DAMAGED: &str = "object.damaged";

/// Keeps a content in a new file that this user alone may read. Of one that breaks off nothing stays.
async fn keep(
    mut content: BoxStream<'static, Result<Bytes>>,
    path: &Path,
    object: Option<&ObjectInfo>,
) -> Result<()> {
    let made = path.to_owned();
    let made = tokio::task::spawn_blocking(move || platform::create_private(&made));
    let made = made.await.map_err(|error| unwritable(std::io::Error::other(error)))?.map_err(unwritable)?;
    let mut file = tokio::fs::File::from_std(made);
    let unfinished = Unfinished(Some(path));
    let (mut hash, mut size) = (Sha256::new(), 0_u64);
    while let Some(piece) = content.next().await {
        let piece = piece?;
        size += piece.len() as u64;
        if object.is_some_and(|object| size > object.size) {
            return Err(damaged());
        }
        hash.update(&piece);
        file.write_all(&piece).await.map_err(unwritable)?;
    }
    file.flush().await.map_err(unwritable)?;
    if object.is_some_and(|object| size != object.size || hex(&hash.finalize()) != object.sha256) {
        return Err(damaged());
    }
    unfinished.finish();
    Ok(())
}

/// A file that is removed unless it gets finished.
struct Unfinished<'a>(Option<&'a Path>);

impl Unfinished<'_> {
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.0 {
            // It goes with the folder at the latest.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn damaged() -> Error {
    Error::unavailable(DAMAGED, "the content of the object did not come as it was written; try again")
}

fn unwritable(error: std::io::Error) -> Error {
    let message = "a file can't be kept on the agent; see whether its disk is full";
    Error::internal("object.unwritable", message).with_source(error)
}
