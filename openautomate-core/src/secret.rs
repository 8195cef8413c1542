//! Secrets in memory, and the masking of their values in text.
//!
//! **Invariant:** a [`Secret`] has no `Serialize` and no `Debug` of its content; what must put one on the
//! wire wraps it in a type that says so.

use std::fmt;
use std::hint::black_box;

use bytes::Bytes;

mod encodings;
mod masker;

pub use masker::{MASK, MIN_MASKABLE, Masker};

/// What can be overwritten in place before its memory is given back.
pub trait Wipe {
    /// Overwrites the content with zeros, as far as safe code can.
    fn wipe(&mut self);
}

impl Wipe for Vec<u8> {
    fn wipe(&mut self) {
        // The spare capacity may hold what was there before a truncation.
        let capacity = self.capacity();
        self.clear();
        self.resize(capacity, 0);
        // Keeps the compiler from leaving out a write that nobody reads.
        black_box(self.as_slice());
        self.clear();
    }
}

impl Wipe for String {
    fn wipe(&mut self) {
        std::mem::take(self).into_bytes().wipe();
    }
}

impl<const N: usize> Wipe for [u8; N] {
    fn wipe(&mut self) {
        self.fill(0);
        black_box(self.as_slice());
    }
}

/// A value that shows itself only to who asks for it by name, and is overwritten when dropped.
///
/// The overwriting is best effort: copies that the allocator or a move left behind are not reached.
#[derive(Clone)]
pub struct Secret<T: Wipe>(T);

impl<T: Wipe> Secret<T> {
    /// Keeps `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value. Don't log it, don't put it into an error, don't keep a copy.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl Secret<Vec<u8>> {
    /// The content as bytes that can be cut without a copy: the last piece that is let go of has the whole overwritten.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        Bytes::from_owner(Shared(self))
    }
}

/// Shown to who takes it as bytes.
struct Shared(Secret<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

impl<T: Wipe> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Wipe> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl<T: Wipe> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_content() {
        let secret = Secret::new("hunter2!".to_owned());
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "Secret(***) Some(Secret(***))");
        assert_eq!(secret.expose(), "hunter2!");
    }

    #[test]
    fn wiping_leaves_nothing() {
        let mut bytes = b"hunter2".to_vec();
        bytes.wipe();
        assert!(bytes.is_empty());
        let mut key = [7_u8; 32];
        key.wipe();
        assert_eq!(key, [0; 32]);
    }
}
