//! A content in sealed pieces: the first frame has the encapsulated key and the revision, each after it a mark and a
//! sealed piece. The mark tells the last one, and is bound into its seal; so are the order and the number of the pieces.

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::keys::does_not_open;
use super::place;
use super::recipient::not_sealed;
use super::suite::{self, KEY_BYTES, Opener, PrivateKey, Sealer};
use crate::domain::Lease;
use crate::error::{Error, Result};
use crate::id::AssetId;
use crate::secret::Secret;

/// The frames of a content, in order. On a wire each stands behind its length.
pub type SealedFrames = BoxStream<'static, Result<Bytes>>;

/// How large a piece is.
const PIECE: usize = 64 * 1024;
const REVISION_BYTES: usize = 8;
const MORE: u8 = 0;
const LAST: u8 = 1;
/// The largest frame: a mark, a piece and the tag of its seal.
pub const MAX_FRAME_BYTES: usize = 1 + PIECE + 16;

/// Seals piece by piece, as they are taken: what is not taken is not sealed.
pub(super) fn seal(
    sealer: Sealer,
    encapsulated: [u8; KEY_BYTES],
    revision: i64,
    content: Secret<Vec<u8>>,
) -> SealedFrames {
    let head = Bytes::from([&encapsulated[..], &revision.to_be_bytes()].concat());
    let pieces = stream::unfold(Some((sealer, content, 0)), async |state| {
        let (mut sealer, content, from) = state?;
        let to = content.expose().len().min(from + PIECE);
        let is_last = to == content.expose().len();
        let mark = if is_last { LAST } else { MORE };
        let sealed = sealer.seal(&content.expose()[from..to], &[mark]);
        let frame = sealed.map(|sealed| Bytes::from([&[mark], sealed.as_slice()].concat()));
        Some((frame.map_err(|_| not_sealed()), (!is_last).then_some((sealer, content, to))))
    });
    stream::iter([Ok(head)]).chain(pieces).boxed()
}

/// What opens the next frame.
enum State {
    Head(PrivateKey),
    Pieces(Box<Opener>),
    Over,
}

/// Opens frame by frame.
pub(super) fn open(
    key: PrivateKey,
    lease: Lease,
    asset: AssetId,
    frames: SealedFrames,
) -> BoxStream<'static, Result<Bytes>> {
    let state = (State::Head(key), frames);
    stream::try_unfold(state, move |(mut state, mut frames)| async move {
        loop {
            let frame = frames.next().await.transpose()?;
            state = match (state, frame) {
                (State::Over, None) => return Ok(None),
                (State::Over, Some(_)) => return Err(does_not_open()),
                (_, None) => return Err(ends_early()),
                (State::Head(key), Some(head)) => State::Pieces(Box::new(begin(&key, lease, asset, &head)?)),
                (State::Pieces(mut opener), Some(frame)) => {
                    let (mark, sealed) = frame.split_first().ok_or_else(does_not_open)?;
                    let piece = opener.open(sealed, &[*mark]).map_err(|_| does_not_open())?;
                    let state = match *mark {
                        MORE => State::Pieces(opener),
                        LAST => State::Over,
                        _ => return Err(does_not_open()),
                    };
                    return Ok(Some((Secret::new(piece).into_bytes(), (state, frames))));
                }
            };
        }
    })
    .boxed()
}

fn begin(key: &PrivateKey, lease: Lease, asset: AssetId, head: &[u8]) -> Result<Opener> {
    let (encapsulated, revision) = head.split_at_checked(KEY_BYTES).ok_or_else(does_not_open)?;
    let revision: [u8; REVISION_BYTES] = revision.try_into().map_err(|_| does_not_open())?;
    let info = place::of_file(lease, asset, i64::from_be_bytes(revision));
    suite::opener(key, encapsulated, &info).ok_or_else(does_not_open)
}

fn ends_early() -> Error {
    Error::unavailable("asset.cut", "the content of the asset ended before its end; it is fetched again")
}
