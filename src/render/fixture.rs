//! Tables and plans for tests.

use std::sync::Arc;

use crate::backend::Backend;
use crate::diagnostic::{Direction, Span};
use crate::ident::{TableName, Version};
use crate::operation::{Body, DataType};
use crate::plan::{Part, Plan, PlanDirection, Step, StepHead};
use crate::state::{Change, Column, ColumnId, Name, PrimaryKey, State, Table, TableId};

pub(super) fn name(text: &str) -> Name {
    Name { text: text.to_owned(), generated: true }
}

pub(super) fn column(id: u32, name: &str, data_type: DataType) -> Column {
    Column {
        id: ColumnId(id),
        name: name.to_owned(),
        data_type,
        null: false,
        default: None,
        auto_increment: false,
        sequence: None,
        comment: None,
        generated: None,
        collation: None,
    }
}

pub(super) fn table(id: u32, name: &str, columns: Vec<Column>) -> Table {
    Table {
        id: TableId(id),
        name: TableName::bare(name),
        columns,
        primary_key: None,
        uniques: vec![],
        foreign_keys: vec![],
        checks: vec![],
        indexes: vec![],
        options: None,
        comment: None,
    }
}

/// A table with a numbered key `id` (column `id + 1`).
pub(super) fn keyed(id: u32, title: &str, columns: Vec<Column>) -> Table {
    let mut key = column(id + 1, "id", DataType::BigInt { unsigned: false });
    key.auto_increment = true;
    key.sequence = Some(name(&format!("{title}_id_seq")));
    let columns = std::iter::once(key).chain(columns).collect();
    let mut table = table(id, title, columns);
    table.primary_key =
        Some(PrimaryKey { name: name(&format!("{title}_pkey")), columns: vec![ColumnId(id + 1)], age: 0 });
    table
}

pub(super) fn body() -> Body {
    Body { up: vec![], down: None, transaction: true, backends: None, irreversible: None }
}

pub(super) fn step(number: u32, direction: Direction, changes: Vec<Change>) -> Step {
    Step {
        head: StepHead::new(Version::new(u128::from(number)).expect("a version"), format!("step_{number}"), direction),
        position: i64::from(number),
        body: Arc::new(body()),
        requires: vec![],
        parts: vec![Part { operation: "test".to_owned(), span: Span::NONE, authored: false, changes }],
        lost: None,
        edited: false,
    }
}

pub(super) fn state(backend: Backend, tables: &[&Table]) -> State {
    let mut state = State::empty(backend);
    for table in tables {
        state.apply(&Change::CreateTable(Arc::new((*table).clone()))).expect("the table fits");
    }
    state
}

pub(super) fn plan(start: State, steps: Vec<Step>) -> Plan {
    let down = steps.iter().any(|step| step.direction == Direction::Down);
    Plan {
        backend: start.backend(),
        direction: if down { PlanDirection::Down } else { PlanDirection::Up },
        wants_up: !down,
        target: "latest".to_owned(),
        from: vec![],
        to: vec![],
        start,
        steps,
        diagnostics: vec![],
    }
}
