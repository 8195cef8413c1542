//! The suite for stores.
//!
//! An adapter implements [`StoreFixture`](crate::conformance::fixture::StoreFixture) and writes one line in
//! an integration test; it expands to one `#[tokio::test]` a case, so the adapter's crate has tokio with the
//! features `macros` and `rt-multi-thread` among its dev-dependencies:
//!
//! ```ignore
//! openautomate_core::store_conformance!(sqlx_sqlite, SqliteFixture);
//! ```
//!
//! Cases take the time as a value and never sleep. Each states one fact; a clause of a contract in
//! `crate::store` names its case in parentheses.
//!
#![doc = include_str!("../../../ADAPTER.md")]
#![allow(clippy::missing_panics_doc, reason = "a case panics if its fact does not hold; that is its purpose")]
#![allow(clippy::unwrap_used, reason = "as in any test")]

pub mod agent_release;
pub mod api_key;
pub mod approval;
pub mod audit;
pub mod bucket;
pub mod child;
pub mod commit;
pub mod concurrency;
pub mod durability;
pub mod expect;
pub mod file;
mod follow;
pub mod lease;
pub mod limit;
pub mod log;
pub mod log_archive;
pub mod login;
pub mod model;
pub mod page;
pub mod peer;
pub mod placement;
pub mod read;
pub mod read_agent;
pub mod read_execution;
pub mod read_package;
pub mod retry;
pub mod role;
pub mod round_trip;
pub mod round_trip_agent;
pub mod round_trip_execution;
pub mod round_trip_package;
pub mod round_trip_schedule;
pub mod sample;
pub mod schedule;
pub mod schedule_change;
pub mod scheduler;
mod servers;
pub mod sign_in;
pub mod take;
pub mod transition;
pub mod trigger;
pub mod unique;
pub mod vault;
pub mod watching;
pub mod work_queue;
mod world;

/// Makes a module with a test for every case of the store suite.
///
/// The first argument names the module, the second is the type of the
/// [`StoreFixture`](crate::conformance::fixture::StoreFixture).
#[macro_export]
macro_rules! store_conformance {
    ($name:ident, $fixture:ty) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::__store_cases!(tests[$fixture]);
        }
    };
}

/// The one list of cases. A unit test compares it with the files, so that none is left out.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    ($kind:ident [$($argument:tt)*]) => {
        $crate::__store_expand! { $kind [$($argument)*]
            commit {
                all_or_nothing, a_refused_answer_takes_all_back, nothing_is_fine, stale_row,
                a_missing_row_is_stale, revision, delete_asset, idempotency, prune_idempotency,
            }
            unique {
                ids, users, updates, agents, packages, versions, one_active_version, one_rollout_waits,
                environments, assets, token_hashes, agent_pools, in_one_commit, references_of_records, calendars,
                references_of_work,
                references_of_firings, references_of_updates, references_within_a_commit,
            }
            transition {
                every_pair, ends_are_final, the_same_state_is_no_transition, a_stale_row_goes_first,
            }
            lease {
                claim_order, claim_matches, claim_looks_past_others, claim_grants, claim_limit,
                claim_forgets_progress, stale_epoch_is_refused, an_ended_lease_is_stale,
                start_is_idempotent, start_keeps_the_first, finish_ends, finish_without_a_start,
                finish_is_idempotent, finish_after_expiry_is_stale, finish_after_release_is_stale,
                finish_as_lost, expire, expire_oldest_first, release, release_leaves_what_runs,
                release_of_a_cancelled_one_ends_it, renew, renew_tells_of_a_cancel, renew_of_nothing,
                renew_of_a_repeated_lease, begun_in_order, connect_agent, progress,
            }
            placement {
                claim_requires, a_paused_environment_rests, overdue_is_not_claimed, overdue_ends, next_deadline, ahead, pools,
            }
            limit {
                keys, keys_are_of_one_environment, each_has_its_own_limit, packages, environments, grants,
                looks_past_what_is_held_back, every_end_frees, pending_under_limits, occupancy, stand_ins,
            }
            retry {
                backoff_doubles, success_after_failure, timeouts, losses, cancel_requested,
                releases_do_not_count, wake, waiting_is_not_claimed, next_deadline,
            }
            schedule {
                fires_once, a_skipped_one_fires_once, two_servers_fire_once, firings, due, a_delay_counts,
                nothing_is_due, queued, failures, not_started, of_a_calendar, a_calendar_in_use_stays,
                open_executions,
            }
            scheduler {
                every_due_time_fires_once, what_was_missed_follows_the_policy,
                clock_jumps_neither_lose_nor_double, overlaps_follow_their_policy, another_server_goes_on,
            }
            schedule_change {
                edits_race_with_firings, failures_pause, requests_race, calendar_changes_race_with_firings,
            }
            trigger {
                round_trip, pages, followers, an_end_is_due, every_way_to_an_end, only_what_is_waited_for,
                a_firing_settles, fires_once, two_servers_fire_once, history, counts_firings, prunes,
            }
            watching {
                watched, turns, two_servers_take_one_turn, open_executions, watches, backlog,
            }
            child {
                one_a_call, in_order, to_cancel, closed, stands_in, one_stands_in,
            }
            agent_release {
                round_trip, one_a_version, one_rollout_runs, one_update_an_agent, pages, of_a_stage, open_ones,
                keeps_its_files,
            }
            approval {
                round_trip, one_a_key, pages, to_settle, answered, wake_leaves_them,
            }
            log {
                keeps_every_field, acknowledges_what_is_stored, leaves_the_revision,
                repeated_lines_are_kept_once, a_gap_is_refused, late_lines_are_kept,
                a_foreign_lease_is_refused, completes, reads_in_order,
            }
            log_archive {
                looks_for_what_has_ended, looks_page_by_page, moves_the_lines,
                what_moved_meanwhile_is_left, of_two_archives_one_is_kept, late_lines_follow,
                keeps_every_field,
            }
            api_key {
                round_trip, hashes_are_unique, lists, live_keys, use_is_noted,
            }
            role {
                round_trip, names_are_unique, holders,
            }
            login {
                counts_each_account, expired_tries_do_not_count, tries_at_once_share_the_count,
                an_account_begins_anew, a_try_is_taken_back, prunes_what_expired,
            }
            sign_in {
                round_trip, open_sessions, open_invitations, one_a_person, external_identities,
                linked_accounts,
            }
            audit {
                keeps_every_field, actors, commits_do_not_seal, seals_in_batches, a_latecomer_follows,
                one_chain, append_only, chain_in_order, filters, checkpoints,
            }
            vault {
                keys, counts, values, reseal,
            }
            read {
                missing, login_ignores_case, deleted_users, count_administrators, sessions_by_token, sessions_of,
                live_sessions, environments, assets_by_name, asset_contents, deleted_schedules,
            }
            read_agent {
                deleted_agents, agent_revisions, agent_usage, preparations,
            }
            read_package {
                packages_by_name, versions, deployments, rollouts,
            }
            read_execution {
                missing_executions, summaries, attempts, artifacts, open_executions,
            }
            file {
                round_trip, uses, uses_are_replaced, only_what_is_there_is_used, what_is_used_stays,
                a_refused_commit_leaves_uses, expires_unused, expires_in_batches, forgets_removed_ones,
            }
            work_queue {
                round_trip, items_round_trip, references_of_rows, names_are_unique, references_are_unique,
                every_pair_of_states, lists, adds_many, a_taken_reference_refuses_all,
                a_taken_reference_is_left_out, moves_by_filter, deletes_by_filter, statistics,
            }
            take {
                take_order, take_grants, takes_are_disjoint, a_stale_lease_takes_nothing, a_take_is_audited,
                held, a_finish_gives_back, a_loss_gives_back, a_release_gives_back,
                what_was_given_back_is_stale, expires, expires_by_the_queue,
            }
            bucket {
                round_trip, names_are_unique, counts_are_the_stores, only_empty_ones_are_deleted, puts, conditions,
                limits, limits_hold_at_once, a_stale_lease_writes_nothing, deletes, moves, lists, expires,
            }
            page {
                users, agents, packages, versions, digests, schedules, calendars, assets, audit_entries, executions,
                cursors_are_stable,
            }
            round_trip {
                users, sessions, invitations, environments, assets,
            }
            round_trip_agent {
                agent_pools, agents, enrolment_tokens,
            }
            round_trip_package {
                packages, versions, deployments, rollouts,
            }
            round_trip_execution {
                new_executions, ended_executions, updated_executions,
            }
            round_trip_schedule {
                schedules, calendars, schedule_policies, enumerations,
            }
            durability {
                commits, leases, audit, a_peer_sees_it, a_dropped_commit,
            }
            concurrency {
                claims_are_disjoint, limits_hold, writers, one_update_wins, no_update_is_lost, one_name_is_taken,
                one_key_is_kept, one_finish_is_new, finish_against_expire, cancel_against_finish,
                lines_are_kept_once, agents_drain_the_queue,
            }
            peer {
                hears_what_others_announce, does_not_hear_itself,
            }
            model {
                same_as_the_reference,
            }
        }
    };
}

/// What the list of cases becomes: tests of a fixture, or names.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_expand {
    (tests [$fixture:tt] $($group:ident { $($case:ident),* $(,)? })*) => {$(
        mod $group {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let fixture =
                        <$fixture as $crate::conformance::fixture::StoreFixture>::open().await;
                    $crate::conformance::store::$group::$case(fixture).await;
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

    const GROUPS: Groups = crate::__store_cases!(names []);

    const CONTRACTS: &[&str] = &[
        include_str!("../../store/agent.rs"),
        include_str!("../../store/agent_release.rs"),
        include_str!("../../store/approval.rs"),
        include_str!("../../store/audit.rs"),
        include_str!("../../store/asset.rs"),
        include_str!("../../store/bucket.rs"),
        include_str!("../../store/child.rs"),
        include_str!("../../store/commit.rs"),
        include_str!("../../store/file.rs"),
        include_str!("../../store/identity.rs"),
        include_str!("../../store/lease.rs"),
        include_str!("../../store/log.rs"),
        include_str!("../../store/log_archive.rs"),
        include_str!("../../store/login.rs"),
        include_str!("../../store/sign_in.rs"),
        include_str!("../../store/peer.rs"),
        include_str!("../../store/work_queue.rs"),
        include_str!("../../store/schedule.rs"),
        include_str!("../../store/calendar.rs"),
        include_str!("../../store/trigger.rs"),
        include_str!("../../store/vault.rs"),
    ];

    #[test]
    fn every_case_is_listed() {
        listed::every_case_is_listed(GROUPS, "StoreFixture");
    }

    #[test]
    fn contracts_name_cases_that_exist() {
        let mut named = 0;
        for quoted in CONTRACTS.iter().flat_map(|contract| contract.split('`').skip(1).step_by(2)) {
            let Some((group, case)) = quoted.split_once("::") else { continue };
            let Some((_, _, cases)) = GROUPS.iter().find(|(name, _, _)| *name == group) else { continue };
            assert!(case == "*" || cases.contains(&case), "no case {quoted}");
            named += 1;
        }
        assert!(named > 40, "only {named} cases are named");
    }
}
