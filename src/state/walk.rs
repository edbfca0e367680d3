//! One walk over a statement or a query finds every relation, function and column name in it, wherever it stands.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "expressions of the parser have hundreds of kinds; what is not named is not looked at"
)]

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, Statement, TableFactor,
    Visitor,
};

/// What a walk over a statement found.
#[derive(Default)]
pub(super) struct Walked {
    /// Relations that are read, as they are written.
    pub(super) relations: Vec<ObjectName>,
    /// How many queries there are.
    pub(super) queries: usize,
    /// Names of common table expressions.
    pub(super) ctes: Vec<Ident>,
    /// Names of queries in FROM, and aliases.
    pub(super) own: Vec<Ident>,
    /// Names that columns may have, with what stands in front.
    pub(super) columns: Vec<(Option<Ident>, Ident)>,
    /// Names that tables go by: name, alias.
    pub(super) aliases: Vec<(ObjectName, Ident)>,
    /// Functions that stand where a table may.
    pub(super) functions: Vec<ObjectName>,
    /// A bare `*` stands somewhere.
    pub(super) star: bool,
    /// What stands in front of `.*`.
    pub(super) stars_of: Vec<ObjectName>,
    /// Statements inside the statement: data-modifying common table expressions.
    pub(super) inner: Vec<Statement>,
    /// A column's name has more in front than its table, or fields behind it.
    pub(super) odd: bool,
    /// Something that may do anything: a function of which nothing is known, SELECT INTO.
    pub(super) unread: bool,
    /// The outermost statement was seen.
    inside: bool,
}

impl Visitor for Walked {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        if self.inside {
            self.inner.push(statement.clone());
        }
        self.inside = true;
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.relations.push(relation.clone());
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.queries += 1;
        let named = query.with.iter().flat_map(|with| &with.cte_tables);
        self.ctes.extend(named.map(|cte| cte.alias.name.clone()));
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.unread |= select.into.is_some();
        for item in &select.projection {
            match item {
                SelectItem::Wildcard(_) => self.star = true,
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    self.stars_of.push(name.clone());
                }
                SelectItem::QualifiedWildcard(..) => self.star = true,
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, alias, args, .. } => {
                if args.is_some() {
                    self.unread |= !is_harmless(name);
                    self.functions.push(name.clone());
                }
                if let Some(alias) = alias {
                    self.own.push(alias.name.clone());
                    self.aliases.push((name.clone(), alias.name.clone()));
                }
            }
            TableFactor::Derived { alias, .. } => self.own.extend(alias.iter().map(|alias| alias.name.clone())),
            TableFactor::NestedJoin { .. } => {}
            _ => self.unread = true,
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => self.unread |= !is_harmless(&function.name),
            Expr::Identifier(name) => self.columns.push((None, name.clone())),
            Expr::CompoundIdentifier(parts) => {
                self.odd |= parts.len() != 2;
                match parts.as_slice() {
                    [.., table, column] => self.columns.push((Some(table.clone()), column.clone())),
                    _ => self.unread = true,
                }
            }
            Expr::CompoundFieldAccess { .. } => self.odd = true,
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// A name of one part.
pub(super) fn single(name: &ObjectName) -> Option<&Ident> {
    match name.0.as_slice() {
        [part] => part.as_ident(),
        _ => None,
    }
}

/// Functions that read nothing but their arguments, the clock and the session, and change nothing.
fn is_harmless(name: &ObjectName) -> bool {
    const HARMLESS: [&str; 104] = [
        "abs",
        "age",
        "array_agg",
        "array_length",
        "array_position",
        "array_to_string",
        "avg",
        "bool_and",
        "bool_or",
        "btrim",
        "cast",
        "ceil",
        "ceiling",
        "char_length",
        "character_length",
        "coalesce",
        "concat",
        "concat_ws",
        "count",
        "cume_dist",
        "current_date",
        "current_setting",
        "current_time",
        "current_timestamp",
        "current_user",
        "date",
        "date_part",
        "date_trunc",
        "datetime",
        "dense_rank",
        "encode",
        "decode",
        "every",
        "exp",
        "extract",
        "first_value",
        "floor",
        "format",
        "gen_random_uuid",
        "greatest",
        "group_concat",
        "hex",
        "ifnull",
        "iif",
        "initcap",
        "instr",
        "json_agg",
        "json_array",
        "json_build_array",
        "json_build_object",
        "json_each",
        "json_extract",
        "json_object",
        "json_set",
        "jsonb_agg",
        "jsonb_build_array",
        "jsonb_build_object",
        "jsonb_set",
        "julianday",
        "lag",
        "last_value",
        "lead",
        "least",
        "left",
        "length",
        "ln",
        "log",
        "lower",
        "lpad",
        "ltrim",
        "make_date",
        "max",
        "md5",
        "min",
        "mod",
        "now",
        "ntile",
        "nullif",
        "octet_length",
        "power",
        "printf",
        "random",
        "rank",
        "regexp_replace",
        "repeat",
        "replace",
        "reverse",
        "right",
        "round",
        "row_number",
        "rpad",
        "rtrim",
        "sign",
        "split_part",
        "sqrt",
        "strftime",
        "string_agg",
        "substr",
        "substring",
        "sum",
        "to_char",
        "trim",
        "upper",
        "version",
    ];
    let Some(name) = single(name) else { return false };
    HARMLESS.contains(&name.value.to_ascii_lowercase().as_str())
}
