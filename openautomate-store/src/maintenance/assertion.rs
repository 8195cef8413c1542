//! What must hold between the rows, each as a statement that finds where it does not.
//!
//! `[column]` in a statement stands for an id as text. Each finds rows of one text.

/// One rule.
pub(super) struct Assertion {
    /// How people and programs name it.
    pub(super) id: &'static str,
    /// What holds in a sound database.
    pub(super) holds: &'static str,
    /// What to do where it does not.
    pub(super) next: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
    /// Whether it reads so much that it is done on demand.
    pub(super) deep: bool,
}

const REPORT: &str = "rows don't break this by themselves: keep a copy of the database, restore the last backup \
                      that has no findings, and report it";
const AGENTS: &str = "start a server: it ends what ran out within a minute; if this stays, restore a backup and \
                      report it";

const fn rule(id: &'static str, holds: &'static str, next: &'static str, sql: &'static str) -> Assertion {
    Assertion { id, holds, next, sqlite: sql, postgres: sql, deep: false }
}

impl Assertion {
    /// The statement for one of the databases.
    pub(super) fn statement(&self, is_postgres: bool) -> String {
        let mut rest = if is_postgres { self.postgres } else { self.sqlite };
        let mut statement = String::with_capacity(rest.len() * 2);
        while let Some((before, after)) = rest.split_once('[') {
            let (column, after) = after.split_once(']').unwrap_or((after, ""));
            statement.push_str(before);
            statement.push_str(&id_text(column, is_postgres));
            rest = after;
        }
        statement.push_str(rest);
        statement
    }
}

fn id_text(column: &str, is_postgres: bool) -> String {
    if is_postgres {
        return format!("{column}::text");
    }
    let part = |from: u8, count: u8| format!("substr(lower(hex({column})), {from}, {count})");
    let parts = [part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)];
    format!("({})", parts.join(" || '-' || "))
}

/// All of them.
pub(super) const ASSERTIONS: &[Assertion] = &[
    rule(
        "execution.lease",
        "an execution has a lease and an agent while it is Assigned or Running, and no lease otherwise",
        AGENTS,
        "SELECT 'execution ' || [id] || ' is ' || state FROM executions
        WHERE (lease_until IS NOT NULL) <> (state IN ('Assigned', 'Running'))
            OR (lease_until IS NOT NULL AND agent_id IS NULL)",
    ),
    rule(
        "execution.attempt",
        "an execution that is Assigned or Running has an attempt in that state, under its epoch and its agent",
        AGENTS,
        "SELECT 'execution ' || [e.id] || ' is ' || e.state || ' under epoch ' || e.lease_epoch FROM executions AS e
        WHERE e.state IN ('Assigned', 'Running') AND NOT EXISTS (SELECT 1 FROM attempts AS a
            WHERE a.execution_id = e.id AND a.epoch = e.lease_epoch
                AND (e.agent_id IS NULL OR a.agent_id = e.agent_id)
                AND a.state = CASE e.state WHEN 'Running' THEN 'running' ELSE 'assigned' END)",
    ),
    rule(
        "execution.ended",
        "an execution has an end if its state is one, and no other has",
        REPORT,
        "SELECT 'execution ' || [id] || ' is ' || state FROM executions
        WHERE (ended_at IS NOT NULL) <> (state IN ('Succeeded', 'Failed', 'Cancelled', 'TimedOut'))",
    ),
    rule(
        "execution.epoch",
        "no attempt has a higher epoch than its execution: a fencing token never falls",
        REPORT,
        "SELECT 'execution ' || [e.id] || ' is at epoch ' || e.lease_epoch || ', an attempt at ' || a.epoch
        FROM executions AS e JOIN attempts AS a ON a.execution_id = e.id WHERE a.epoch > e.lease_epoch",
    ),
    rule(
        "attempt.numbers",
        "the attempts of an execution are numbered 1, 2, 3 up to its epoch",
        REPORT,
        "SELECT 'execution ' || [e.id] || ' is at epoch ' || e.lease_epoch || ' with ' || e.attempts || ' attempts'
        FROM (SELECT executions.id, lease_epoch, count(epoch) AS attempts, coalesce(max(epoch), 0) AS last
            FROM executions LEFT JOIN attempts ON execution_id = executions.id GROUP BY executions.id, lease_epoch) AS e
        WHERE e.attempts <> e.last OR e.last < e.lease_epoch",
    ),
    rule(
        "attempt.open",
        "only the last attempt of an execution that is Assigned or Running is not over",
        AGENTS,
        "SELECT 'attempt ' || a.epoch || ' of execution ' || [e.id] || ' is ' || a.state || ', the execution ' || e.state
        FROM attempts AS a JOIN executions AS e ON e.id = a.execution_id
        WHERE a.state IN ('assigned', 'running')
            AND NOT (e.state IN ('Assigned', 'Running') AND a.epoch >= e.lease_epoch)",
    ),
    rule(
        "attempt.ended",
        "an attempt has an end if its state is one, and no other has",
        REPORT,
        "SELECT 'attempt ' || epoch || ' of execution ' || [execution_id] || ' is ' || state FROM attempts
        WHERE (ended_at IS NOT NULL) = (state IN ('assigned', 'running'))",
    ),
    rule(
        "execution.last-attempt",
        "the state of an execution follows from its last attempt, or it waited too long for its first one",
        REPORT,
        r#"SELECT 'execution ' || [e.id] || ' is ' || e.state || ', its last attempt ' || coalesce(a.state, 'missing')
        FROM executions AS e LEFT JOIN attempts AS a ON a.execution_id = e.id
            AND a.epoch = (SELECT max(epoch) FROM attempts AS last WHERE last.execution_id = e.id)
        WHERE CASE e.state
            WHEN 'Succeeded' THEN a.state IS NULL OR a.state NOT IN ('succeeded', 'running', 'assigned')
            WHEN 'Failed' THEN a.state IS NULL OR a.state NOT IN ('failed', 'lost', 'running', 'assigned')
            WHEN 'TimedOut' THEN (a.state IS NULL OR a.state NOT IN ('timedOut', 'running', 'assigned'))
                AND coalesce(e.error, '') NOT LIKE '%"kind":"QueueTimeout"%'
            WHEN 'Waiting' THEN a.state IN ('succeeded', 'cancelled')
            WHEN 'Pending' THEN a.state IN ('succeeded', 'cancelled')
            WHEN 'Cancelled' THEN a.state = 'succeeded'
            ELSE false END
            -- An attempt that asked for an approval ended well, and its execution goes on.
            AND NOT (a.state = 'succeeded' AND EXISTS (SELECT 1 FROM approvals AS p
                WHERE p.execution_id = e.id AND p.epoch = a.epoch))"#,
    ),
    rule(
        "execution.failures",
        "an execution counts the attempts that failed, ran out of time or were lost",
        REPORT,
        // A loss after a cancel ends the execution without being counted.
        "SELECT 'execution ' || [e.id] || ' counts ' || e.failed_attempts || ', ' || e.failed || ' are there'
        FROM (SELECT executions.id, executions.state, failed_attempts,
                count(CASE WHEN attempts.state IN ('failed', 'timedOut', 'lost') THEN 1 END) AS failed
            FROM executions LEFT JOIN attempts ON execution_id = executions.id
            GROUP BY executions.id, executions.state, failed_attempts) AS e
        WHERE e.failed_attempts > e.failed
            OR e.failed_attempts < e.failed - CASE WHEN e.state = 'Cancelled' THEN 1 ELSE 0 END",
    ),
    rule(
        "execution.version",
        "the version that an execution runs is one of its package",
        REPORT,
        "SELECT 'execution ' || [e.id] || ' runs a version of another package' FROM executions AS e
        JOIN package_versions AS v ON v.id = e.version_id WHERE v.package_id <> e.package_id",
    ),
    rule(
        "execution.schedule",
        "an execution names a schedule if a schedule asked for it, and no other does",
        REPORT,
        r#"SELECT 'execution ' || [id] || ' was asked for by something else than its column says' FROM executions
        WHERE (schedule_id IS NOT NULL) <> (origin LIKE '%"kind":"schedule"%')"#,
    ),
    rule(
        "execution.pool",
        "the pool that an execution asks for is one of its environment",
        REPORT,
        "SELECT 'execution ' || [e.id] || ' asks for a pool of another environment' FROM executions AS e
        JOIN agent_pools AS p ON p.id = e.pool_id WHERE p.environment_id <> e.environment_id",
    ),
    rule(
        "execution.concurrency",
        "an execution that has the key of a group has its limit too, and no other has",
        REPORT,
        "SELECT 'execution ' || [id] FROM executions WHERE (concurrency_key IS NULL) <> (concurrency_limit IS NULL)",
    ),
    rule(
        "log.gapless",
        "the log chunks of an attempt follow one another from line 1, or from the last one archived, without gap or overlap",
        REPORT,
        "SELECT 'attempt ' || epoch || ' of execution ' || [execution_id] || ': line ' || first_seq || ' follows ' || previous
        FROM (SELECT c.execution_id, c.epoch, first_seq,
                coalesce(lag(c.last_seq) OVER (PARTITION BY c.execution_id, c.epoch ORDER BY c.last_seq), l.last_seq, 0)
                    AS previous
            FROM log_chunks AS c
            LEFT JOIN log_archives AS l ON l.execution_id = c.execution_id AND l.epoch = c.epoch) AS chunks
        WHERE first_seq <> previous + 1",
    ),
    rule(
        "log.stored",
        "the number of the last stored line that an attempt names is the one that is stored, or archived",
        REPORT,
        "SELECT 'attempt ' || a.epoch || ' of execution ' || [a.execution_id] || ' names line ' || a.stored_log_seq
            || ', stored is ' || coalesce(c.last, l.last_seq, 0)
        FROM attempts AS a LEFT JOIN (SELECT execution_id, epoch, max(last_seq) AS last FROM log_chunks
            GROUP BY execution_id, epoch) AS c ON c.execution_id = a.execution_id AND c.epoch = a.epoch
        LEFT JOIN log_archives AS l ON l.execution_id = a.execution_id AND l.epoch = a.epoch
        WHERE a.stored_log_seq <> coalesce(c.last, l.last_seq, 0)",
    ),
    rule(
        "log.final",
        "no line is stored after the last one that the agent told of",
        "look at the agent: it sent lines after it had told which was the last; install the release of the server",
        "SELECT 'attempt ' || epoch || ' of execution ' || [execution_id] || ' has line ' || stored_log_seq
            || ', the last should be ' || final_log_seq
        FROM attempts WHERE stored_log_seq > final_log_seq",
    ),
    Assertion {
        id: "log.lines",
        holds: "a log chunk holds as many lines as its numbers say",
        next: REPORT,
        sqlite: "SELECT 'attempt ' || epoch || ' of execution ' || [execution_id] || ': lines ' || first_seq || ' to ' || last_seq
            FROM log_chunks WHERE NOT json_valid(lines) OR json_array_length(lines) <> last_seq - first_seq + 1",
        postgres: "SELECT 'attempt ' || epoch || ' of execution ' || [execution_id] || ': lines ' || first_seq || ' to ' || last_seq
            FROM log_chunks WHERE json_array_length(lines::json) <> last_seq - first_seq + 1",
        deep: true,
    },
    rule(
        "deployment.version",
        "the version that is active for a package in an environment is one of that package",
        "deploy the right version again",
        "SELECT 'deployment ' || [d.id] || ' is of another package than its version' FROM deployments AS d
        JOIN package_versions AS v ON v.id = d.version_id WHERE v.package_id <> d.package_id",
    ),
    rule(
        "rollout.version",
        "a rollout is of a version of its package",
        "withdraw or reject it and ask again",
        "SELECT 'rollout ' || [r.id] || ' is of another package than its version' FROM rollouts AS r
        JOIN package_versions AS v ON v.id = r.version_id WHERE v.package_id <> r.package_id",
    ),
    rule(
        "environment.default",
        "exactly one environment is the default",
        "choose one as the default",
        "SELECT defaults || ' environments are the default' FROM (SELECT count(*) AS environments,
            count(CASE WHEN is_default THEN 1 END) AS defaults FROM environments) AS counted
        WHERE environments > 0 AND defaults <> 1",
    ),
    rule(
        "user.administrator",
        "somebody who is neither disabled nor deleted is an administrator",
        "start the server: it prints a link by which one is made",
        r#"SELECT users || ' people, none of them an administrator' FROM (SELECT count(*) AS users,
            count(CASE WHEN roles LIKE '%"Administrator"%' AND NOT disabled AND deleted_at IS NULL THEN 1 END) AS rulers
            FROM users) AS counted WHERE users > 0 AND rulers = 0"#,
    ),
    Assertion {
        id: "user.custom-role",
        holds: "the custom roles of a person are there",
        next: "give the person their roles anew",
        sqlite: "SELECT 'user ' || [u.id] || ' has the role ' || named.value
            FROM users AS u JOIN json_each(u.custom_roles) AS named
            WHERE u.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM custom_roles AS r WHERE [r.id] = named.value)",
        postgres: "SELECT 'user ' || [u.id] || ' has the role ' || named.id
            FROM users AS u CROSS JOIN LATERAL jsonb_array_elements_text(u.custom_roles::jsonb) AS named (id)
            WHERE u.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM custom_roles AS r WHERE [r.id] = named.id)",
        deep: false,
    },
    Assertion {
        id: "user.environment-role",
        holds: "the environments in which a person has roles are there, and so are the custom ones of these roles",
        next: "give the person their roles in environments anew",
        sqlite: "SELECT 'user ' || [u.id] || ' has roles in the environment ' || (here.value ->> 'environmentId')
            FROM users AS u JOIN json_each(u.environment_roles) AS here
            WHERE u.deleted_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM environments AS e WHERE [e.id] = here.value ->> 'environmentId')
            UNION ALL SELECT 'user ' || [u.id] || ' has the role ' || named.value || ' in an environment'
            FROM users AS u JOIN json_each(u.environment_roles) AS here
            JOIN json_each(here.value, '$.customRoles') AS named
            WHERE u.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM custom_roles AS r WHERE [r.id] = named.value)",
        postgres: "SELECT 'user ' || [u.id] || ' has roles in the environment ' || (here.roles ->> 'environmentId')
            FROM users AS u CROSS JOIN LATERAL jsonb_array_elements(u.environment_roles::jsonb) AS here (roles)
            WHERE u.deleted_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM environments AS e WHERE [e.id] = here.roles ->> 'environmentId')
            UNION ALL SELECT 'user ' || [u.id] || ' has the role ' || named.id || ' in an environment'
            FROM users AS u CROSS JOIN LATERAL jsonb_array_elements(u.environment_roles::jsonb) AS here (roles)
            CROSS JOIN LATERAL jsonb_array_elements_text(here.roles -> 'customRoles') AS named (id)
            WHERE u.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM custom_roles AS r WHERE [r.id] = named.id)",
        deep: false,
    },
    rule(
        "schedule.firing",
        "a decided due time has either its execution or the reason why there is none",
        REPORT,
        "SELECT 'schedule ' || [schedule_id] || ', due ' || due_at FROM firings
        WHERE (execution_id IS NULL) = (skipped IS NULL)",
    ),
    rule(
        "schedule.execution",
        "the execution of a decided due time was asked for by that schedule, and is of one due time alone",
        REPORT,
        "SELECT 'schedule ' || [f.schedule_id] || ', due ' || f.due_at FROM firings AS f
        JOIN executions AS e ON e.id = f.execution_id
        WHERE e.schedule_id IS NULL OR e.schedule_id <> f.schedule_id
        UNION ALL SELECT 'execution ' || [execution_id] || ' stands for ' || count(*) || ' due times' FROM firings
        WHERE execution_id IS NOT NULL GROUP BY execution_id HAVING count(*) > 1",
    ),
    rule(
        "schedule.next-due",
        "the next due time of a schedule is one that nobody decided on yet",
        "save the schedule again: its next due time is found anew",
        "SELECT 'schedule ' || [s.id] || ', due ' || s.next_due FROM schedules AS s
        WHERE s.is_active AND s.deleted_at IS NULL
            AND EXISTS (SELECT 1 FROM firings AS f WHERE f.schedule_id = s.id AND f.due_at >= s.next_due
                AND f.cause <> 'runNow')",
    ),
    rule(
        "schedule.pause",
        "a schedule says why it rests while it is inactive only, and is due while it is active only",
        "save the schedule again",
        "SELECT 'schedule ' || [id] FROM schedules WHERE deleted_at IS NULL
            AND ((is_active AND pause IS NOT NULL) OR (NOT is_active AND next_due IS NOT NULL))",
    ),
    rule(
        "schedule.queued",
        "the due time of a schedule that waits is one that nobody decided on yet",
        REPORT,
        "SELECT 'schedule ' || [s.id] || ', due ' || s.queued_due FROM schedules AS s
        WHERE EXISTS (SELECT 1 FROM firings AS f WHERE f.schedule_id = s.id AND f.due_at = s.queued_due)",
    ),
    rule(
        "file.removed",
        "no execution, schedule, work item or release uses an uploaded file that was removed",
        REPORT,
        "SELECT 'file ' || [f.id] FROM input_files AS f WHERE f.removed_at IS NOT NULL
            AND (EXISTS (SELECT 1 FROM execution_files AS u WHERE u.file_id = f.id)
                OR EXISTS (SELECT 1 FROM schedule_files AS u WHERE u.file_id = f.id)
                OR EXISTS (SELECT 1 FROM work_item_files AS u WHERE u.file_id = f.id)
                OR EXISTS (SELECT 1 FROM agent_release_files AS u WHERE u.file_id = f.id))",
    ),
    rule(
        "environment.pause",
        "an environment whose pause has an end for claims says why it is paused, and the other way round",
        "resume the environment, and pause it again if it shall rest",
        "SELECT 'environment ' || [id] FROM environments WHERE (pause IS NULL) <> (paused_until IS NULL)",
    ),
    rule(
        "agent-release.file",
        "a release that is not deleted uses its files",
        "delete the release and upload it again",
        "SELECT 'release ' || [r.id] FROM agent_releases AS r WHERE r.deleted_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM agent_release_files AS u WHERE u.release_id = r.id)",
    ),
    rule(
        "agent-update.stage",
        "an agent is in a stage that its rollout has reached, unless it waits",
        REPORT,
        "SELECT 'update ' || [u.id] FROM agent_updates AS u JOIN agent_rollouts AS r ON r.id = u.rollout_id
        WHERE u.stage > r.stage AND u.state NOT IN ('waiting', 'cancelled')",
    ),
    rule(
        "work-item.holder",
        "a work item that an execution holds is held under a lease that the execution has",
        REPORT,
        "SELECT 'work item ' || [i.id] || ' is held under epoch ' || i.holder_epoch FROM work_items AS i
        WHERE i.state = 'InProgress' AND i.holder_execution_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM executions AS e WHERE e.id = i.holder_execution_id AND e.lease_epoch = i.holder_epoch
                AND e.state IN ('Assigned', 'Running'))",
    ),
    rule(
        "work-item.lease",
        "a work item has a lease of its own while somebody other than an execution has it in progress",
        REPORT,
        "SELECT 'work item ' || [id] || ' is ' || state FROM work_items
        WHERE (lease_until IS NOT NULL) <> (state = 'InProgress' AND holder_execution_id IS NULL)",
    ),
    rule(
        "work-item.ended",
        "a work item has an end if its state is one, and no other has",
        REPORT,
        "SELECT 'work item ' || [id] || ' is ' || state FROM work_items
        WHERE (ended_at IS NOT NULL) = (state IN ('New', 'InProgress'))",
    ),
    rule(
        "trigger.firing",
        "what a trigger decided on has either its execution or the reason why there is none",
        REPORT,
        "SELECT 'trigger ' || [trigger_id] || ', ' || key FROM trigger_firings
        WHERE (execution_id IS NULL) = (skipped IS NULL)",
    ),
    rule(
        "trigger.due",
        "a trigger is due for executions that have ended, and that it has not dealt with",
        REPORT,
        "SELECT 'trigger ' || [d.trigger_id] || ', execution ' || [d.execution_id] FROM due_triggers AS d
        JOIN executions AS e ON e.id = d.execution_id
        WHERE e.state NOT IN ('Succeeded', 'Failed', 'Cancelled', 'TimedOut')
            OR EXISTS (SELECT 1 FROM trigger_firings AS f
                WHERE f.trigger_id = d.trigger_id AND f.after_execution_id = d.execution_id)",
    ),
    rule(
        "trigger.watched",
        "what has to be looked at for a trigger is what its source says",
        REPORT,
        "SELECT 'trigger ' || [id] FROM triggers WHERE coalesce(watched, '-') <> CASE
            WHEN source LIKE '%\"kind\":\"workQueue\"%' THEN 'workQueue'
            WHEN source LIKE '%\"kind\":\"fileArrival\"%' THEN 'fileArrival' ELSE '-' END",
    ),
    rule(
        "trigger.run",
        "an execution that a turn made is its trigger's, and the trigger has had a turn",
        REPORT,
        "SELECT 'trigger ' || [r.trigger_id] || ', execution ' || [r.execution_id] FROM trigger_runs AS r
        WHERE NOT EXISTS (SELECT 1 FROM trigger_turns AS t WHERE t.trigger_id = r.trigger_id)
            OR NOT EXISTS (SELECT 1 FROM executions AS e WHERE e.id = r.execution_id
                AND e.origin LIKE '%\"kind\":\"trigger\"%')",
    ),
    rule(
        "execution.child",
        "who asked for an execution is who it says, and in the same environment",
        REPORT,
        r#"SELECT 'execution ' || [e.id] FROM execution_children AS c JOIN executions AS e ON e.id = c.child_id
        JOIN executions AS p ON p.id = c.parent_id
        WHERE e.environment_id <> p.environment_id OR e.origin NOT LIKE '%"kind":"child"%'"#,
    ),
    rule(
        "approval.epoch",
        "an approval was asked for by an attempt that is there",
        REPORT,
        "SELECT 'approval ' || [a.id] FROM approvals AS a WHERE NOT EXISTS (SELECT 1 FROM attempts AS t
            WHERE t.execution_id = a.execution_id AND t.epoch = a.epoch)",
    ),
    rule(
        "bucket.used",
        "a bucket counts the objects that it holds, and their bytes",
        REPORT,
        "SELECT 'bucket ' || [b.id] || ' counts ' || b.object_count || ' objects, ' || b.objects || ' are there'
        FROM (SELECT buckets.id, object_count, used_bytes, count(o.id) AS objects, coalesce(sum(o.size), 0) AS bytes
            FROM buckets LEFT JOIN bucket_objects AS o ON o.bucket_id = buckets.id
            GROUP BY buckets.id, object_count, used_bytes) AS b
        WHERE b.object_count <> b.objects OR b.used_bytes <> b.bytes",
    ),
    rule(
        "bucket.deleted",
        "a deleted bucket holds no object",
        REPORT,
        "SELECT 'bucket ' || [b.id] FROM buckets AS b WHERE b.deleted_at IS NOT NULL
            AND EXISTS (SELECT 1 FROM bucket_objects AS o WHERE o.bucket_id = b.id)",
    ),
    rule(
        "asset.content",
        "an asset that is a file has a content, and no other has",
        "write the asset again",
        "SELECT 'asset ' || [a.id] FROM assets AS a LEFT JOIN asset_contents AS c ON c.asset_id = a.id
        WHERE (a.file_name IS NOT NULL) <> (c.asset_id IS NOT NULL)",
    ),
    rule(
        "audit.sealed",
        "no audit entry waits for its seal while others that are a minute younger came",
        "start a server and look into its log for why entries could not be sealed",
        "SELECT 'entry ' || [id] FROM audit_entries WHERE sequence IS NULL
            AND at < (SELECT max(at) FROM audit_entries) - 60000000",
    ),
    rule(
        "audit.checkpoint",
        "every signed checkpoint of the audit names an entry that is there, with its hash",
        "the audit was cut or written anew by somebody: keep a copy, compare with the checkpoints that are kept \
         elsewhere (`openautomate-server audit verify --checkpoints`), and ask who could write to the database",
        "SELECT 'checkpoint of entry ' || c.sequence FROM audit_checkpoints AS c
        LEFT JOIN audit_entries AS e ON e.sequence = c.sequence WHERE e.hash IS NULL OR e.hash <> c.hash",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shown_as_people_know_them() {
        let rule = rule("a", "b", "c", "SELECT [t.id] FROM t");
        assert_eq!(rule.statement(true), "SELECT t.id::text FROM t");
        assert!(rule.statement(false).contains("hex(t.id)"));
    }

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let mut ids: Vec<_> = ASSERTIONS.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ASSERTIONS.len());
    }
}
