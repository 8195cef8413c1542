//! The suite for transports: between a real orchestrator and an agent that a case plays message by message.
//!
//! An adapter implements [`TransportFixture`] and writes one line in an integration test; it expands to one
//! `#[tokio::test]` a case, so the adapter's crate has tokio with the features `macros` and `rt-multi-thread`
//! among its dev-dependencies:
//!
//! ```ignore
//! openautomate_core::transport_conformance!(web_socket, WebSocketFixture);
//! ```
//!
//! A clause of the contract in [`crate::transport`] names its case in parentheses.

#![allow(clippy::missing_panics_doc, reason = "a case panics if its fact does not hold; that is its purpose")]
#![allow(clippy::unwrap_used, reason = "as in any test")]

pub mod arrival;
pub mod artifact;
pub mod call;
pub mod connection;
pub mod content;
pub mod end;
pub mod file;
mod fixture;
pub mod identity;
mod metered;
pub mod object;
mod peer;
pub mod queue;
pub mod release;
mod world;

pub use fixture::TransportFixture;

/// Makes a module with a test for every case of the transport suite.
///
/// The first argument names the module, the second is the type of the [`TransportFixture`].
#[macro_export]
macro_rules! transport_conformance {
    ($name:ident, $fixture:ty) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::__transport_cases!(tests[$fixture]);
        }
    };
}

/// The one list of cases. A unit test compares it with the files, so that none is left out.
#[doc(hidden)]
#[macro_export]
macro_rules! __transport_cases {
    ($kind:ident [$($argument:tt)*]) => {
        $crate::__transport_expand! { $kind [$($argument)*]
            connection {
                greets, keeps_order, arrives_once, large_messages, a_slow_agent_slows_the_server, side_by_side,
                a_dropped_connect,
            }
            identity {
                impostors, disabled, deleted, enabled_again, another_agents_lease,
            }
            end {
                by_the_agent, by_the_orchestrator, the_next_connection, a_cut_line, a_cut_fetch, a_cut_upload,
                a_server_that_stops, a_server_that_is_gone,
            }
            content {
                index_by_lease, index_by_deployment, chunks_in_order, chunks_by_deployment, a_large_version,
                no_chunks, too_many_chunks, foreign_chunks, undeployed, stale_lease, dropped_chunks,
            }
            file {
                whole, empty, unused, stale_lease, is_read_as_it_is_taken, dropped,
            }
            queue {
                calls, stale_lease, files,
            }
            release {
                whole, from_the_middle, nothing,
            }
            call {
                a_child_is_started_once, the_end_of_a_child, what_is_no_child, an_approval_is_asked_once, stale_lease,
            }
            object {
                whole, names, bad_key, conditions, again, too_large, elsewhere, stale_lease, asset_files, dropped,
            }
            artifact {
                whole, empty, names, replaces, large, stale_lease, too_large, bad_name, unreadable, dropped,
            }
            arrival {
                whole, path_alone, told_again, of_others, too_large, changed,
            }
        }
    };
}

/// What the list of cases becomes: tests of a fixture, or names.
#[doc(hidden)]
#[macro_export]
macro_rules! __transport_expand {
    (tests [$fixture:tt] $($group:ident { $($case:ident),* $(,)? })*) => {$(
        mod $group {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    $crate::conformance::transport::$group::$case::<$fixture>().await;
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

    const GROUPS: Groups = crate::__transport_cases!(names []);

    #[test]
    fn every_case_is_listed() {
        listed::every_case_is_listed(GROUPS, "TransportFixture");
    }

    #[test]
    fn contracts_name_cases_that_exist() {
        let contract = include_str!("../../transport/mod.rs");
        let mut named = 0;
        for quoted in contract.split('`').skip(1).step_by(2) {
            let Some((group, case)) = quoted.split_once("::") else { continue };
            let Some((_, _, cases)) = GROUPS.iter().find(|(name, _, _)| *name == group) else { continue };
            assert!(case == "*" || cases.contains(&case), "no case {quoted}");
            named += 1;
        }
        assert!(named > 20, "only {named} cases are named");
    }
}
