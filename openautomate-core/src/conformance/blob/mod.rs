//! The suite for blob stores.
//!
//! An adapter implements [`BlobFixture`](crate::conformance::fixture::BlobFixture) and writes one line in an
//! integration test; it expands to one `#[tokio::test]` a case:
//!
//! ```ignore
//! openautomate_core::blob_conformance!(mine, MyFixture);
//! ```
//!
//! Each case states one fact; a clause of the contract in `crate::blob` names its case in parentheses.

#![allow(clippy::missing_panics_doc, reason = "a case panics if its fact does not hold; that is its purpose")]
#![allow(clippy::unwrap_used, reason = "as in any test")]

pub mod list;
pub mod read;
mod sample;
pub mod storage;
pub mod stream;
pub mod write;

/// Makes a module with a test for every case of the suite for blob stores.
///
/// The first argument names the module, the second is the type of the
/// [`BlobFixture`](crate::conformance::fixture::BlobFixture).
#[macro_export]
macro_rules! blob_conformance {
    ($name:ident, $fixture:ty) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::__blob_cases!(tests[$fixture]);
        }
    };
}

/// The one list of cases. A unit test compares it with the files, so that none is left out.
#[doc(hidden)]
#[macro_export]
macro_rules! __blob_cases {
    ($kind:ident [$($argument:tt)*]) => {
        $crate::__blob_expand! { $kind [$($argument)*]
            write {
                round_trip, keys_are_apart, replaces, at_once, delete, reopened, a_peer_sees_it,
            }
            stream {
                whole, no_content, replaces, unseen_while_written, too_large, interrupted, dropped,
                a_failure_keeps_the_old, bounded_memory,
            }
            read {
                missing, ranges, a_range_beyond_the_end, in_pieces, given_up, replaced_meanwhile, deleted_meanwhile,
            }
            list {
                nothing, each_once, sizes_and_times, blobs_alone, while_others_write,
            }
            storage {
                gone,
            }
        }
    };
}

/// What the list of cases becomes: tests of a fixture, or names.
#[doc(hidden)]
#[macro_export]
macro_rules! __blob_expand {
    (tests [$fixture:tt] $($group:ident { $($case:ident),* $(,)? })*) => {$(
        mod $group {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let fixture = <$fixture as $crate::conformance::fixture::BlobFixture>::open().await;
                    $crate::conformance::blob::$group::$case(fixture).await;
                }
            )*
        }
    )*};
    (names [] $($group:ident { $($case:ident),* $(,)? })*) => {
        &[$((
            stringify!($group),
            include_str!(concat!(stringify!($group), ".rs")),
            &[$(stringify!($case)),*],
        )),*]
    };
}

#[cfg(test)]
mod tests {
    use crate::conformance::listed::{self, Groups};

    const GROUPS: Groups = crate::__blob_cases!(names []);

    #[test]
    fn every_case_is_listed() {
        listed::every_case_is_listed(GROUPS, "BlobFixture");
    }

    #[test]
    fn the_contract_names_cases_that_exist() {
        let mut named = 0;
        for quoted in include_str!("../../blob/mod.rs").split('`').skip(1).step_by(2) {
            let Some((group, case)) = quoted.split_once("::") else { continue };
            let Some((_, _, cases)) = GROUPS.iter().find(|(name, _, _)| *name == group) else { continue };
            assert!(cases.contains(&case), "no case {quoted}");
            named += 1;
        }
        assert!(named >= 20, "only {named} cases are named");
    }
}
