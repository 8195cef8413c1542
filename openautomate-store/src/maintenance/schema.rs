//! What the migrations make, and whether it is there: tables, indexes and the triggers that keep the rules.

use std::collections::BTreeSet;

use super::connection::Connection;
use super::migration;
use crate::error::Result;

/// What kind of object and its name, for people.
type Object = String;

/// The tables, indexes and triggers that are there after all migrations.
pub(super) fn expected(is_postgres: bool) -> BTreeSet<Object> {
    let mut objects = BTreeSet::new();
    for text in migration::texts(is_postgres) {
        let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
        let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
        for window in words.windows(4) {
            match *window {
                ["CREATE", "UNIQUE", "INDEX", name] => drop(objects.insert(format!("index {name}"))),
                ["CREATE", kind @ ("TABLE" | "INDEX" | "TRIGGER"), name, _] => {
                    objects.insert(format!("{} {}", kind.to_lowercase(), name.trim_end_matches('(')));
                }
                ["DROP", kind @ ("TABLE" | "INDEX" | "TRIGGER"), name, _] => {
                    objects.remove(&format!("{} {}", kind.to_lowercase(), name.trim_end_matches(';')));
                }
                _ => {}
            }
        }
    }
    objects
}

/// What of it is missing, or switched off.
pub(super) async fn missing(connection: &mut Connection) -> Result<Vec<Object>> {
    let objects = match connection {
        Connection::Sqlite { .. } => "SELECT type || ' ' || name FROM sqlite_schema",
        Connection::Postgres { .. } => {
            "SELECT CASE relkind WHEN 'i' THEN 'index ' ELSE 'table ' END || relname FROM pg_class
                WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'i')
            UNION ALL
            SELECT 'trigger ' || tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
                WHERE relnamespace = current_schema()::regnamespace AND tgenabled IN ('O', 'A') AND NOT tgisinternal"
        }
    };
    let found: BTreeSet<Object> = connection.texts(objects).await?.into_iter().collect();
    Ok(expected(connection.is_postgres()).difference(&found).cloned().collect())
}

/// Rows that refer to rows that are not there, a text for each table and reference.
pub(super) async fn dangling(connection: &mut Connection) -> Result<Vec<String>> {
    if !connection.is_postgres() {
        const CHECK: &str = "SELECT \"table\" || ' ' || coalesce(rowid, '') || ' refers to ' || parent || ' that is not there'
            FROM pragma_foreign_key_check LIMIT 1000";
        return connection.texts(CHECK).await;
    }
    // PostgreSQL has no such check; the statement that looks is made of each reference's columns.
    const LOOKS: &str = "SELECT format(
            'SELECT %L || count(*) || %L FROM %s AS child WHERE %s AND NOT EXISTS (SELECT 1 FROM %s AS parent WHERE %s) HAVING count(*) > 0',
            conrelid::regclass || ': ', ' rows refer to ' || confrelid::regclass || ' that are not there',
            conrelid::regclass,
            (SELECT string_agg(format('child.%I IS NOT NULL', attname), ' AND ') FROM unnest(conkey) AS k
                JOIN pg_attribute ON attrelid = conrelid AND attnum = k),
            confrelid::regclass,
            (SELECT string_agg(format('child.%I = parent.%I', mine.attname, theirs.attname), ' AND ')
                FROM unnest(conkey, confkey) AS pair (m, t)
                JOIN pg_attribute AS mine ON mine.attrelid = conrelid AND mine.attnum = m
                JOIN pg_attribute AS theirs ON theirs.attrelid = confrelid AND theirs.attnum = t))
        FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1";
    let mut found = Vec::new();
    for look in connection.texts(LOOKS).await? {
        found.extend(connection.texts(look).await?);
    }
    Ok(found)
}

/// What the database itself finds wrong with its file or its indexes.
pub(super) async fn damaged(connection: &mut Connection, deep: bool) -> Result<Vec<String>> {
    if connection.is_postgres() {
        // An index of ours that was not built to its end is not used, and does not keep names unique.
        const INVALID: &str = "SELECT 'index ' || relname || ' is not valid' FROM pg_index JOIN pg_class
            ON pg_class.oid = indexrelid
            WHERE relnamespace = current_schema()::regnamespace AND NOT (indisvalid AND indisready)";
        return connection.texts(INVALID).await;
    }
    // On a connection that only reads, SQLite leaves the checks of columns out: they have been done by every write.
    // The quick one does not compare each index with its table, which takes as long as reading all of it twice.
    let pragma = if deep { "PRAGMA integrity_check(20)" } else { "PRAGMA quick_check(20)" };
    let found = connection.texts(pragma).await?;
    Ok(found.into_iter().filter(|line| line != "ok").collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guards_are_among_what_is_expected() {
        for is_postgres in [false, true] {
            let objects = expected(is_postgres);
            for name in
                ["table executions", "index executions_queue", "trigger audit_seal", "table input_files"]
            {
                assert!(objects.contains(name), "{name}: {objects:?}");
            }
        }
        assert!(!expected(false).contains("index package_versions_active"), "it was dropped again");
    }
}
