//! What cases expect of errors: kind and code, never the message.

use std::fmt::Debug;

use crate::error::{ErrorKind, Result};

/// Expects an error of this kind with this code.
///
/// # Panics
/// If it is another one, or none.
#[track_caller]
pub fn assert_code<T: Debug>(result: Result<T>, kind: ErrorKind, code: &str) {
    match result {
        Ok(value) => panic!("expected {code}, but it went well: {value:?}"),
        Err(error) => assert_eq!((error.kind(), error.code()), (kind, code), "{error:?}"),
    }
}

/// Expects that the row was changed meanwhile.
///
/// # Panics
/// If it is another error, or none.
#[track_caller]
pub fn assert_stale_row<T: Debug>(result: Result<T>) {
    match result {
        Ok(value) => panic!("expected a stale row, but it went well: {value:?}"),
        Err(error) => assert!(error.is_stale_row(), "{error:?}"),
    }
}

/// Expects that the lease is not the caller's.
///
/// # Panics
/// If it is another error, or none.
#[track_caller]
pub fn assert_stale_lease<T: Debug>(result: Result<T>) {
    assert_code(result, ErrorKind::StaleLease, "lease.stale");
}
