//! Enums: create, alter, drop; and the types of columns that are of them.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Change, Changes, Lower, PartPath};
use crate::backend::{Backend, quoted};
use crate::diagnostic::{Code, nearest};
use crate::ident::TableName;
use crate::operation::{DataType, EnumType, Literal};
use crate::sql_text::names_in_casts;
use crate::state::{Column, ColumnPatch, Expr, Function, Piece, Scalar, Table};

impl Lower<'_> {
    pub(super) fn create_enum(&mut self, name: &TableName, values: &[String]) -> Changes {
        self.schema_fits(name, "object")?;
        if !self.fits(&name.name, "object") {
            return None;
        }
        self.values_fit(values, "values")?;
        if self.state.enum_named(name).is_some() {
            let diagnostic = self.error(Code::AlreadyExists, "object", format!("enum `{name}` stands already"));
            self.report(diagnostic);
            return None;
        }
        if let Some(by) = self.state.type_taken(name) {
            let message = format!("the name `{name}` is taken already, by {by}, whose rows are a type of that name");
            let diagnostic = self.error(Code::AlreadyExists, "object", message);
            self.report(diagnostic);
            return None;
        }
        Some(vec![Change::create(Arc::new(EnumType { name: name.clone(), values: values.to_vec() }))])
    }

    pub(super) fn drop_enum(&mut self, name: &TableName) -> Changes {
        let gone = self.enum_named(name, "object")?;
        let used = self.state.columns_of_enum(&gone.name).next();
        if let Some((table, columns)) = used {
            let column = columns.first().map_or("", |column| column.name.as_str());
            let message = format!("enum `{name}` is still the type of `{}.{column}`", table.name);
            let diagnostic = self
                .error(Code::StillReferenced, "object", message)
                .help("drop the column before, or give it another type");
            self.report(diagnostic);
            return None;
        }
        self.is_cast_to(&gone, true, "object")?;
        Some(vec![Change::drop(gone)])
    }

    pub(super) fn alter_enum(
        &mut self,
        name: &TableName,
        add: &[String],
        after: Option<&str>,
        rename: &[(String, String)],
    ) -> Changes {
        let from = self.enum_named(name, "object")?;
        let mut values = from.values.clone();
        for (old, new) in rename {
            let place = self.value_of_enum(&values, old, name, format_args!("rename.{old}"))?;
            if values.contains(new) {
                return self.value_stands(new, name, format_args!("rename.{old}"));
            }
            self.value_is_free(&from, old, format_args!("rename.{old}"))?;
            if let Some(value) = values.get_mut(place) {
                value.clone_from(new);
            }
        }
        if self.state.backend != Backend::Postgres {
            self.no_renames_in_turn(rename)?;
        }
        let called = Arc::new(EnumType { name: from.name.clone(), values: values.clone() });
        let place = match after {
            Some(after) => self.value_of_enum(&values, after, name, "after")? + 1,
            None => values.len(),
        };
        if let Some(value) = add.iter().find(|value| values.contains(value)) {
            return self.value_stands(value, name, "add");
        }
        values.splice(place..place, add.iter().cloned());
        self.values_fit(&values, "add")?;
        let to = Arc::new(EnumType { name: from.name.clone(), values });
        if !add.is_empty() && !self.state.backend.capabilities().retypes_what_is_computed_from {
            let computed = self.state.columns_of_enum(&from.name).find_map(|(table, columns)| {
                let from = columns.iter().find_map(|column| Some((column, table.computed_from(column.id)?)));
                from.map(|(column, other)| (table.name.clone(), column.name.clone(), other.name.clone()))
            });
            if let Some((table, column, other)) = computed {
                let message =
                    format!("`{table}.{other}` is computed from `{column}`, whose enum could not lose `add` again");
                let help = format!("drop `{other}` before, and add it again after: its values are computed");
                let diagnostic = self.error(Code::StillReferenced, "add", message).help(help);
                self.report(diagnostic);
                return None;
            }
        }
        if !add.is_empty() && self.state.backend.capabilities().enum_types {
            let computed = self.state.columns_of_enum(&from.name).find_map(|(table, columns)| {
                let column = columns.into_iter().find(|column| column.generated.is_some())?;
                Some(format!("{}.{}", table.name, column.name))
            });
            if let Some(column) = computed {
                let message =
                    format!("`{column}` is computed as a value of the enum, which could not lose `add` again");
                let help = "drop it before, and add it again after: its values are computed";
                let diagnostic = self.error(Code::StillReferenced, "add", message).help(help);
                self.report(diagnostic);
                return None;
            }
        }
        if !add.is_empty() {
            self.is_cast_to(&from, false, "add")?;
        }
        // Apart, since rows can stand in the way of one alone on the way back.
        let mut changes = Vec::new();
        if !rename.is_empty() {
            self.altered(&from, &called, rename, &mut changes);
        }
        if !add.is_empty() {
            self.altered(&called, &to, &[], &mut changes);
        }
        Some(changes)
    }

    /// Reports renames that need one another's order, where all rows are changed at once; and, where case does not count, one of
    /// the case alone.
    fn no_renames_in_turn(&mut self, rename: &[(String, String)]) -> Option<()> {
        let turn = rename.iter().find(|(_, new)| rename.iter().any(|(old, _)| old == new));
        let case = rename.iter().find(|(old, new)| {
            self.state.backend == Backend::Mysql && old.trim_end().to_lowercase() == new.trim_end().to_lowercase()
        });
        let (old, message) = match (turn, case) {
            (Some((old, new)), _) => (old, format!("`{new}` is renamed itself, and `{old}` cannot become it at once")),
            (None, Some((old, new))) => {
                (old, format!("MySQL does not tell `{old}` from `{new}`: case and blanks at the end do not count"))
            }
            (None, None) => return Some(()),
        };
        let help = "an operation for each rename, with another name in between where two change places";
        let diagnostic = self.error(Code::UnsupportedByBackend, format_args!("rename.{old}"), message).help(help);
        self.report(diagnostic);
        None
    }

    /// The change of an enum, with those of its columns where they have the values in their types.
    fn altered(
        &self,
        from: &Arc<EnumType>,
        to: &Arc<EnumType>,
        renamed: &[(String, String)],
        changes: &mut Vec<Change>,
    ) {
        changes.push(Change::AlterEnum { from: Arc::clone(from), to: Arc::clone(to), renamed: renamed.to_vec() });
        if !self.state.backend.capabilities().enum_types {
            for (table, columns) in self.state.columns_of_enum(&from.name) {
                changes.extend(columns.into_iter().map(|column| self.column_follows(table, column, to, renamed)));
            }
        }
    }

    /// The change of a column whose type has the values in it.
    fn column_follows(
        &self,
        table: &Table,
        column: &Column,
        to: &Arc<EnumType>,
        renamed: &[(String, String)],
    ) -> Change {
        let mut patch = ColumnPatch { data_type: Some(column.data_type.with_enum(to)), ..ColumnPatch::default() };
        if let Some(Scalar::Literal(Literal::String(old))) = &column.default
            && let Some((_, new)) = renamed.iter().find(|(from, _)| from == old)
        {
            patch.default = Some(Some(Scalar::Literal(Literal::String(new.clone()))));
        }
        let back: Vec<_> = renamed.iter().rev().map(|(old, new)| (new.clone(), old.clone())).collect();
        let conversion =
            |renamed: &[(String, String)]| (!renamed.is_empty()).then(|| self.called_anew(column, renamed));
        Change::AlterColumn {
            table: table.id,
            column: column.id,
            patch,
            using: conversion(renamed),
            using_down: conversion(&back),
            fill: None,
        }
    }

    /// `CASE column WHEN 'old' THEN 'new' … ELSE column END`.
    fn called_anew(&self, column: &Column, renamed: &[(String, String)]) -> Expr {
        let backend = self.state.backend;
        let mut whens = String::new();
        for (old, new) in renamed {
            whens += &format!(" WHEN {} THEN {}", backend.string(old), backend.string(new));
        }
        let column = Piece::Column(column.id);
        let pieces = vec![
            Piece::Text("CASE ".to_owned()),
            column.clone(),
            Piece::Text(format!("{whens} ELSE ")),
            column,
            Piece::Text(" END".to_owned()),
        ];
        Expr { pieces, opaque: false }
    }

    /// A type with the values of its enum, if it is of one.
    pub(super) fn with_values(&mut self, data_type: &DataType, part: impl PartPath) -> Option<DataType> {
        match data_type.of_enum() {
            None => Some(data_type.clone()),
            Some(of) => {
                let name = of.name.clone();
                self.enum_named(&name, part).map(|with| data_type.with_enum(&with))
            }
        }
    }

    fn enum_named(&mut self, name: &TableName, part: impl PartPath) -> Option<Arc<EnumType>> {
        if let Some(found) = self.state.enum_named(name) {
            return Some(Arc::clone(found));
        }
        let names: Vec<String> = self.state.enums().iter().map(|one| one.name.to_string()).collect();
        self.unknown("enum", name, &names, part);
        None
    }

    /// The place of a value among others.
    fn value_of_enum(&mut self, values: &[String], value: &str, of: &TableName, part: impl PartPath) -> Option<usize> {
        let place = values.iter().position(|other| other == value);
        if place.is_none() {
            let mut diagnostic = self
                .error(Code::TypeMismatch, part, format!("enum `{of}` has no value `{value}` at this point"))
                .note(format!("its values are: {}", values.join(", ")));
            if let Some(near) = nearest(value, values.iter().map(String::as_str)) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            self.report(diagnostic);
        }
        place
    }

    fn value_stands<T>(&mut self, value: &str, of: &TableName, part: impl PartPath) -> Option<T> {
        let diagnostic = self.error(Code::AlreadyExists, part, format!("enum `{of}` has a value `{value}` already"));
        self.report(diagnostic);
        None
    }

    /// Reports values that the backend cannot keep apart, or not at all.
    fn values_fit(&mut self, values: &[String], part: impl PartPath) -> Option<()> {
        let backend = self.state.backend;
        let mut seen = HashSet::new();
        for value in values {
            let message = match backend {
                Backend::Postgres if value.len() > backend.capabilities().max_identifier_bytes => {
                    let most = backend.capabilities().max_identifier_bytes;
                    format!(
                        "the value `{value}` is {} bytes long; on PostgreSQL a value has at most {most}",
                        value.len()
                    )
                }
                Backend::Mysql if value.chars().count() > 255 => {
                    format!("a value of an enum has at most 255 characters on MySQL, and `{value}` has more")
                }
                Backend::Mysql if !seen.insert(value.trim_end().to_lowercase()) => {
                    format!("MySQL does not tell `{value}` from another value: case and blanks at the end do not count")
                }
                Backend::Sqlite | Backend::Postgres | Backend::Mysql => continue,
            };
            let diagnostic = self.error(Code::UnsupportedByBackend, part, message);
            self.report(diagnostic);
            return None;
        }
        Some(())
    }

    /// Reports what is kept as its author wrote it and speaks of a value that gets another name.
    fn value_is_free(&mut self, of: &EnumType, value: &str, part: impl PartPath) -> Option<()> {
        let literal = quoted(value, '\'');
        let speaks = |text: &str| text.contains(&literal);
        let over = |(table, _): (&Arc<Table>, _)| comes_back(table, &speaks).or_else(|| stays(table, &speaks));
        let holder = self.state.columns_of_enum(&of.name).find_map(over);
        let of_text = |function: &Function| function.sql.as_deref().is_some_and(speaks);
        let holder = holder.or_else(|| self.program_that(&speaks)).or_else(|| self.function_that(of_text));
        let Some(holder) = holder else { return Some(()) };
        let message = format!("the value `{value}` cannot be renamed under {holder}");
        let diagnostic = self
            .error(Code::RenameUnderOpaque, part, message)
            .note(format!("{holder} is kept as its author wrote it, and speaks of {literal}"))
            .help("drop it before and make it again after, with the new value");
        self.report(diagnostic);
        None
    }

    /// A view or trigger whose text is so.
    fn program_that(&self, speaks: &dyn Fn(&str) -> bool) -> Option<String> {
        let view = self.state.views().iter().find(|view| speaks(&view.sql));
        let trigger = || self.state.triggers().iter().find(|trigger| speaks(&trigger.sql));
        view.map(|view| format!("view `{}`", view.name))
            .or_else(|| trigger().map(|trigger| format!("trigger `{}`", trigger.name)))
    }

    /// A function that is so.
    fn function_that(&self, is: impl Fn(&Function) -> bool) -> Option<String> {
        let function = self.state.functions().iter().find(|function| is(function))?;
        Some(format!("{} `{}`", function.noun(), function.name))
    }

    /// Reports what casts to an enum that is to go, or is of it by its arguments. Where it is not `gone`
    /// but made anew, what is dropped with it and comes back does not matter.
    fn is_cast_to(&mut self, of: &EnumType, gone: bool, part: impl PartPath) -> Option<()> {
        if !self.state.backend.capabilities().enum_types {
            return Some(());
        }
        let name = of.name.to_string();
        let speaks = |text: &str| names_in_casts(text).contains(&name);
        let of_type = |function: &Function| function.head_names().contains(&name);
        let tables = self.state.tables();
        let mut holder = tables.iter().find_map(|table| stays(table, &speaks)).or_else(|| self.function_that(of_type));
        if gone && holder.is_none() {
            holder = tables.iter().find_map(|table| comes_back(table, &speaks)).or_else(|| self.program_that(&speaks));
        }
        let Some(holder) = holder else { return Some(()) };
        let (message, help) = if gone {
            (format!("{holder} names the type `{name}`"), "drop it before")
        } else {
            (
                format!("{holder} names the type `{name}`, which could not lose the values again under it"),
                "drop it before, and make it again after",
            )
        };
        let diagnostic = self.error(Code::StillReferenced, part, message).help(help);
        self.report(diagnostic);
        None
    }
}

/// A check or index that is so written, which goes with a type that is made anew, and comes back.
fn comes_back(table: &Table, speaks: &dyn Fn(&str) -> bool) -> Option<String> {
    let text = |expr: &Expr| speaks(&expr.print(table, &str::to_owned));
    let check = table.checks.iter().find(|check| text(&check.expr));
    let index = || table.indexes.iter().find(|index| index.expressions().any(text));
    check
        .map(|check| format!("check `{}`", check.name.text))
        .or_else(|| index().map(|index| format!("index `{}`", index.name)))
}

/// A column whose default or computation is so written, which stays where it is.
fn stays(table: &Table, speaks: &dyn Fn(&str) -> bool) -> Option<String> {
    let text = |expr: &Expr| speaks(&expr.print(table, &str::to_owned));
    table.columns.iter().find_map(|column| match (&column.default, &column.generated) {
        (Some(Scalar::Expr(expr)), _) if text(expr) => Some(format!("the default of `{}.{}`", table.name, column.name)),
        (_, Some(how)) if text(&how.expr) => Some(format!("what computes `{}.{}`", table.name, column.name)),
        _ => None,
    })
}
