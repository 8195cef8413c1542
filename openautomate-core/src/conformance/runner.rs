//! The suite for runners of Python.
//!
//! A runner implements [`RunnerFixture`] and writes one line in an integration test; it expands to one
//! `#[tokio::test]` a case:
//!
//! ```ignore
//! openautomate_core::runner_conformance!(mine, MyFixture);
//! openautomate_core::isolated_runner_conformance!(mine_isolated, MyFixture);
//! ```
//!
//! The second macro is for runners that give each run a process of its own: it has the hostile automations.

#![allow(clippy::missing_panics_doc, reason = "a case panics if its fact does not hold; that is its purpose")]
#![allow(clippy::unwrap_used, reason = "as in any test")]

use std::sync::Arc;

use async_trait::async_trait;

use crate::runner::Runner;

pub mod cases;
pub mod confined;
pub mod end;
pub mod hostile;
pub mod limited;
pub mod play;
pub mod tells;
pub mod typed;

/// A runner under test.
#[async_trait]
pub trait RunnerFixture: Sized + Send + Sync {
    /// Makes ready what the runner needs; panics if it can't, for a missing interpreter is a failure.
    async fn open() -> Self;

    /// The runner.
    fn runner(&self) -> Arc<dyn Runner>;
}

/// Makes a module with a test for every case that any runner of Python passes.
#[macro_export]
macro_rules! runner_conformance {
    ($name:ident, $fixture:ty) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::__runner_cases! { cases, $fixture,
                any_end_is_a_result, returned_values, outputs, rich_outputs, bad_outputs, inputs,
                wrong_inputs, missing_inputs, entry_without_inputs, async_entry, script, script_exit,
                system_exit, raised, base_exception, missing_module, missing_function, broken_import,
                syntax_error, cancel_is_seen, cancel_by_interrupt, timeout, ended_before_the_timeout,
                started_comes_first, recursion, source_folder, two_at_once,
            }
            $crate::__runner_cases! { tells, $fixture,
                logging, print_and_log_keep_their_order, traceback_in_log, last_line, big_line,
unicode, progress, artifact, artifact_refused, secret, secret_refused, queue, queue_failed, queue_refused, children, approvals, an_approval_suspends,
                buckets, asset_files,
            }
            $crate::__runner_cases! { typed, $fixture,
                typed_inputs, secret_inputs, inputs_that_do_not_fit,
            }
        }
    };
}

/// Makes a module with a test for every case that a runner with a process for each run passes.
#[macro_export]
macro_rules! isolated_runner_conformance {
    ($name:ident, $fixture:ty) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::__runner_cases! { hostile, $fixture,
                tree_is_dead, infinite_loop, ignored_interrupt, hard_exit, hard_exit_with_zero, segfault,
                abort, double_fork, forked_children_hold_stdout, closed_stdout, flood, garbage_in_the_channel,
                forged_messages, endless_message, closed_channel, forked_logger, environment, working_folder,
                package_stays_clean, sleeping_is_interrupted, lasting_thread, dropped, huge_outputs,
                missing_interpreter, foreign_output_keeps_its_order, exit_hook_crash,
            }
            $crate::__runner_cases! { end, $fixture,
                order_of_the_end, open_files_are_written, daemons_end_quietly, end_without_names,
            }
            #[cfg(target_os = "linux")]
            $crate::__runner_cases! { limited, $fixture,
                huge_allocation, leak, leak_of_a_child, too_many_processes, growing_tree, too_many_files,
                huge_file, many_files, busy, within_limits, limits_end_with_their_run, limits_stay,
                stops_are_proven, left_behind, deaf, stopped_itself, blocked_in_c, kills_its_group,
                hundreds_of_threads,
            }
        }
    };
}

/// Makes a module with a test for every case that a runner passes which can confine runs (Linux).
#[macro_export]
macro_rules! confining_runner_conformance {
    ($name:ident, $fixture:ty) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::__runner_cases! { confined, $fixture,
                ordinary_work, foreign_files, foreign_processes, the_next_is_free,
            }
        }
    };
}

/// One test a case.
#[doc(hidden)]
#[macro_export]
macro_rules! __runner_cases {
    ($module:ident, $fixture:ty, $($case:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let fixture = <$fixture as $crate::conformance::runner::RunnerFixture>::open().await;
            $crate::conformance::runner::$module::$case(&fixture).await;
        }
    )*};
}
