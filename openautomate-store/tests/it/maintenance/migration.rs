//! Migrations are looked at, run, and safe while the release before still runs.

use futures_util::future::join_all;
use openautomate_core::ErrorKind;
use openautomate_store::StoreOptions;
use openautomate_store::maintenance::{migrate, migration_status};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, query, query_as, raw_sql};

use crate::postgres::fixture::{PostgresFixture, Schema, address};
use crate::sqlite::fixture::SqliteFixture;
use openautomate_core::conformance::fixture::StoreFixture;

fn options_of(schema: &Schema) -> StoreOptions {
    StoreOptions { schema: Some(schema.0.clone()), ..StoreOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_made_and_brought_up_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let sqlite = path.to_str().unwrap();
    let made = migrate(sqlite, StoreOptions::default()).await.unwrap();
    assert!(made.is_current() && !made.applied.is_empty());
    assert_eq!(migrate(sqlite, StoreOptions::default()).await.unwrap(), made);
    let schema = Schema::new();
    let server = address();
    for made in join_all((0..4).map(|_| migrate(&server, options_of(&schema)))).await {
        assert!(made.unwrap().is_current());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_database_lacks_is_told_beside_a_server() {
    let (sqlite, postgres) = (SqliteFixture::open().await, PostgresFixture::open().await);
    let last = "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
    query(last).execute(&mut sqlite.direct().await).await.unwrap();
    query(last).execute(&mut postgres.schema.direct().await).await.unwrap();
    let (options, server) = (options_of(&postgres.schema), address());
    let path = sqlite.path().to_str().unwrap();
    for status in [
        migration_status(path, &StoreOptions::default()).await.unwrap(),
        migration_status(&server, &options).await.unwrap(),
    ] {
        assert_eq!((status.pending.len(), status.unknown.len(), status.altered.len()), (1, 0, 0));
        assert!(status.check().is_ok() && !status.is_current());
    }
    // The file is a running server's.
    let error = migrate(path, StoreOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "store.in_use"));
}

/// The columns of the tables that a release knows, and whether it may leave one out when it inserts.
async fn columns(connection: &mut PgConnection) -> Vec<(String, String, String, bool)> {
    const COLUMNS: &str = "SELECT table_name::text, column_name::text, data_type::text,
            is_nullable = 'YES' OR column_default IS NOT NULL
        FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_%'";
    query_as(COLUMNS).fetch_all(connection).await.unwrap()
}

/// What may refuse a row: unique indexes, constraints, triggers. Each has its table, its definition, and of a
/// constraint the columns that it looks at.
type Refusal = (String, String, Vec<String>);

async fn refusals(connection: &mut PgConnection) -> Vec<Refusal> {
    const REFUSALS: &str = "SELECT conrelid::regclass::text, pg_get_constraintdef(oid),
            ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey))
            FROM pg_constraint
            WHERE connamespace = current_schema()::regnamespace AND contype IN ('c', 'f', 'u', 'p', 'x')
        -- (The view pg_indexes looks at those of all schemas, which other tests drop meanwhile.)
        UNION ALL SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid), ARRAY[]::text[] FROM pg_index
            JOIN pg_class ON pg_class.oid = indrelid
            WHERE relnamespace = current_schema()::regnamespace AND indisunique
        UNION ALL SELECT tgrelid::regclass::text, pg_get_triggerdef(pg_trigger.oid), ARRAY[]::text[] FROM pg_trigger
            JOIN pg_class ON pg_class.oid = tgrelid
            -- One only notes what ended, and refuses nothing.
            WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal AND tgname <> 'executions_end'";
    query_as(REFUSALS).fetch_all(connection).await.unwrap()
}

/// With several servers on one PostgreSQL, those of the release before go on while the first of the next one migrates:
/// a migration takes nothing away that they use, and refuses nothing that they write. (A SQLite file is one process'.)
#[tokio::test(flavor = "multi_thread")]
async fn the_release_before_goes_on_after_each_migration() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let schema = Schema::new();
    let mut connection = schema.direct().await;
    raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {}", schema.0))).execute(&mut connection).await.unwrap();
    let mut before: Option<(Vec<_>, Vec<_>)> = None;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
        let after = (columns(&mut connection).await, refusals(&mut connection).await);
        if let Some((old_columns, old_refusals)) = &before {
            assert_expands(&file, old_columns, &after.0);
            assert_refuses_no_more(&file, old_columns, old_refusals, &after.1);
        }
        before = Some(after);
    }
}

/// Triggers that were replaced by ones that allow more.
const LOOSER: [&str; 1] = ["executions_transition"];

/// Triggers that keep a server of the release before from removing files that are used by what it does not know of. It
/// logs that and tries again later.
const PROTECTS: [&str; 1] = ["input_files_in_use_by_release"];

type Columns = [(String, String, String, bool)];

fn assert_expands(file: &std::path::Path, before: &Columns, after: &Columns) {
    for (table, column, kind, optional) in before {
        let kept = after.iter().find(|(t, c, _, _)| t == table && c == column);
        let Some((_, _, new_kind, new_optional)) = kept else {
            panic!("{file:?} takes {table}.{column} away")
        };
        assert_eq!(kind, new_kind, "{file:?} changes {table}.{column}");
        assert!(!optional || *new_optional, "{file:?} makes {table}.{column} necessary");
    }
    for (table, column, _, optional) in after {
        let is_new = !before.iter().any(|(t, c, _, _)| t == table && c == column);
        let is_old_table = before.iter().any(|(t, _, _, _)| t == table);
        assert!(!(is_new && is_old_table) || *optional, "{file:?}: old inserts leave {table}.{column} out");
    }
}

fn assert_refuses_no_more(file: &std::path::Path, columns: &Columns, before: &[Refusal], after: &[Refusal]) {
    let is_old_table = |name: &str| columns.iter().any(|(table, _, _, _)| table == name);
    let is_old = |name: &str, column: &str| columns.iter().any(|(t, c, _, _)| t == name && c == column);
    for refusal in after.iter().filter(|refusal| !before.contains(refusal)) {
        let (table, definition, looks_at) = refusal;
        let reference =
            definition.strip_prefix("FOREIGN KEY (").and_then(|rest| rest.split_once(") REFERENCES "));
        let is_harmless = if let Some((own, parent)) = reference {
            // What a new column refers to in a new table, the release before neither writes nor removes.
            let parent = parent.split_once('(').map_or(parent, |(name, _)| name);
            !is_old_table(parent) && own.split(", ").all(|column| !is_old(table, column))
        } else {
            // A new column is NULL, or has its default, in what the release before writes.
            !looks_at.is_empty() && !looks_at.iter().any(|column| is_old(table, column))
        };
        let mut allowed = LOOSER.iter().chain(&PROTECTS);
        let is_looser = allowed.any(|trigger| definition.starts_with(&format!("CREATE TRIGGER {trigger} ")));
        assert!(
            is_harmless || is_looser || !is_old_table(table),
            "{file:?} refuses what the release before writes: {refusal:?}"
        );
    }
}

#[test]
fn a_migration_that_breaks_the_release_before_is_found() {
    let row = |table: &str, column: &str, optional| {
        (table.to_owned(), column.to_owned(), "text".to_owned(), optional)
    };
    let before = [row("t", "a", false), row("t", "b", true)];
    let file = std::path::Path::new("0009_bad.sql");
    let breaks = |after: &Columns| std::panic::catch_unwind(|| assert_expands(file, &before, after)).is_err();
    assert!(!breaks(&[
        row("t", "a", true),
        row("t", "b", true),
        row("t", "c", true),
        row("new", "d", false)
    ]));
    assert!(breaks(&[row("t", "a", false)]));
    assert!(breaks(&[row("t", "a", false), row("t", "b", false)]));
    assert!(breaks(&[row("t", "a", false), row("t", "b", true), row("t", "c", false)]));
    let unique = |table: &str, column: &str| {
        [(table.to_owned(), format!("UNIQUE ({column})"), vec![column.to_owned()])]
    };
    let refuses = |after: &[Refusal]| {
        std::panic::catch_unwind(|| assert_refuses_no_more(file, &before, &[], after)).is_err()
    };
    assert!(refuses(&unique("t", "a")) && !refuses(&unique("new", "a")) && !refuses(&unique("t", "c")));
    let refers = |text: &str| refuses(&[("t".to_owned(), format!("FOREIGN KEY {text}"), Vec::new())]);
    assert!(refers("(a) REFERENCES new(id)") && refers("(c) REFERENCES t(a)"));
    assert!(refers("(b, c) REFERENCES new(x, y)") && !refers("(c) REFERENCES new(id)"));
}
