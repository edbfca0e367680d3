//! What the stages ask of every operation, whatever its verb.

use super::{Down, Kind, Text};

impl Kind {
    /// The way down that its author wrote on it, and whether that is a batch.
    #[must_use]
    pub const fn down(&self) -> Option<(&Down, bool)> {
        match self {
            Self::Insert { down: Some(down), .. }
            | Self::Update { down: Some(down), .. }
            | Self::Delete { down: Some(down), .. } => Some((down, false)),
            Self::Sql { down: Some(down), batch, .. } => Some((down, *batch)),
            _ => None,
        }
    }

    /// The tables and other things that it speaks of, by bare name; of SQL, each of its words.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        match self {
            Self::CreateTable(def) => {
                names.push(def.table.name.clone());
                names.extend(def.columns.iter().filter_map(|c| c.references.as_ref()).map(|r| r.table.name.clone()));
                names.extend(def.foreign_keys.iter().map(|key| key.table.name.clone()));
            }
            Self::RenameTable { table, to } => names.extend([table.name.clone(), to.clone()]),
            Self::AddColumn { table, column } => {
                names.push(table.name.clone());
                names.extend(column.references.iter().map(|references| references.table.name.clone()));
            }
            Self::DropColumn { columns, .. } => names.extend(columns.iter().map(|column| column.table.name.clone())),
            Self::RenameColumn { column, .. } | Self::AlterColumn { column, .. } => {
                names.push(column.table.name.clone());
            }
            Self::AddForeignKey { on, foreign_key } => {
                names.extend([on.name.clone(), foreign_key.table.name.clone()]);
            }
            Self::CreateIndex { on, .. }
            | Self::DropIndex { on, .. }
            | Self::RenameIndex { on, .. }
            | Self::DropForeignKey { on, .. }
            | Self::AddCheck { on, .. }
            | Self::DropCheck { on, .. }
            | Self::AddUnique { on, .. }
            | Self::DropUnique { on, .. } => names.push(on.name.clone()),
            Self::DropTable { table }
            | Self::AddPrimaryKey { table, .. }
            | Self::DropPrimaryKey { table }
            | Self::Insert { table, .. }
            | Self::Update { table, .. }
            | Self::Delete { table, .. } => names.push(table.name.clone()),
            Self::CreateView { view, select, .. } | Self::ReplaceView { view, select, .. } => {
                names.push(view.name.clone());
                names.extend(select.branches().flat_map(|text| words(text)));
            }
            Self::DropView { view } => names.push(view.name.clone()),
            Self::CreateTrigger { on, definition, .. } => {
                names.push(on.name.clone());
                names.extend(definition.branches().flat_map(|text| words(text)));
            }
            Self::DropTrigger { on, .. } => names.push(on.name.clone()),
            Self::CreateFunction { function, definition, .. } | Self::ReplaceFunction { function, definition, .. } => {
                names.push(function.name.clone());
                names.extend(definition.branches().flat_map(|text| words(text)));
            }
            Self::CreateExtension { .. } | Self::DropExtension { .. } => {}
            Self::CreateSchema { name } | Self::DropSchema { name } => names.push(name.clone()),
            Self::CreateEnum { name, .. } | Self::AlterEnum { name, .. } | Self::DropEnum { name } => {
                names.push(name.name.clone());
            }
            Self::DropFunction { function } => names.push(function.name.clone()),
            Self::Sql { statements, .. } => {
                names.extend(statements.iter().flat_map(Text::branches).flat_map(|text| words(text)));
            }
            Self::Note { .. } => {}
        }
        names
    }
}

/// The words of SQL: any of them may be a table's name.
fn words(sql: &str) -> impl Iterator<Item = String> {
    sql.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).map(str::to_owned)
}
