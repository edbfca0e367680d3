//! The SQL of generated operations: for each kind of text of the grammar, one that the backend takes.

use dbmigrate::backend::Backend;
use dbmigrate::grammar::{Shape, Sql, Thing};
use dbmigrate::ident::TableName;
use dbmigrate::state::Table;

use super::values::{Maker, Own};

/// What can be done with values of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Number,
    Text,
    Other,
}

fn class(data_type: &str) -> Class {
    match data_type.split('(').next().unwrap_or_default() {
        "integer" | "bigint" | "smallint" | "unsigned integer" | "unsigned bigint" | "unsigned smallint" | "float"
        | "double" | "decimal" => Class::Number,
        "char" | "string" | "text" => Class::Text,
        _ => Class::Other,
    }
}

impl Maker<'_> {
    fn quote(&self, name: &str) -> String {
        self.backend.ident(name)
    }

    fn quote_table(&self, name: &TableName) -> String {
        let schema = name.schema.as_ref().map(|schema| format!("{}.", self.quote(schema))).unwrap_or_default();
        format!("{schema}{}", self.quote(&name.name))
    }

    /// A text of a kind; `None` where nothing exists that it could speak of.
    pub fn sql(&mut self, sql: Sql) -> Option<String> {
        Some(match sql {
            Sql::Condition => self.condition()?,
            Sql::Expression => self.expression()?,
            Sql::Query => self.query()?,
            Sql::Definition => self.definition()?,
            Sql::Statement => self.statement()?,
            Sql::Collation => match self.backend {
                Backend::Sqlite => "NOCASE",
                Backend::Postgres => "C",
                Backend::Mysql => "utf8mb4_bin",
            }
            .to_owned(),
            Sql::Method => self.pick(&["btree", "btree", "hash"])?.to_owned(),
            Sql::OperatorClass => self.pick(&["text_pattern_ops", "int4_ops", "int8_ops"])?.to_owned(),
            Sql::Parameters => "fillfactor = 70".to_owned(),
            Sql::TableOptions => match self.backend {
                Backend::Sqlite => "WITHOUT ROWID",
                Backend::Postgres => "WITH (fillfactor = 70)",
                Backend::Mysql => "ENGINE=InnoDB",
            }
            .to_owned(),
        })
    }

    fn of_class(&mut self, wanted: Class) -> Option<Own> {
        let all: Vec<Own> = self.own.iter().filter(|own| class(&own.data_type) == wanted).cloned().collect();
        self.pick(&all)
    }

    fn condition(&mut self) -> Option<String> {
        let all = self.own.clone();
        let own = self.pick(&all)?;
        let name = self.quote(&own.name);
        Some(match class(&own.data_type) {
            Class::Number => format!("{name} > 0"),
            Class::Text => format!("{name} <> 'it''s'"),
            Class::Other => format!("{name} IS NOT NULL"),
        })
    }

    /// An expression of the type that is spoken of, over the table's columns where it can be.
    fn expression(&mut self) -> Option<String> {
        let wanted = self.data_type.as_deref().map(class);
        if self.constant {
            return Some(match wanted {
                Some(Class::Number) => "1 + 1".to_owned(),
                Some(Class::Text) => "lower('X')".to_owned(),
                _ => "NULL".to_owned(),
            });
        }
        let wanted = match wanted {
            Some(class) => class,
            None => self.pick(&[Class::Number, Class::Text])?,
        };
        let own = self.of_class(wanted)?;
        let name = self.quote(&own.name);
        Some(match wanted {
            Class::Number => format!("{name} + 1"),
            Class::Text => format!("lower({name})"),
            Class::Other => name,
        })
    }

    fn query(&mut self) -> Option<String> {
        let tables: Vec<Table> = self.state.tables().into_iter().map(|table| Table::clone(table)).collect();
        let views: Vec<TableName> = self.state.views().iter().map(|view| view.name.clone()).collect();
        if self.chance(5)
            && let Some(view) = self.pick(&views)
        {
            return Some(format!("SELECT * FROM {}", self.quote_table(&view)));
        }
        let table = self.pick(&tables)?;
        let from = self.quote_table(&table.name);
        let columns: Vec<String> = table.columns.iter().map(|column| self.quote(&column.name)).collect();
        Some(match self.numbers.below(4) {
            0 => format!("SELECT * FROM {from}"),
            1 => format!("SELECT count(*) AS n FROM {from}"),
            2 => format!("SELECT {} FROM {from}", columns.join(", ")),
            _ => {
                let column = self.pick(&columns)?;
                format!("SELECT {column} FROM {from} WHERE {column} IS NOT NULL")
            }
        })
    }

    /// The statement that creates the function or trigger of the operation.
    fn definition(&mut self) -> Option<String> {
        let number = self.numbers.below(100);
        match self.verb.object {
            Shape::New(Thing::Function) | Shape::Existing(Thing::Function) => {
                let (name, arguments) = self.object.split_once('(')?;
                let arguments = if arguments.trim_end_matches(')').is_empty() { "" } else { "n integer" };
                Some(match self.backend {
                    Backend::Postgres => {
                        format!("CREATE FUNCTION {name}({arguments}) RETURNS integer LANGUAGE sql AS 'SELECT {number}'")
                    }
                    Backend::Sqlite | Backend::Mysql => {
                        format!("CREATE FUNCTION {name}({arguments}) RETURNS integer DETERMINISTIC RETURN {number}")
                    }
                })
            }
            _ => {
                let (name, table) = (self.quote(&self.object), self.quote_table(&self.table.clone()?));
                Some(match self.backend {
                    Backend::Sqlite => {
                        format!("CREATE TRIGGER {name} AFTER INSERT ON {table} BEGIN SELECT {number}; END")
                    }
                    Backend::Postgres => format!(
                        "CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
                    ),
                    Backend::Mysql => {
                        format!("CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW SET @n = {number}")
                    }
                })
            }
        }
    }

    /// A statement that changes the schema or rows, or one that says nothing of itself.
    fn statement(&mut self) -> Option<String> {
        let tables: Vec<Table> = self.state.tables().into_iter().map(|table| Table::clone(table)).collect();
        let Some(table) = self.pick(&tables) else { return Some("CREATE TABLE t (a integer)".to_owned()) };
        let name = self.quote_table(&table.name);
        let columns: Vec<String> = table.columns.iter().map(|column| self.quote(&column.name)).collect();
        let column = self.pick(&columns)?;
        // What may not exist, now or after another operation.
        let other = self.pick(&["t", "u", "v", "w", "Tab", "a b", "z"])?;
        let other = self.quote(other);
        Some(match self.numbers.below(18) {
            8 => format!("UPDATE {other} SET a = NULL WHERE a IS NULL"),
            9 => format!("INSERT INTO {other} SELECT * FROM {name}"),
            10 => format!("DELETE FROM {other} WHERE a IN (SELECT {column} FROM {name})"),
            11 => format!("SELECT count(*) FROM {other}"),
            12 => format!("DROP TABLE IF EXISTS {other}"),
            13 => format!("DROP VIEW IF EXISTS {other}"),
            14 => format!("ALTER TABLE {name} DROP CONSTRAINT IF EXISTS ok"),
            15 => format!("CREATE TABLE IF NOT EXISTS {other} (a integer)"),
            16 => "DROP INDEX IF EXISTS i".to_owned(),
            17 => match self.backend {
                Backend::Postgres => format!("DROP TRIGGER IF EXISTS trigger ON {other}"),
                Backend::Sqlite | Backend::Mysql => "DROP TRIGGER IF EXISTS `trigger`".to_owned(),
            },
            0 => format!("ALTER TABLE {name} ADD COLUMN z integer"),
            1 => format!("ALTER TABLE {name} RENAME COLUMN {column} TO z"),
            2 => format!("CREATE INDEX z_idx ON {name} ({column})"),
            3 => format!("UPDATE {name} SET {column} = NULL WHERE {column} IS NULL"),
            4 => format!("DELETE FROM {name}"),
            5 => format!("DROP TABLE {name}"),
            6 => format!("CREATE VIEW z_view AS SELECT {column} FROM {name}"),
            _ => "CREATE TABLE z (a integer PRIMARY KEY, b text)".to_owned(),
        })
    }
}
