//! `create_view` and `drop_view` on a state, and what stands over and under views.

use crate::backend::Backend;
use crate::diagnostic::Span;
use crate::ident::{ColumnName, TableName};
use crate::operation::{AlterColumn, ByBackend, DataType, Kind, Operation, Text};
use crate::state::{Change, Context, Declared, State, raw_changes};

fn start(backend: Backend) -> State {
    let mut state = State::empty(backend);
    let sql = "CREATE TABLE a (id integer PRIMARY KEY, n integer, m text); CREATE TABLE b (id integer, a_id integer)";
    let raw = raw_changes(&[(sql.into(), Span::NONE)], true, &Declared::default(), &mut state);
    raw.changes.iter().for_each(|change| _ = state.apply(change).unwrap());
    state
}

/// Lowers and applies; gives the inverses, or what is wrong.
fn run(state: &mut State, kind: Kind) -> Result<Vec<Change>, String> {
    let lowered = state.lower(&Operation::new(kind), &Context::default());
    if let Some(found) = lowered.diagnostics.first() {
        return Err(format!("{}: {}", found.code, found.message));
    }
    let mut inverses = Vec::new();
    for change in &lowered.changes {
        inverses.extend(state.apply(change).unwrap());
    }
    inverses.reverse();
    Ok(inverses)
}

fn view(name: &str, select: &str) -> Kind {
    Kind::CreateView {
        view: TableName::bare(name),
        select: Text::Same(select.into()),
        materialized: false,
        reads: vec![],
    }
}

fn drop_view(name: &str) -> Kind {
    Kind::DropView { view: TableName::bare(name) }
}

fn column(table: &str, column: &str) -> ColumnName {
    ColumnName { table: TableName::bare(table), column: column.into() }
}

const BOTH: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

#[test]
fn a_dropped_view_comes_back_with_the_names_of_the_moment() {
    for backend in BOTH {
        let mut state = start(backend);
        run(&mut state, view("v", "SELECT id, n FROM a;")).unwrap();
        let before = state.describe();
        let back = run(&mut state, drop_view("v")).unwrap();
        assert!(state.views().is_empty());
        run(&mut state, Kind::RenameTable { table: TableName::bare("a"), to: "things".into() }).unwrap();
        for change in &back {
            state.apply(change).unwrap();
        }
        assert_eq!(state.views()[0].sql, "CREATE VIEW \"v\" AS SELECT id, n FROM \"things\"");
        run(&mut state, Kind::RenameTable { table: TableName::bare("things"), to: "a".into() }).unwrap();
        assert_eq!(state.describe(), before);
    }
}

/// SQLite lets a table be dropped under a view; the view keeps the name that the table had then.
#[test]
fn a_view_whose_table_was_dropped_is_restored_as_it_was() {
    let mut state = start(Backend::Sqlite);
    run(&mut state, view("v", "SELECT id FROM a")).unwrap();
    run(&mut state, Kind::RenameTable { table: TableName::bare("a"), to: "things".into() }).unwrap();
    let raw = raw_changes(&[("DROP TABLE things".into(), Span::NONE)], true, &Declared::default(), &mut state);
    raw.changes.iter().for_each(|change| _ = state.apply(change).unwrap());
    let before = state.clone();
    assert!(state.views()[0].sql.contains("things"), "{}", state.views()[0].sql);
    for change in run(&mut state, drop_view("v")).unwrap() {
        state.apply(&change).unwrap();
    }
    assert_eq!(before.differences(&state), Vec::<String>::new());
}

#[test]
fn a_view_over_what_is_not_there_is_wrong() {
    for backend in BOTH {
        let mut state = start(backend);
        let said = |kind| run(&mut start(backend), kind).unwrap_err();
        assert!(said(view("v", "SELECT 1 FROM c")).starts_with("unknown-table: "));
        assert!(said(view("v", "SELECT x FROM a")).starts_with("unknown-column: "));
        assert!(said(view("v", "SELECT a.x FROM a")).starts_with("unknown-column: "));
        assert!(said(view("a", "SELECT 1")).starts_with("already-exists: "));
        assert!(said(drop_view("v")).starts_with("unknown-table: there is no view"));
        run(&mut state, view("v", "WITH c AS (SELECT n FROM a) SELECT n FROM c")).unwrap();
        run(&mut state, view("w", "SELECT n FROM v")).unwrap();
        assert!(run(&mut state, view("w", "SELECT 1")).unwrap_err().starts_with("already-exists: "));
        assert!(run(&mut state, drop_view("v")).unwrap_err().contains("still read by view `w`"));
        run(&mut state, drop_view("w")).unwrap();
        run(&mut state, drop_view("v")).unwrap();
    }
}

#[test]
fn what_a_view_needs_stays() {
    for backend in BOTH {
        let mut state = start(backend);
        run(&mut state, view("v", "SELECT id, n FROM a")).unwrap();
        run(&mut state, view("w", "SELECT * FROM b")).unwrap();
        let gone = |name: ColumnName| Kind::DropColumn { columns: vec![name], refill: None };
        assert!(run(&mut state, gone(column("a", "n"))).unwrap_err().contains("view `v` needs `a.n`"));
        assert_eq!(run(&mut state, gone(column("b", "a_id"))).is_err(), backend == Backend::Postgres);
        run(&mut state, gone(column("a", "m"))).unwrap();
        let drop = Kind::DropTable { table: TableName::bare("a") };
        assert!(run(&mut state, drop).unwrap_err().contains("still read by view `v`"));
        let data_type = Some(ByBackend::Same(DataType::Text));
        let alter = AlterColumn { data_type, ..AlterColumn::default() };
        let alter = Kind::AlterColumn { column: column("a", "n"), alter };
        assert_eq!(run(&mut state, alter).is_err(), backend == Backend::Postgres);
    }
}

#[test]
fn a_replaced_view_has_its_new_query_and_goes_back_to_the_one_before() {
    let replace = |name: &str, select: &str| Kind::ReplaceView {
        view: TableName::bare(name),
        select: Text::Same(select.into()),
        reads: vec![],
    };
    for backend in BOTH {
        let mut state = start(backend);
        run(&mut state, view("v", "SELECT id, n FROM a")).unwrap();
        let before = state.describe();
        let back = run(&mut state, replace("v", "SELECT b.a_id AS of FROM b")).unwrap();
        assert_eq!(state.views()[0].sql, "CREATE VIEW \"v\" AS SELECT b.a_id AS of FROM b");
        // What the view reads now cannot go, and what it read can.
        let gone = |state: &mut State, table: &str, name: &str| {
            run(state, Kind::DropColumn { columns: vec![column(table, name)], refill: None })
        };
        assert!(gone(&mut state.clone(), "a", "n").is_ok());
        assert!(gone(&mut state.clone(), "b", "a_id").unwrap_err().starts_with("still-referenced: "));
        for change in &back {
            state.apply(change).unwrap();
        }
        assert_eq!(state.describe(), before);
        // Not what is not there, nor what others read, nor by a query over itself.
        assert!(run(&mut state, replace("w", "SELECT 1 AS one")).unwrap_err().starts_with("unknown-table: "));
        assert!(run(&mut state, replace("v", "SELECT id FROM v")).unwrap_err().starts_with("unknown-table: "));
        run(&mut state, view("w", "SELECT id FROM v")).unwrap();
        assert!(run(&mut state, replace("v", "SELECT 1 AS one")).unwrap_err().starts_with("still-referenced: "));
    }
}
