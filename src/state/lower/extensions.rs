//! Extensions: what may need one.

use super::{Change, Changes, Lower};
use crate::diagnostic::{Code, Severity};
use crate::operation::DataType;
use crate::sql_text::{called, mentions};
use crate::state::{Expr, Extension, Index};

impl Lower<'_> {
    pub(super) fn create_extension(&mut self, name: &str) -> Changes {
        self.create_object(Ok(Extension { name: name.to_owned(), made_here: true }))
    }

    pub(super) fn drop_extension(&mut self, name: &str) -> Changes {
        let extension = Extension { name: name.to_owned(), made_here: false };
        self.existing_object(&extension)?;
        self.nothing_is_of(name)?;
        Some(vec![Change::drop(extension)])
    }

    /// Reports what is of a type of an extension's name, and warns of what may need the extension.
    fn nothing_is_of(&mut self, extension: &str) -> Option<()> {
        let (mut sure, mut perhaps) = (None, None);
        for table in self.state.tables() {
            for column in &table.columns {
                let of = match &column.data_type {
                    DataType::Verbatim(text) => mentions(&text.to_lowercase(), extension),
                    DataType::Vector(_) => extension == "vector",
                    DataType::SmallInt { .. }
                    | DataType::Integer { .. }
                    | DataType::BigInt { .. }
                    | DataType::Float
                    | DataType::Double
                    | DataType::Decimal { .. }
                    | DataType::Boolean
                    | DataType::Char(_)
                    | DataType::String(_)
                    | DataType::Text
                    | DataType::Date
                    | DataType::Time
                    | DataType::DateTime
                    | DataType::TimestampTz
                    | DataType::Binary(_)
                    | DataType::Blob
                    | DataType::Json
                    | DataType::Jsonb
                    | DataType::Uuid
                    | DataType::Interval
                    | DataType::Inet
                    | DataType::Cidr
                    | DataType::Macaddr
                    | DataType::Enum(_)
                    | DataType::Array(_) => continue,
                };
                let place = if of { &mut sure } else { &mut perhaps };
                place
                    .get_or_insert_with(|| format!("`{}.{}`, which is {},", table.name, column.name, column.data_type));
            }
        }
        if let Some(what) = sure {
            let message = format!("{what} needs the extension `{extension}`");
            let diagnostic = self.error(Code::StillReferenced, "object", message).help("drop it first");
            self.report(diagnostic);
            return None;
        }
        let perhaps = perhaps.or_else(|| self.calls_something().then(|| "what calls functions".to_owned()));
        if let Some(what) = perhaps {
            let message = format!("whether {what} needs the extension `{extension}` is not known");
            let mut diagnostic = self
                .error(Code::StillReferenced, "object", message)
                .help("the database refuses to drop an extension that something needs");
            diagnostic.severity = Severity::Warning;
            self.report(diagnostic);
        }
        Some(())
    }

    /// Whether something that stands calls a function that no migration makes.
    fn calls_something(&self) -> bool {
        let foreign = |name: &str| self.state.function(name).is_none() && !is_keyword(name);
        self.state.tables().iter().any(|table| {
            let named = |index: &Index| index.using.is_some() || index.parts.iter().any(|part| part.opclass.is_some());
            table.expressions().flat_map(Expr::called).any(foreign) || table.indexes.iter().any(named)
        }) || self.state.views().iter().any(|view| called(&view.sql).any(foreign))
    }
}

/// Words that a bracket can follow without a call, and functions that each PostgreSQL has.
fn is_keyword(word: &str) -> bool {
    const WORDS: [&str; 24] = [
        "in",
        "and",
        "or",
        "not",
        "as",
        "on",
        "values",
        "numeric",
        "varchar",
        "char",
        "lower",
        "upper",
        "coalesce",
        "now",
        "length",
        "nextval",
        "count",
        "sum",
        "max",
        "min",
        "gen_random_uuid",
        "abs",
        "concat",
        "exists",
    ];
    WORDS.iter().any(|other| other.eq_ignore_ascii_case(word))
}
