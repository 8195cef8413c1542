//! Whether two tables hold the same rows, in whatever order they come.

use sha2::{Digest as _, Sha256};

use super::super::value::Value;

/// The number of rows and the sum of their hashes. The sum does not depend on the order; a hash of each row stands
/// behind it, so that no row can make up for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TableDigest {
    pub(super) rows: u64,
    sum: [u64; 4],
}

impl TableDigest {
    /// Takes one row in.
    pub(super) fn add(&mut self, row: &[Value]) {
        let mut encoded = Vec::new();
        for value in row {
            value.encode(&mut encoded);
        }
        self.rows += 1;
        let hash = Sha256::digest(&encoded);
        for (sum, part) in self.sum.iter_mut().zip(hash.chunks_exact(8)) {
            let part = part.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            *sum = sum.wrapping_add(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[&[Value]]) -> TableDigest {
        let mut digest = TableDigest::default();
        rows.iter().for_each(|row| digest.add(row));
        digest
    }

    #[test]
    fn rows_count_and_their_order_does_not() {
        let text = |text: &str| Value::Text(text.to_owned());
        let (a, b) = ([text("ab"), text("c")], [text("a"), text("bc")]);
        assert_eq!(digest(&[&a, &b]), digest(&[&b, &a]));
        assert_ne!(digest(&[&a]), digest(&[&b]));
        assert_ne!(digest(&[&a, &a]), digest(&[&a]));
        assert_ne!(digest(&[&[Value::Null]]), digest(&[&[Value::Integer(0)]]));
    }
}
