//! Binding an expression to its table: sqlparser finds the columns it names, and
//! their places in the text are replaced by identities.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "expressions of the parser have hundreds of kinds; what is not bound is kept as text"
)]

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};
use std::sync::OnceLock;

use sqlparser::ast::{Expr as Parsed, Ident, visit_expressions};
use sqlparser::dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::sense::{Judged, Kind, judge, kind};
use super::{Column, ColumnId, Expr, Piece, Table};
use crate::backend::Backend;

/// More tokens than this are not parsed: the parser and its tree recurse.
const MAX_TOKENS: usize = 2_000;

/// Names that every table has and no manifest declares.
const SYSTEM_COLUMNS: [&str; 9] = ["rowid", "_rowid_", "oid", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

/// sqlparser's dialect of a backend.
pub(super) fn dialect(backend: Backend) -> &'static dyn Dialect {
    match backend {
        Backend::Sqlite => &SQLiteDialect {},
        Backend::Postgres => &PostgreSqlDialect {},
        Backend::Mysql => &MySqlDialect {},
    }
}

/// What binding an expression found.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) expr: Expr,
    /// Names in it that are no column of the table.
    pub(super) unknown: Vec<String>,
    /// Whether it makes sense over the types of the columns.
    pub(super) judged: Judged,
}

/// Binds `text` to the columns of `table`. What cannot be parsed, or holds a query of its
/// own, comes back opaque: the text as it is.
pub(super) fn bind(text: &str, table: &Table, backend: Backend) -> Bound {
    let opaque = || Bound {
        expr: Expr { pieces: vec![Piece::Text(text.to_owned())], opaque: true },
        unknown: Vec::new(),
        judged: Judged::UNKNOWN,
    };
    if let Some(parsed) = common_value(text, table, backend) {
        let judged = judged(parsed, table, backend, &|column| kind(&column.data_type));
        return Bound { expr: Expr::text(text), unknown: Vec::new(), judged };
    }
    let Some(tokens) = tokens(text, backend) else { return opaque() };
    let Ok(parsed) = parse_all(tokens, backend) else { return opaque() };

    let places = Places::new(text);
    let mut found: Vec<(Range<usize>, Piece)> = Vec::new();
    let mut unknown = Vec::new();
    let mut queries = false;
    let _ = visit_expressions(&parsed, |expr| {
        match expr {
            Parsed::Identifier(ident) => {
                bind_column(ident, None, table, backend, &places, &mut found, &mut unknown);
            }
            Parsed::CompoundIdentifier(parts) => {
                if let [qualifier, ident] = parts.as_slice() {
                    bind_column(ident, Some(qualifier), table, backend, &places, &mut found, &mut unknown);
                }
            }
            Parsed::Subquery(_) | Parsed::Exists { .. } | Parsed::InSubquery { .. } => queries = true,
            _ => {}
        }
        ControlFlow::<()>::Continue(())
    });
    if queries {
        return opaque();
    }
    let Some(pieces) = cut(text, found, Piece::Text) else { return opaque() };
    let judged = judged(&parsed, table, backend, &|column| kind(&column.data_type));
    Bound { expr: Expr { pieces, opaque: false }, unknown, judged }
}

fn judged(parsed: &Parsed, table: &Table, backend: Backend, kind: &dyn Fn(&Column) -> Kind) -> Judged {
    if backend != Backend::Postgres {
        return Judged::UNKNOWN;
    }
    judge(parsed, &|parts| {
        let ident = parts.last().filter(|_| parts.len() <= 2)?;
        find(&table.columns, &meant(ident), ident.quote_style.is_some(), backend).map(kind)
    })
}

/// Judges an expression that stands, with a column taken for one of another kind.
pub(super) fn judge_with(expr: &Expr, table: &Table, column: ColumnId, as_kind: Kind) -> Judged {
    let backend = Backend::Postgres;
    let text = expr.print(table, &|name| backend.ident(name));
    let Some(Ok(parsed)) = tokens(&text, backend).filter(|_| !expr.opaque).map(|tokens| parse_all(tokens, backend))
    else {
        return Judged::UNKNOWN;
    };
    judged(&parsed, table, backend, &|other| if other.id == column { as_kind } else { kind(&other.data_type) })
}

/// One of the values that most defaults are, parsed once for all.
fn common_value(text: &str, table: &Table, backend: Backend) -> Option<&'static Parsed> {
    const VALUES: [&str; 4] = ["CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "NULL"];
    static PARSED: OnceLock<Vec<Option<Parsed>>> = OnceLock::new();
    let at = VALUES.iter().position(|value| text.eq_ignore_ascii_case(value))?;
    if find(&table.columns, text, false, backend).is_some() {
        return None;
    }
    // They are the same in every dialect.
    let parse = |value: &&str| parse_all(tokens(value, Backend::Postgres)?, Backend::Postgres).ok();
    PARSED.get_or_init(|| VALUES.iter().map(parse).collect()).get(at)?.as_ref()
}

/// The tokens of a text with their places; `None` where it cannot be cut into tokens or is too long to parse.
pub(super) fn tokens(text: &str, backend: Backend) -> Option<Vec<TokenWithSpan>> {
    let tokens = Tokenizer::new(dialect(backend), text).with_unescape(false).tokenize_with_location().ok()?;
    (tokens.len() <= MAX_TOKENS).then_some(tokens)
}

fn parse_all(tokens: Vec<TokenWithSpan>, backend: Backend) -> Result<Parsed, ()> {
    let mut parser = Parser::new(dialect(backend)).with_tokens_with_locations(tokens);
    let parsed = parser.parse_expr().map_err(|_| ())?;
    if parser.peek_token().token == Token::EOF { Ok(parsed) } else { Err(()) }
}

fn bind_column(
    ident: &Ident,
    qualifier: Option<&Ident>,
    table: &Table,
    backend: Backend,
    places: &Places<'_>,
    found: &mut Vec<(Range<usize>, Piece)>,
    unknown: &mut Vec<String>,
) {
    let quoted = ident.quote_style.is_some();
    let column = find(&table.columns, &meant(ident), quoted, backend);
    let (Some(column), Some(range)) = (column, places.of(ident.span)) else {
        // In SQLite a double-quoted name that is no column is a string.
        let a_string = backend == Backend::Sqlite && quoted;
        if column.is_none() && !a_string && qualifier.is_none() && !is_system_column(&ident.value) {
            unknown.push(meant(ident).into_owned());
        }
        return;
    };
    if let Some(qualifier) = qualifier {
        let means = backend.sql_ident_means(&meant(qualifier), qualifier.quote_style.is_some(), &table.name.name);
        match places.of(qualifier.span) {
            Some(place) if means => found.push((place, Piece::Table)),
            _ => return,
        }
    }
    found.push((range, Piece::Column(column.id)));
}

/// The name that an identifier means: a doubled quote in quotes is one.
pub(super) fn meant(ident: &Ident) -> Cow<'_, str> {
    match ident.quote_style {
        Some(quote @ ('"' | '`')) if ident.value.contains(quote) => {
            Cow::Owned(ident.value.replace(&format!("{quote}{quote}"), &quote.to_string()))
        }
        _ => Cow::Borrowed(&ident.value),
    }
}

/// Whether it is a name that every table has.
pub(super) fn is_system_column(name: &str) -> bool {
    SYSTEM_COLUMNS.contains(&name.to_ascii_lowercase().as_str())
}

fn find<'a>(columns: &'a [Column], written: &str, quoted: bool, backend: Backend) -> Option<&'a Column> {
    columns.iter().find(|column| backend.sql_ident_means(written, quoted, &column.name))
}

/// The places of tokens in a text, as bytes.
pub(super) struct Places<'t> {
    pub(super) text: &'t str,
    /// Where each line starts.
    lines: Vec<usize>,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, lines: std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect() }
    }

    pub(super) fn of(&self, span: Span) -> Option<Range<usize>> {
        let (start, end) = (self.offset(span.start)?, self.offset(span.end)?);
        (start < end).then_some(start..end)
    }

    /// What is written there.
    pub(super) fn written(&self, range: &Range<usize>) -> Option<String> {
        self.text.get(range.clone()).map(str::to_owned)
    }

    /// Lines and columns count from 1, columns in characters.
    fn offset(&self, location: Location) -> Option<usize> {
        let line = usize::try_from(location.line).ok()?.checked_sub(1)?;
        let column = usize::try_from(location.column).ok()?.checked_sub(1)?;
        let start = *self.lines.get(line)?;
        let rest = self.text.get(start..)?;
        let within = rest.char_indices().map(|(at, _)| at).chain([rest.len()]).nth(column)?;
        Some(start + within)
    }
}

/// A text cut at what was found in it, with the text between, in order.
pub(super) fn cut<P>(text: &str, mut found: Vec<(Range<usize>, P)>, plain: impl Fn(String) -> P) -> Option<Vec<P>> {
    found.sort_by_key(|(range, _)| range.start);
    found.dedup_by_key(|(range, _)| range.start);
    let mut pieces = Vec::with_capacity(found.len() * 2 + 1);
    let between = |from: usize, to: usize| Some(Some(text.get(from..to)?).filter(|text| !text.is_empty()));
    let mut at = 0;
    for (range, piece) in found {
        pieces.extend(between(at, range.start)?.map(|text| plain(text.to_owned())));
        pieces.push(piece);
        at = range.end;
    }
    pieces.extend(between(at, text.len())?.map(|text| plain(text.to_owned())));
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::TableName;
    use crate::operation::DataType;
    use crate::state::TableId;

    #[test]
    fn a_doubled_quote_in_a_name_is_one() {
        for backend in [Backend::Sqlite, Backend::Postgres] {
            let bound = bind(r#""a ""b""" <> ''"#, &table(&[r#"a "b""#]), backend);
            assert_eq!((bound.expr.columns().count(), bound.unknown), (1, vec![]));
        }
    }

    fn table(columns: &[&str]) -> Table {
        let columns = columns.iter().zip(0..).map(|(name, id)| Column {
            id: ColumnId(id),
            name: (*name).into(),
            data_type: DataType::Text,
            null: true,
            default: None,
            auto_increment: false,
            sequence: None,
            comment: None,
            generated: None,
            collation: None,
        });
        Table {
            id: TableId(100),
            name: TableName::bare("t"),
            columns: columns.collect(),
            primary_key: None,
            uniques: vec![],
            foreign_keys: vec![],
            checks: vec![],
            indexes: vec![],
            options: None,
            comment: None,
        }
    }

    fn renamed(text: &str, backend: Backend) -> (String, Vec<String>) {
        let mut t = table(&["a", "b", "Größe"]);
        let bound = bind(text, &t, backend);
        assert!(!bound.expr.opaque, "{text}");
        t.columns[0].name = "x".into();
        t.name.name = "u".into();
        (bound.expr.print(&t, &|name| format!("[{name}]")), bound.unknown)
    }

    #[test]
    fn only_the_columns_of_the_table_are_replaced() {
        for backend in [Backend::Sqlite, Backend::Postgres] {
            let (text, unknown) = renamed("length(a) > 3 AND b IN ('a', 'b') -- a\n AND t.a IS NOT NULL", backend);
            assert_eq!(text, "length([x]) > 3 AND [b] IN ('a', 'b') -- a\n AND [u].[x] IS NOT NULL");
            assert_eq!(unknown, Vec::<String>::new());
        }
    }

    #[test]
    fn places_count_characters_not_bytes() {
        let (text, _) = renamed("'äöü' <> \"Größe\" AND a > 'ß'", Backend::Sqlite);
        assert_eq!(text, "'äöü' <> [Größe] AND [x] > 'ß'");
    }

    #[test]
    fn unquoted_names_fold_as_the_backend_folds() {
        assert_eq!(renamed("A = 1", Backend::Postgres).0, "[x] = 1");
        assert_eq!(renamed("\"A\" = 1", Backend::Postgres).1, ["A"]);
        assert_eq!(renamed("\"A\" = 1", Backend::Sqlite).0, "[x] = 1");
    }

    #[test]
    fn unknown_names_are_told_and_system_columns_are_not() {
        assert_eq!(renamed("c > rowid", Backend::Sqlite).1, ["c"]);
    }

    #[test]
    fn queries_and_nonsense_are_opaque() {
        for text in ["a IN (SELECT a FROM t)", "a >", "(((", "'", &"a AND ".repeat(5_000)] {
            assert!(bind(text, &table(&["a"]), Backend::Sqlite).expr.opaque, "{text:.20}");
        }
    }
}
