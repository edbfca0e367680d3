//! What plans come to as SQL, backend by backend.

use std::sync::Arc;

use super::fixture::{column, keyed, plan, state, step};
use super::{RenderOptions, RenderedPlan, Transactions, render};
use crate::backend::Backend;
use crate::diagnostic::{Code, Direction};
use crate::operation::DataType;
use crate::state::{Change, State, TableId};

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
fn an_unbuilt_backend_is_refused_by_name() {
    let rendered = up(State::empty(Backend::Mysql), vec![]);
    assert_eq!(rendered.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>(), [Code::NotSupportedYet]);
    assert_eq!(rendered.transaction, Transactions::None);
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
