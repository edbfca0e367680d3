//! Functions and triggers: what their authors wrote is kept, and held against the name that the manifest gives.

use std::sync::Arc;

use super::super::objects::{Head, function_head, types};
use super::super::read_sql::{Reading, executed, read};
use super::super::trial::Trial;
use super::sql::{declare, tidy};
use super::{Changes, Declared, Lower};
use crate::backend::Backend;
use crate::diagnostic::{Code, Severity, nearest};
use crate::ident::{FunctionName, TableName};
use crate::operation::Text;
use crate::state::{Change, Function, Object, SqlAccess, Trigger};

impl Lower<'_> {
    pub(super) fn create_trigger(&mut self, on: &TableName, name: &str, definition: &Text) -> Changes {
        let sql = trimmed(self.branch(definition, "definition")?).to_owned();
        if !self.fits(name, "object") {
            return None;
        }
        if self.trigger_named(on, name).is_some() {
            let message = format!("trigger `{name}` on `{on}` stands already");
            let diagnostic = self.error(Code::AlreadyExists, "object", message);
            self.report(diagnostic);
            return None;
        }
        let reading = self.read(&sql, None);
        let mut made = reading.effects.into_iter().filter_map(|change| {
            if let Change::Create(Object::Trigger(trigger)) = change { Some(trigger) } else { None }
        });
        let said = reading.diagnostics.iter().any(crate::diagnostic::Diagnostic::is_error);
        self.found.extend(reading.diagnostics);
        let (Some(trigger), None) = (made.next(), made.next()) else {
            if !said {
                let message = format!("the definition of trigger `{name}` is not a CREATE TRIGGER statement");
                let diagnostic = self
                    .error(Code::WrongValue, "definition", message)
                    .help("write the whole statement, from CREATE TRIGGER to its end");
                self.report(diagnostic);
            }
            return None;
        };
        let backend = self.state.backend;
        let fold = |name: &TableName| (name.schema.clone(), backend.fold(&name.name).into_owned());
        if backend.fold(&trigger.name) != backend.fold(name) || fold(&trigger.table) != fold(on) {
            let message = format!(
                "the definition makes trigger `{}` on `{}`, not `{name}` on `{on}`",
                trigger.name, trigger.table
            );
            let diagnostic = self.error(Code::WrongValue, "definition", message);
            self.report(diagnostic);
            return None;
        }
        let mut access = reading.access;
        if access.opaque
            && let Some(function) = self.executes_unknown(&trigger)
        {
            // Said in so many words, it need not be said again that it could not be read.
            access.opaque = false;
            let message = format!("trigger `{name}` executes a function `{function}`, which nothing here makes");
            let mut diagnostic = self
                .error(Code::UnknownTable, "definition", message)
                .help(format!("make it before: create_function = \"{function}()\""));
            diagnostic.severity = Severity::Warning;
            self.report(diagnostic);
        }
        Some(vec![Change::create(Trigger { access: Arc::new(access), ..trigger })])
    }

    /// The function that a trigger executes, where none of that name is known.
    fn executes_unknown(&self, trigger: &Trigger) -> Option<String> {
        let unknown = |name: &String| self.state.knows_all() && self.state.function(name).is_none();
        (self.state.backend == Backend::Postgres).then(|| executed(&trigger.sql)).flatten().filter(unknown)
    }

    pub(super) fn drop_trigger(&mut self, on: &TableName, name: &str) -> Changes {
        let Some(trigger) = self.trigger_named(on, name).cloned() else {
            let message = format!("there is no trigger `{name}` on `{on}` at this point");
            let mut diagnostic = self.error(Code::UnknownTable, "object", message);
            let names: Vec<&str> = self.state.triggers().iter().map(|trigger| trigger.name.as_str()).collect();
            let elsewhere = self.state.triggers().iter().find(|trigger| trigger.name == name);
            if let Some(trigger) = elsewhere {
                diagnostic = diagnostic.help(format!("it is on `{}`: on = \"{}\"", trigger.table, trigger.table));
            } else if let Some(near) = nearest(name, names) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            self.report(diagnostic);
            return None;
        };
        Some(vec![Change::drop(trigger)])
    }

    fn trigger_named(&self, on: &TableName, name: &str) -> Option<&Trigger> {
        let (backend, table) = (self.state.backend, self.state.table_named(on).map(|table| table.id));
        self.state.triggers().iter().find(|trigger| {
            let same_table = if table.is_some() { trigger.table_id == table } else { trigger.table == *on };
            same_table && backend.fold(&trigger.name) == backend.fold(name)
        })
    }

    /// What a statement comes to, read as raw SQL is. `without` is a function that is away meanwhile.
    fn read(&mut self, sql: &str, without: Option<&Function>) -> Reading {
        let span = self.span("definition");
        let mut trial = Trial::new(self.state);
        if let Some(function) = without {
            let _ = trial.apply(&Change::drop(function.clone()));
        }
        let mut reading = read(sql, &mut trial, span);
        trial.end();
        tidy(&mut reading.access);
        // What is made is known by its name, whatever is in it.
        reading.access.unread = false;
        reading
    }

    pub(super) fn make_function(&mut self, name: &FunctionName, text: &Text, declared: &Declared<'_>) -> Changes {
        let (function, _) = self.function(name, text, declared, None)?;
        let backend = self.state.backend;
        if let Some(other) = self.state.functions().iter().find(|other| other.clashes(&function, backend)) {
            let message = format!("{} `{}` stands already", other.noun(), other.name);
            let diagnostic = self
                .error(Code::AlreadyExists, "object", message)
                .help(format!("to change it: replace_function = \"{name}\""));
            self.report(diagnostic);
            return None;
        }
        Some(vec![Change::create(function)])
    }

    /// In its place where PostgreSQL can; else it is dropped and made again.
    pub(super) fn replace_function(&mut self, name: &FunctionName, text: &Text, declared: &Declared<'_>) -> Changes {
        let from = self.standing_function(name)?;
        let (to, head) = self.function(name, text, declared, Some(&from))?;
        let backend = self.state.backend;
        let before = from.sql.as_deref().and_then(|sql| function_head(sql, backend));
        let same = before.is_some_and(|before| {
            before.fixed == head.fixed && before.procedure == head.procedure && before.defaults == head.defaults
        });
        if backend == Backend::Postgres && same {
            return Some(vec![Change::ReplaceFunction { from, to }]);
        }
        self.function_may_go(&from)?;
        Some(vec![Change::drop(from), Change::create(to)])
    }

    pub(super) fn drop_function(&mut self, name: &FunctionName) -> Changes {
        let function = self.standing_function(name)?;
        self.function_may_go(&function)?;
        Some(vec![Change::drop(function)])
    }

    /// A function as its author wrote it, held against the name it is given.
    fn function(
        &mut self,
        name: &FunctionName,
        text: &Text,
        declared: &Declared<'_>,
        instead_of: Option<&Function>,
    ) -> Option<(Function, Head)> {
        let backend = self.state.backend;
        if !backend.capabilities().functions {
            let message = format!("{} has no functions of the database's own", backend.title());
            let help = "`backends = [\"postgres\"]` keeps the operation away from it";
            let diagnostic = self.error(Code::UnsupportedByBackend, "object", message).help(help);
            self.report(diagnostic);
            return None;
        }
        let sql = trimmed(self.branch(text, "definition")?).to_owned();
        if !self.fits(&name.name, "object") {
            return None;
        }
        self.schema_fits(&TableName { schema: name.schema.clone(), name: name.name.clone() }, "object")?;
        let Some(head) = function_head(&sql, backend) else {
            let message = format!("the definition of `{name}` is not a CREATE FUNCTION or CREATE PROCEDURE statement");
            let diagnostic = self
                .error(Code::WrongValue, "definition", message)
                .help("write the whole statement, from CREATE to the end of its body");
            self.report(diagnostic);
            return None;
        };
        let asked = types(&name.args, backend);
        let same_name = backend.fold(&head.name) == backend.fold(&name.name) && head.schema == name.schema;
        // An argument's own name may stand in front of its type.
        let is_type = |(arg, asked): (&Vec<String>, &Vec<String>)| arg == asked || arg.get(1..) == Some(asked);
        let same_args = !backend.capabilities().overloads
            || head.args.len() == asked.len() && head.args.iter().zip(&asked).all(is_type);
        if !same_name || !same_args {
            let args: Vec<String> = head.args.iter().map(|arg| spelled(arg)).collect();
            let made = FunctionName { schema: head.schema.clone(), name: head.name.clone(), args: args.join(", ") };
            let message = format!("the definition makes `{made}`, not `{name}`");
            let diagnostic = self
                .error(Code::WrongValue, "definition", message)
                .help("the name has the types of the arguments as the definition has them: `f(integer, text)`");
            self.report(diagnostic);
            return None;
        }
        let mut access = self.function_access(&sql, instead_of);
        declare(&mut access, declared, self.state);
        tidy(&mut access);
        let types = asked.iter().map(|arg| spelled(arg)).collect();
        let (procedure, name) = (head.procedure, name.clone());
        let function = Function { name, types: Some(types), procedure, sql: Some(sql), access: Arc::new(access) };
        Some((function, head))
    }

    fn function_access(&mut self, sql: &str, instead_of: Option<&Function>) -> SqlAccess {
        if self.state.backend == Backend::Postgres {
            return self.read(sql, instead_of).access;
        }
        // MySQL looks into a body when it is called, and what calls it may touch any rows then.
        SqlAccess::default()
    }

    /// A function by its name, with a definition to come back to.
    fn standing_function(&mut self, name: &FunctionName) -> Option<Function> {
        let backend = self.state.backend;
        let asked: Vec<String> = types(&name.args, backend).iter().map(|arg| spelled(arg)).collect();
        let overloads = backend.capabilities().overloads;
        let found = self.state.functions().iter().find(|other| {
            backend.fold(&other.name.name) == backend.fold(&name.name)
                && other.name.schema == name.schema
                && (!overloads || other.types.as_ref().is_none_or(|types| *types == asked))
        });
        let Some(function) = found.cloned() else {
            let mut diagnostic =
                self.error(Code::UnknownTable, "object", format!("there is no function `{name}` at this point"));
            let names: Vec<String> = self.state.functions().iter().map(|other| other.name.to_string()).collect();
            let same = self.state.function(&name.name).map(|other| other.name.to_string());
            if let Some(near) = same.as_deref().or_else(|| nearest(&name.to_string(), names.iter().map(String::as_str)))
            {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            } else if !backend.capabilities().functions {
                diagnostic = diagnostic.note(format!("{} has no functions of the database's own", backend.title()));
            } else {
                diagnostic = diagnostic.help("if another migration makes it, name that migration in `requires`");
            }
            self.report(diagnostic);
            return None;
        };
        if function.sql.is_none() {
            let message = format!("what `{name}` is at this point is not known: SQL made it that could not be read");
            let diagnostic = self
                .error(Code::NoWayDown, "object", message)
                .help("write this as `sql`, with a `down` that makes the function as it was");
            self.report(diagnostic);
            return None;
        }
        Some(function)
    }

    /// Reports `still-referenced` where a trigger executes a function; a warning where something else may call it.
    fn function_may_go(&mut self, function: &Function) -> Option<()> {
        if self.state.backend != Backend::Postgres {
            return Some(());
        }
        let name = &function.name.name;
        let by = self
            .state
            .triggers()
            .iter()
            .find(|trigger| executed(&trigger.sql).is_some_and(|executed| executed == name.to_lowercase()))
            // A trigger's function has no arguments.
            .filter(|_| function.types.as_ref().is_none_or(Vec::is_empty));
        if let Some(trigger) = by {
            let message = format!(
                "function `{}` is still executed by the trigger `{}` on `{}`",
                function.name, trigger.name, trigger.table
            );
            let diagnostic = self.error(Code::StillReferenced, "object", message).help("drop the trigger first");
            self.report(diagnostic);
            return None;
        }
        if self.state.calls_function(name) {
            let message = format!("something that stands calls a function `{name}`, which goes here");
            let mut diagnostic =
                self.error(Code::StillReferenced, "object", message).note("PostgreSQL refuses where it is this one");
            diagnostic.severity = Severity::Warning;
            self.report(diagnostic);
        }
        Some(())
    }
}

/// A statement without what stands around it.
fn trimmed(sql: &str) -> &str {
    sql.trim().trim_end_matches(';').trim_end()
}

/// The words of an argument as one text.
fn spelled(arg: &[String]) -> String {
    let mut text = String::new();
    for word in arg {
        let close = matches!(word.as_str(), "(" | ")" | "," | "[" | "]" | ".") || text.ends_with(['(', '[', '.']);
        if !text.is_empty() && !close {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}
