//! What the ends of a pipe tell each other.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use super::MAX_FRAME;

/// A kind in one byte, a number in eight, the highest first.
pub(super) const HEAD_BYTES: usize = 9;

/// What an end says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Bytes; at least one.
    Data(Bytes),
    /// How much the other end may say, counted from the beginning of the pipe.
    Credit(u64),
    /// Nothing but that this end is there.
    Ping,
    /// This was all.
    Close,
    /// The pipe is over before its time.
    Reset,
}

impl Frame {
    /// The message of a frame with its number.
    pub(super) fn encode(&self, number: u64) -> Bytes {
        let (kind, length) = match self {
            Self::Data(bytes) => (0, bytes.len()),
            Self::Credit(_) => (1, 8),
            Self::Ping => (2, 0),
            Self::Close => (3, 0),
            Self::Reset => (4, 0),
        };
        let mut message = BytesMut::with_capacity(HEAD_BYTES + length);
        message.put_u8(kind);
        message.put_u64(number);
        match self {
            Self::Data(bytes) => message.put_slice(bytes),
            Self::Credit(granted) => message.put_u64(*granted),
            Self::Ping | Self::Close | Self::Reset => {}
        }
        message.freeze()
    }

    /// The frame of a message, if it is one with this number. A reset counts whatever its number is: it says that
    /// the numbers do not fit.
    pub(super) fn decode(message: &Bytes, number: u64) -> Option<Self> {
        let mut rest = message.clone();
        if rest.len() < HEAD_BYTES {
            return None;
        }
        let (kind, found) = (rest.get_u8(), rest.get_u64());
        if found != number && kind != 4 {
            return None;
        }
        match kind {
            0 if (1..=MAX_FRAME).contains(&rest.len()) => Some(Self::Data(rest)),
            1 if rest.len() == 8 => Some(Self::Credit(rest.get_u64())),
            2 if rest.is_empty() => Some(Self::Ping),
            3 if rest.is_empty() => Some(Self::Close),
            4 if rest.is_empty() => Some(Self::Reset),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_as_they_went_in() {
        let frames = [
            Frame::Data(Bytes::from_static(b"x")),
            Frame::Credit(u64::MAX),
            Frame::Ping,
            Frame::Close,
            Frame::Reset,
        ];
        for frame in frames {
            assert_eq!(Frame::decode(&frame.encode(7), 7), Some(frame));
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let ping = Frame::Ping.encode(7);
        assert_eq!(Frame::decode(&ping, 8), None);
        assert_eq!(Frame::decode(&ping.slice(..8), 7), None);
        let too_long = [&ping[..], b"x"].concat().into();
        assert_eq!(Frame::decode(&too_long, 7), None);
        assert_eq!(Frame::decode(&Frame::Data(Bytes::new()).encode(7), 7), None);
        assert_eq!(Frame::decode(&Frame::Data(vec![0; MAX_FRAME + 1].into()).encode(7), 7), None);
        assert_eq!(Frame::decode(&Bytes::from_static(&[9; 9]), u64::from_be_bytes([9; 8])), None);
    }
}
