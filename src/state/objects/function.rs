//! Functions and procedures: kept as their authors wrote them.

use std::sync::Arc;

use super::{Declaration, Object, ObjectKind, Phase, SchemaObject, StandaloneObject, ToObject, function_head, take};
use crate::backend::Backend;
use crate::ident::FunctionName;
use crate::sql_text::{Lexeme, called, lexemes, mentions, names_in_casts};
use crate::state::{SqlAccess, State, StateError, Uses, Verb, say};

/// A function or procedure, kept as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Function {
    /// As DROP takes it.
    pub name: FunctionName,
    /// Its arguments, each as words in lower case; `None` where only the author of raw SQL says that there is such a
    /// function.
    pub types: Option<Vec<String>>,
    pub procedure: bool,
    /// The whole statement that makes it, without a closing semicolon; `None` where that is not known.
    pub sql: Option<String>,
    /// What it touches; of one that raw SQL made, its statement says it.
    pub access: Arc<SqlAccess>,
}

impl Function {
    /// A function that only its author says to stand.
    pub(crate) fn declared(name: &str) -> Self {
        let name = FunctionName { name: name.to_owned(), ..FunctionName::default() };
        Self { name, ..Self::default() }
    }

    /// `function` or `procedure`.
    #[must_use]
    pub const fn noun(&self) -> &'static str {
        if self.procedure { "procedure" } else { "function" }
    }

    /// Types that its head may name, and those that its body casts to; folded, as PostgreSQL does.
    #[must_use]
    pub fn type_names(&self) -> Vec<String> {
        let Some(sql) = &self.sql else { return Vec::new() };
        let mut names = names_in_casts(sql);
        names.extend(self.head_names());
        names
    }

    /// The words of its arguments and of its type, folded, with the schema in front.
    pub(crate) fn head_names(&self) -> Vec<String> {
        let Some(sql) = &self.sql else { return Vec::new() };
        function_head::head(sql, Backend::Postgres).map(|head| head.type_names()).unwrap_or_default()
    }

    /// Whether it needs something of that name when it is made: anything of one in SQL, which the database reads then; the types
    /// of any other.
    fn speaks_of(&self, name: &str) -> bool {
        if self.is_read_when_made() {
            return mentions(self.sql.as_deref().unwrap_or_default(), name);
        }
        self.head_names().iter().any(|other| other.rsplit('.').next() == Some(name))
    }

    /// Whether the database reads its body when it is made: one in SQL.
    pub(crate) fn is_read_when_made(&self) -> bool {
        let words = lexemes(self.sql.as_deref().unwrap_or_default(), None);
        let named = words.windows(2).find_map(|pair| match pair {
            [first, Lexeme::Word(second) | Lexeme::Quoted(second)] if first.is("language") => Some(*second),
            _ => None,
        });
        named.is_none_or(|language| language.trim_matches(['\'', '"']).eq_ignore_ascii_case("sql"))
    }

    /// Whether both cannot stand: of one name and schema, and, where functions may share a name, of the same arguments.
    pub(crate) fn clashes(&self, other: &Self, backend: Backend) -> bool {
        let named =
            backend.fold(&self.name.name) == backend.fold(&other.name.name) && self.name.schema == other.name.schema;
        let overloads = backend.capabilities().overloads;
        let typed = !overloads || self.types.is_none() || other.types.is_none() || self.types == other.types;
        // Functions and procedures have names apart where they are not told by their arguments.
        named && typed && (overloads || self.procedure == other.procedure)
    }
}

impl SchemaObject for Function {
    fn kind(&self) -> ObjectKind {
        ObjectKind::Function
    }

    fn noun(&self) -> &'static str {
        self.noun()
    }

    fn full_name(&self) -> String {
        self.name.to_string()
    }

    fn schema(&self) -> Option<&str> {
        self.name.schema.as_deref()
    }

    fn is_known(&self) -> bool {
        self.types.is_some()
    }

    fn fact(&self, _: &State) -> String {
        format!("{} {}: {}", self.noun(), self.name, self.sql.as_deref().unwrap_or_default())
    }
}

impl StandaloneObject for Function {
    fn phase(&self, state: &State) -> Phase {
        if state.objects.views.iter().any(|view| self.speaks_of(&view.name.name)) {
            return Phase::AfterViews;
        }
        let of_table = state.tables.values().any(|table| self.speaks_of(&table.name.name));
        if of_table { Phase::AfterTables } else { Phase::BeforeTables }
    }

    fn declaration(&self, state: &State) -> Declaration {
        let sql = self.sql.as_deref().unwrap_or_default();
        let mut keys = vec![("create_function", self.name.to_string().into()), ("definition", sql.into())];
        // What a body does cannot be read in general, and was declared or accepted where it was made.
        for (key, ids) in [("reads", &self.access.reads), ("writes", &self.access.writes)] {
            let tables = ids.iter().filter_map(|id| state.table(*id)).map(|table| table.name.to_string());
            let tables: toml_edit::Array = tables.collect();
            if !tables.is_empty() {
                keys.push((key, tables.into()));
            }
        }
        keys
    }

    fn create(&self, state: &mut State) -> Result<Object, StateError> {
        if let Some(other) = state.function_at(self).and_then(|at| state.objects.functions.get(at)) {
            return Err(StateError::exists(other));
        }
        state.unknowns |= self.access.unread;
        state.objects.functions.push(self.clone());
        Ok(self.object())
    }

    fn uses(&self, verb: Verb, uses: &mut Uses<'_>) {
        let words = say!(uses, verb.does(), "the {} {}", self.noun(), self.name);
        uses.object("function", self.name.name.to_lowercase(), verb, words);
        if uses.state.backend().capabilities().enum_types {
            uses.types(self.type_names(), verb.held());
            self.name.schema.iter().for_each(|schema| uses.schema(schema));
        }
        if verb != Verb::Drop {
            uses.raw(&self.access);
        }
    }

    fn drop(&self, state: &mut State) -> Result<Object, StateError> {
        let backend = state.backend;
        take(&mut state.objects.functions, self, |other| other.clashes(self, backend))
    }

    fn access(&self) -> Option<&SqlAccess> {
        Some(&self.access)
    }
}

impl State {
    /// Functions, in the order they were made.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.objects.functions
    }

    /// A function of that name, in whatever case and schema; of several, the one made first.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.objects.functions.iter().find(|function| function.name.name.eq_ignore_ascii_case(name))
    }

    /// Where a function is that cannot exist beside that one.
    fn function_at(&self, function: &Function) -> Option<usize> {
        self.objects.functions.iter().position(|other| other.clashes(function, self.backend))
    }

    /// Puts a function in the place of another, which is given.
    pub(in crate::state) fn replace_function(
        &mut self,
        from: &Function,
        to: &Function,
    ) -> Result<Function, StateError> {
        let existing = self.function_at(from).and_then(|at| self.objects.functions.get_mut(at));
        let existing = existing.ok_or_else(|| StateError::missing(from))?;
        Ok(std::mem::replace(existing, to.clone()))
    }

    /// Whether a text calls a function that exists: what a server's own of that name takes does not count then.
    pub(crate) fn calls_own(&self, text: &str) -> bool {
        !self.objects.functions.is_empty() && called(text).any(|name| self.function(name).is_some())
    }

    /// Whether something that exists may call a function, so that it cannot be dropped.
    pub(in crate::state) fn calls_function(&self, name: &str) -> bool {
        let in_text = |text: &str| called(text).any(|called| called.eq_ignore_ascii_case(name));
        let mut lines = std::collections::BTreeSet::new();
        self.tables.values().for_each(|table| self.describe_table(table, &mut lines));
        self.objects.triggers.iter().any(|trigger| in_text(&trigger.sql))
            || self.objects.views.iter().any(|view| in_text(&view.sql))
            || lines.iter().any(|line| in_text(line))
    }
}
