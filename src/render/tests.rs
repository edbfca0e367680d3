//! What plans come to as SQL, backend by backend.

use std::sync::Arc;

use super::fixture::{column, keyed, name, plan, state, step, table};
use super::{RenderOptions, RenderedPlan, Transactions, render};
use crate::backend::Backend;
use crate::diagnostic::{Code, Direction};
use crate::ident::TableName;
use crate::operation::{Action, DataType, Literal, Nulls, Order};
use crate::state::{
    Change, ColumnId, ColumnPatch, Expr, ForeignKey, Index, IndexKey, IndexPart, InsertMode, Piece, Scalar, SqlAccess,
    State, Table, TableId,
};

/// The SQL of a plan, ledger statements left out.
pub(super) fn sql(rendered: &RenderedPlan) -> String {
    assert!(rendered.diagnostics.is_empty(), "{:?}", rendered.diagnostics);
    let statements = rendered.steps.iter().flat_map(|step| &step.statements);
    let own: Vec<_> = statements
        .filter(|statement| statement.ledger.is_none())
        .map(|statement| format!("{};", statement.sql))
        .collect();
    own.join("\n")
}

fn up(start: State, changes: Vec<Change>) -> RenderedPlan {
    render(&plan(start, vec![step(1, Direction::Up, changes)]), &RenderOptions::default())
}

#[test]
fn a_table_made_and_dropped_on_sqlite() {
    let users = keyed(1, "users", vec![column(3, "email", DataType::String(200))]);
    let made = up(State::empty(Backend::Sqlite), vec![Change::CreateTable(Arc::new(users.clone()))]);
    insta::assert_snapshot!(sql(&made));
    let dropped = up(state(Backend::Sqlite, &[&users]), vec![Change::DropTable(TableId(1))]);
    insta::assert_snapshot!(sql(&dropped));
}

#[test]
fn a_table_made_and_dropped_on_postgres() {
    let users = keyed(1, "users", vec![column(3, "email", DataType::String(200))]);
    let made = up(State::empty(Backend::Postgres), vec![Change::CreateTable(Arc::new(users.clone()))]);
    insta::assert_snapshot!(sql(&made));
}

#[test]
fn a_table_made_and_dropped_on_mysql() {
    let users = keyed(1, "users", vec![column(3, "email", DataType::String(200))]);
    let made = up(State::empty(Backend::Mysql), vec![Change::CreateTable(Arc::new(users.clone()))]);
    insta::assert_snapshot!(sql(&made));
    assert_eq!((made.transaction, made.cuts.len()), (Transactions::None, 0));
    let dropped = up(state(Backend::Mysql, &[&users]), vec![Change::DropTable(TableId(1))]);
    let recoveries: Vec<_> =
        dropped.steps.iter().flat_map(|step| &step.statements).filter_map(|s| s.journaled.as_ref()).collect();
    insta::assert_debug_snapshot!(recoveries);
}

#[test]
fn the_first_step_makes_the_ledger_and_each_ends_with_its_row() {
    let users = keyed(1, "users", vec![]);
    let steps = vec![
        step(1, Direction::Up, vec![Change::CreateTable(Arc::new(users))]),
        step(2, Direction::Down, vec![Change::DropTable(TableId(1))]),
    ];
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let options =
            RenderOptions { create_ledger: true, environment: "development".to_owned(), ..RenderOptions::default() };
        let rendered = render(&plan(State::empty(backend), steps.clone()), &options);
        let ledger: Vec<_> = rendered
            .steps
            .iter()
            .flat_map(|step| &step.statements)
            .filter(|statement| statement.ledger.is_some())
            .map(|statement| format!("{};", statement.sql))
            .collect();
        insta::assert_snapshot!(format!("ledger_{backend}"), ledger.join("\n"));
    }
}

fn codes(rendered: &RenderedPlan) -> Vec<(Code, &str)> {
    rendered.diagnostics.iter().map(|found| (found.code, found.message.as_str())).collect()
}

fn two() -> (Table, Table) {
    let users = keyed(1, "users", vec![column(3, "email", DataType::String(200))]);
    let mut posts = keyed(10, "posts", vec![column(12, "user_id", DataType::BigInt { unsigned: false })]);
    posts.foreign_keys.push(ForeignKey {
        name: name("posts_user_id_fkey"),
        columns: vec![ColumnId(12)],
        table: TableId(1),
        references: vec![ColumnId(2)],
        on_delete: Action::Cascade,
        on_update: Action::NoAction,
        deferrable: None,
        unchecked: false,
        bound: None,
    });
    (users, posts)
}

#[test]
fn what_is_destroyed_is_told_with_a_count_under_the_names_before_the_run() {
    let (users, posts) = two();
    let filter = Expr { pieces: vec![Piece::Column(ColumnId(3)), Piece::Text(" = 'x'".into())], opaque: false };
    let changes = vec![
        Change::RenameTable { table: TableId(1), to: TableName::bare("people") },
        Change::RenameColumn { table: TableId(1), column: ColumnId(3), to: "mail".into() },
        Change::Delete { table: TableId(1), filter, kept: false },
        Change::AlterColumn {
            table: TableId(1),
            column: ColumnId(3),
            patch: ColumnPatch { data_type: Some(DataType::String(20)), ..ColumnPatch::default() },
            using: None,
            using_down: None,
            fill: None,
        },
        Change::DropColumn { table: TableId(1), column: ColumnId(3), refill: None },
        Change::DropTable(TableId(10)),
        Change::CreateTable(Arc::new(keyed(20, "new", vec![]))),
        Change::DropTable(TableId(20)),
    ];
    let rendered = up(state(Backend::Postgres, &[&users, &posts]), changes);
    assert_eq!(codes(&rendered), vec![]);
    let told: Vec<_> = rendered.steps[0]
        .destructive
        .iter()
        .map(|what| {
            let counted = what.counted.as_ref().map_or("-".to_owned(), |counted| {
                format!("{}{}", counted.sql, if counted.whole_table { " (all)" } else { "" })
            });
            format!("{} {}: {counted}", what.kind, what.object)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn lengths_bind_nothing_on_sqlite_so_nothing_is_lost() {
    let (users, _) = two();
    let patch = ColumnPatch { data_type: Some(DataType::String(20)), ..ColumnPatch::default() };
    let change = Change::AlterColumn {
        table: TableId(1),
        column: ColumnId(3),
        patch,
        using: None,
        using_down: None,
        fill: None,
    };
    let rendered = up(state(Backend::Sqlite, &[&users]), vec![change]);
    assert_eq!(rendered.steps[0].destructive, vec![]);
    assert!(rendered.steps[0].rebuilds);
}

#[test]
fn what_a_backend_lacks_is_refused_with_the_operation_and_the_backend() {
    let (users, _) = two();
    let part = |nulls| IndexPart {
        key: IndexKey::Column(ColumnId(3)),
        order: Order::Asc,
        nulls,
        length: None,
        collation: None,
        opclass: None,
    };
    let index = |nulls, using: Option<&str>| Change::AddIndex {
        table: TableId(1),
        index: Index {
            name: "i".into(),
            parts: vec![part(nulls)],
            unique: false,
            predicate: None,
            using: using.map(Into::into),
            include: vec![],
            with: None,
            nulls_alike: false,
            age: 0,
        },
        concurrently: false,
    };
    let nul = Change::Insert {
        table: TableId(1),
        rows: vec![vec![(ColumnId(3), Scalar::Literal(Literal::String("a\0b".into())))]],
        mode: InsertMode::Plain,
    };
    let numbered = |data_type| {
        let mut table = keyed(30, "t", vec![]);
        table.columns[0].data_type = data_type;
        Change::CreateTable(Arc::new(table))
    };
    let mut not_key = keyed(30, "t", vec![]);
    not_key.primary_key = None;
    let mut in_schema = keyed(30, "t", vec![]);
    in_schema.name.schema = Some("app".into());
    let (sqlite, postgres) = (Backend::Sqlite, Backend::Postgres);
    let mut told = Vec::new();
    for (backend, change) in [
        (sqlite, index(Some(Nulls::Last), None)),
        (sqlite, index(None, Some("gin"))),
        (sqlite, Change::CreateTable(Arc::new(not_key))),
        (sqlite, Change::CreateTable(Arc::new(in_schema))),
        (sqlite, Change::CreateTable(Arc::new(table(30, "t", vec![])))),
        (postgres, nul),
        (postgres, numbered(DataType::BigInt { unsigned: true })),
        (postgres, numbered(DataType::Text)),
    ] {
        let rendered = up(state(backend, &[&users]), vec![change]);
        assert!(rendered.diagnostics.iter().all(|found| found.backend == Some(backend)));
        assert_eq!(rendered.diagnostics.len(), 1);
        assert_eq!(rendered.diagnostics[0].code, Code::UnsupportedByBackend);
        told.push(format!("{backend}: {}", rendered.diagnostics[0].message));
    }
    insta::assert_snapshot!(told.join("\n"));
    // SQLite's own order needs no words.
    assert_eq!(
        sql(&up(state(sqlite, &[&users]), vec![index(Some(Nulls::First), None)])),
        "CREATE INDEX \"i\" ON \"users\" (\"email\");"
    );
}

#[test]
fn a_plan_that_does_not_fit_its_state_is_a_diagnostic() {
    let rendered =
        up(State::empty(Backend::Sqlite), vec![Change::DropTable(TableId(9)), Change::DropTable(TableId(9))]);
    assert_eq!(codes(&rendered), vec![(Code::UnknownTable, "`test`: the table is not there any more")]);
}

#[test]
fn deferred_checks_are_looked_at_between_rows_and_schema_within_a_transaction() {
    let (users, _) = two();
    let raw = |sql: &str| Change::Sql { sql: sql.into(), effects: vec![], access: SqlAccess::default() };
    let changes = vec![raw("UPDATE users SET email = 'x'"), raw("SELECT 1"), raw("ALTER TABLE users ADD x integer")];
    let mut steps = vec![step(1, Direction::Up, changes.clone()), step(2, Direction::Up, changes)];
    steps[1].transaction = false;
    let rendered = render(&plan(state(Backend::Postgres, &[&users]), steps), &RenderOptions::default());
    let counts: Vec<_> = rendered
        .steps
        .iter()
        .map(|step| step.statements.iter().filter(|statement| statement.sql.starts_with("SET CONSTRAINTS")).count())
        .collect();
    assert_eq!(counts, [1, 0]);
    assert_eq!(rendered.cuts, [1]);
}

#[test]
fn notes_are_words_and_no_statements() {
    let rendered = up(State::empty(Backend::Sqlite), vec![Change::Note("mind the gap".into())]);
    assert_eq!(rendered.steps[0].notes, ["mind the gap"]);
    assert_eq!(sql(&rendered), "");
}
